//! The Terraform module, with its expressions evaluated as far as they can be before anything is made.

use std::{collections::BTreeMap, fs};

use hcl::{
    Block, Body, Expression, Map, Value,
    eval::{Context, Evaluate, FuncDef, ParamType},
};
use local::aws::permissions::ROLES;

use super::{Choices, Policies, Routes, folder, is_signed};

/// The attributes that only AWS will know.
const ATTRIBUTES: [&str; 8] = ["account_id", "arn", "id", "invoke_arn", "key_id", "name", "partition", "stream_arn"];

/// The module.
pub struct Module {
    blocks: Vec<Block>,
    locals: Map<String, Value>,
    variables: Map<String, Value>,
}

impl Module {
    /// Reads the module for somebody who chooses a bus, tracing, and that.
    pub fn read(choices: Choices) -> Self {
        let files = fs::read_dir(folder("terraform")).unwrap_or_else(|error| panic!("infra/terraform: {error}"));
        let paths = files.map(|file| file.unwrap().path());
        let paths = paths.filter(|path| path.extension().is_some_and(|extension| extension == "tf"));
        let bodies = paths.map(|path| hcl::parse(&fs::read_to_string(&path).unwrap()).unwrap());
        let blocks: Vec<Block> = bodies.flat_map(Body::into_blocks).collect();
        let mut module = Self { blocks, locals: Map::new(), variables: Map::new() };
        module.variables = module.defaults(choices);
        module.evaluate_locals();
        module
    }

    /// The resources of a type: names and bodies.
    fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Body)> {
        self.labelled("resource").filter(move |(of_kind, _, _)| *of_kind == kind).map(|(_, name, body)| (name, body))
    }

    /// A local value.
    fn local(&self, name: &str) -> Option<&Value> {
        self.locals.get(name)
    }

    /// The statements of each function's role. It has one policy, which is written into it.
    pub fn policies(&self) -> Policies {
        for kind in ["aws_iam_role_policy_attachment", "aws_iam_policy_attachment", "aws_iam_policy"] {
            assert_eq!(self.of_type(kind).count(), 0, "{kind}");
        }
        let role = self.only("aws_iam_role", "function");
        let more = ["inline_policy", "managed_policy_arns"];
        assert!(role.iter().all(|it| !more.contains(
            &it.as_attribute().map_or_else(|| it.as_block().map_or("", |it| it.identifier()), |it| it.key())
        )));
        let body = self.only("aws_iam_role_policy", "function");
        assert_eq!(attribute(body, "for_each").to_string(), "local.functions");
        assert_eq!(attribute(body, "role").to_string(), "aws_iam_role.function[each.key].id");
        let functions = self.local("functions").and_then(Value::as_object).unwrap();
        let policy = |function: &String| {
            let policy = attribute(body, "policy").evaluate(&self.each(function, Value::Null)).unwrap();
            let statements = serde_json::to_value(policy).unwrap()["Statement"].as_array().unwrap().clone();
            (function.clone(), statements)
        };
        functions.keys().map(policy).collect()
    }

    /// The routes of the API.
    pub fn routes(&self) -> Routes {
        let (route, integration) =
            (self.only("aws_apigatewayv2_route", "route"), self.only("aws_apigatewayv2_integration", "function"));
        let evaluated =
            |body: &Body, name: &str, context: &Context<'_>| text(&attribute(body, name).evaluate(context).unwrap());
        assert_eq!(attribute(route, "for_each").to_string(), "local.routes");
        let routes = self.local("routes").and_then(Value::as_object).unwrap();
        let read = routes.iter().map(|(key, value)| {
            let function = value.as_object().unwrap()["function"].as_str().unwrap();
            let (each, each_function) = (self.each(key, value.clone()), self.each(function, Value::Null));
            let target = format!("integrations/<aws_apigatewayv2_integration.function.{function}.id>");
            assert_eq!(
                (evaluated(route, "route_key", &each), evaluated(route, "target", &each)),
                (key.clone(), target)
            );
            let invoked = format!("<aws_lambda_function.function.{function}.invoke_arn>");
            assert_eq!(evaluated(integration, "integration_uri", &each_function), invoked);
            let lambda = self.only("aws_lambda_function", "function");
            assert!(evaluated(lambda, "function_name", &each_function).ends_with(&format!("-{function}")));
            (key.clone(), function.to_owned(), is_signed(&evaluated(route, "authorization_type", &each)))
        });
        let form = |name| evaluated(integration, name, &Context::new());
        assert_eq!(
            (form("integration_type"), form("payload_format_version")),
            ("AWS_PROXY".to_owned(), "2.0".to_owned())
        );
        read.collect()
    }

    /// The one resource of a type, which has that name.
    fn only<'a>(&'a self, kind: &'a str, name: &str) -> &'a Body {
        let [(found, body)] = self.of_type(kind).collect::<Vec<_>>()[..] else {
            panic!("there is not one resource of the type {kind}")
        };
        assert_eq!(found, name, "{kind}");
        body
    }

    /// A context in which a resource is made for that key and value.
    fn each(&self, key: &str, value: Value) -> Context<'static> {
        let mut context = self.context();
        context.declare_var("each", Value::from_iter([("key", key.into()), ("value", value)]));
        context
    }

    fn labelled<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a str, &'a Body)> {
        let blocks = self.blocks.iter().filter(move |block| block.identifier.as_str() == kind);
        blocks.filter_map(|block| match &block.labels[..] {
            [kind, name] => Some((kind.as_str(), name.as_str(), &block.body)),
            _ => None,
        })
    }

    /// The variables with their defaults and what is chosen.
    fn defaults(&self, choices: Choices) -> Map<String, Value> {
        let blocks = self.blocks.iter().filter(|block| block.identifier.as_str() == "variable");
        let defaults = blocks.map(|block| {
            let default = block.body.attributes().find(|it| it.key() == "default");
            let value = default.and_then(|it| it.expr().evaluate(&Context::new()).ok());
            (block.labels[0].as_str().to_owned(), value.unwrap_or_default())
        });
        let mut variables: Map<String, Value> = defaults.collect();
        let mut choose = |name: &str, value: Value| {
            assert!(variables.insert(name.to_owned(), value).is_some(), "there is no variable {name}");
        };
        choose("tracing", true.into());
        choose("event_bus_name", "<var.event_bus_name>".into());
        if choices.has_key {
            choose("token_kms_key_arn", "<var.token_kms_key_arn>".into());
        }
        if choices.is_restored {
            choose("restored_table_name", "<var.restored_table_name>".into());
            choose("restored_table_stream_arn", "<var.restored_table_stream_arn>".into());
        }
        variables
    }

    /// Evaluates the locals that can be, each as soon as those that it refers to are.
    fn evaluate_locals(&mut self) {
        let blocks = self.blocks.iter().filter(|block| block.identifier.as_str() == "locals");
        let mut open: BTreeMap<String, Expression> = blocks
            .flat_map(|block| block.body.attributes())
            .map(|attribute| (attribute.key().to_owned(), attribute.expr().clone()))
            .collect();
        loop {
            let context = self.context();
            let done: Vec<(String, Value)> =
                open.iter().filter_map(|(name, it)| Some((name.clone(), it.evaluate(&context).ok()?))).collect();
            if done.is_empty() {
                return;
            }
            for (name, value) in done {
                open.remove(&name);
                self.locals.insert(name, value);
            }
        }
    }

    fn context(&self) -> Context<'static> {
        let mut context = Context::new();
        context.declare_var("var", self.variables.clone());
        context.declare_var("local", self.locals.clone());
        context.declare_var("data", Value::Object(self.unknown("data", "data.")));
        for (kind, resources) in self.unknown("resource", "") {
            context.declare_var(hcl::Identifier::unchecked(kind), resources);
        }
        declare_functions(&mut context);
        context
    }

    /// What AWS will know of each resource.
    fn unknown(&self, block: &str, prefix: &str) -> Map<String, Value> {
        let mut kinds: Map<String, Value> = Map::new();
        for (kind, name, body) in self.labelled(block) {
            let path = format!("{prefix}{kind}.{name}");
            let has = |key: &str| body.attributes().any(|attribute| attribute.key() == key);
            let resource = if has("for_each") {
                Value::from_iter(ROLES.map(|role| (role.function, attributes(&format!("{path}.{}", role.function)))))
            } else if has("count") {
                vec![attributes(&path)].into()
            } else {
                attributes(&path)
            };
            let of_kind = kinds.entry(kind.to_owned()).or_insert_with(|| Value::Object(Map::new()));
            of_kind.as_object_mut().unwrap().insert(name.to_owned(), resource);
        }
        kinds
    }
}

fn attributes(path: &str) -> Value {
    Value::from_iter(ATTRIBUTES.map(|name| (name, format!("<{path}.{name}>"))))
}

fn attribute<'a>(body: &'a Body, name: &str) -> &'a Expression {
    body.attributes().find(|attribute| attribute.key() == name).unwrap().expr()
}

fn declare_functions(context: &mut Context<'_>) {
    let unary = |function: hcl::eval::Func| FuncDef::builder().param(ParamType::Any).build(function);
    let variadic = |function: hcl::eval::Func| FuncDef::builder().variadic_param(ParamType::Any).build(function);
    context.declare_func("jsonencode", unary(|arguments| Ok(arguments[0].clone())));
    context.declare_func("tostring", unary(|arguments| Ok(text(&arguments[0]).into())));
    context.declare_func("toset", unary(|arguments| Ok(arguments[0].clone())));
    context.declare_func("keys", unary(|arguments| keys(&arguments)));
    context.declare_func("length", unary(|arguments| length(&arguments)));
    context.declare_func("concat", variadic(|arguments| concat(&arguments)));
    context.declare_func("merge", variadic(|arguments| merge(&arguments)));
    context.declare_func("join", variadic(|arguments| Ok(joined(&arguments).into())));
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn keys(arguments: &[Value]) -> Result<Value, String> {
    let object = arguments[0].as_object().ok_or("keys of no object")?;
    Ok(object.keys().cloned().collect())
}

fn length(arguments: &[Value]) -> Result<Value, String> {
    let value = &arguments[0];
    let length = value.as_array().map(Vec::len).or_else(|| value.as_object().map(Map::len));
    Ok(length.ok_or("length of neither list nor object")?.into())
}

fn concat(arguments: &[Value]) -> Result<Value, String> {
    let lists = arguments.iter().map(|list| list.as_array().cloned().ok_or("concat of no list"));
    Ok(Value::Array(lists.collect::<Result<Vec<_>, _>>()?.concat()))
}

fn merge(arguments: &[Value]) -> Result<Value, String> {
    let objects = arguments.iter().map(|object| object.as_object().cloned().ok_or("merge of no object"));
    Ok(Value::Object(objects.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect()))
}

fn joined(arguments: &[Value]) -> String {
    let (separator, items) = (text(&arguments[0]), arguments[1].as_array());
    items.into_iter().flatten().map(text).collect::<Vec<_>>().join(&separator)
}
