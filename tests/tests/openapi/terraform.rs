//! The Terraform module, `infra/terraform`.

use std::{collections::BTreeSet, fs, path::PathBuf};

use hcl::{
    Block, Body, Map, Value,
    eval::{Context, Evaluate},
    value,
};

use super::{Served, documented, function_folders, is_signed, root};

/// What the stack is called here.
const NAME: &str = "deployed";

/// The module: its files' blocks.
struct Module(Vec<Block>);

impl Module {
    fn read() -> Self {
        let folder = "infra/terraform";
        let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
        let paths = entries.map(|entry| entry.unwrap().path());
        let is_of_module = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "tf");
        Self::of(paths.filter(is_of_module).map(|path| fs::read_to_string(path).unwrap()))
    }

    fn of(files: impl IntoIterator<Item = String>) -> Self {
        Self(files.into_iter().flat_map(|file| hcl::parse(&file).unwrap().into_blocks()).collect())
    }

    /// The one resource of a type: its name and its body.
    fn resource(&self, kind: &str) -> (&str, &Body) {
        let labels = |block: &Block| block.labels().iter().map(|it| it.as_str().to_owned()).collect::<Vec<_>>();
        let is_it =
            |block: &&Block| block.identifier() == "resource" && labels(block).first().is_some_and(|it| it == kind);
        let found: Vec<_> = self.0.iter().filter(is_it).collect();
        assert_eq!(found.len(), 1, "there is one resource of the type {kind}");
        (found[0].labels()[1].as_str(), found[0].body())
    }

    /// The locals that are values by themselves.
    fn locals(&self) -> Value {
        let blocks = self.0.iter().filter(|block| block.identifier() == "locals");
        let attributes = blocks.flat_map(|block| block.body().attributes());
        let known = |it: &hcl::Attribute| Some((it.key().to_owned(), it.expr().evaluate(&Context::new()).ok()?));
        Value::Object(attributes.filter_map(known).collect())
    }

    /// What another resource refers to by `kind.name[function].attribute`, for each function.
    fn of_each_function(&self, kind: &str, attribute: &str, told: &str, refers_to: &Value) -> Value {
        let (name, body) = self.resource(kind);
        let each = |function: String| {
            let context = context([("each", value!({ "key" = (function.clone()) })), ("refers_to", refers_to.clone())]);
            (function, value!({ (told) = (attribute_of(body, attribute, &context)) }))
        };
        let functions: Map<String, Value> = function_folders().into_iter().map(each).collect();
        value!({ (kind) = { (name) = (Value::Object(functions)) } })
    }

    fn served(&self) -> BTreeSet<Served> {
        let functions = self.of_each_function("aws_lambda_function", "function_name", "invoke_arn", &value!({}));
        let integrations = self.of_each_function("aws_apigatewayv2_integration", "integration_uri", "id", &functions);
        let (_, body) = self.resource("aws_apigatewayv2_integration");
        assert_eq!(attribute_of(body, "integration_type", &context([])), value!("AWS_PROXY"));
        assert_eq!(attribute_of(body, "payload_format_version", &context([])), value!("2.0"));
        let (_, body) = self.resource("aws_apigatewayv2_route");
        let routes = attribute_of(body, "for_each", &context([("local", self.locals())]));
        let served = |(key, route): (&String, &Value)| {
            let each = value!({ "key" = (key.clone()), "value" = (route.clone()) });
            let context = context([("each", each), ("refers_to", integrations.clone())]);
            let attribute = |name| attribute_of(body, name, &context).as_str().unwrap().to_owned();
            let function = attribute("target");
            let function = function.strip_prefix(&format!("integrations/{NAME}-")).unwrap().to_owned();
            (attribute("route_key"), function, is_signed(&attribute("authorization_type")))
        };
        routes.as_object().unwrap().iter().map(served).collect()
    }
}

/// A context with the module's name and these; the members of `refers_to` are known by their own names.
fn context<const N: usize>(variables: [(&str, Value); N]) -> Context<'static> {
    let mut context = Context::new();
    context.declare_var("var", value!({ "name" = NAME }));
    for (name, variable) in variables {
        match (name, variable) {
            ("refers_to", Value::Object(members)) => {
                members.into_iter().for_each(|(name, value)| context.declare_var(name, value));
            }
            (name, variable) => context.declare_var(name, variable),
        }
    }
    context
}

fn attribute_of(body: &Body, name: &str, context: &Context<'_>) -> Value {
    let attribute = body.attributes().find(|attribute| attribute.key() == name);
    let attribute = attribute.unwrap_or_else(|| panic!("there is no {name}"));
    attribute.expr().evaluate(context).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_terraform_module_has_the_documented_routes_functions_and_authorizers() {
    assert_eq!(Module::read().served(), documented());
}

#[test]
fn a_module_is_read_through_its_references() {
    let module = r#"
locals {
  unknown = var.x == "" ? data.y.z : 1
  routes  = {
    "GET /a"           = { function = "callback", authorizer = "NONE" }
    "GET /b/{user_id}" = { function = "connection", authorizer = "AWS_IAM" }
  }
}
resource "aws_lambda_function" "f" {
  for_each      = local.functions
  function_name = "${var.name}-${each.key}"
}
resource "aws_apigatewayv2_integration" "i" {
  integration_type       = "AWS_PROXY"
  payload_format_version = "2.0"
  integration_uri        = aws_lambda_function.f[each.key].invoke_arn
}
resource "aws_apigatewayv2_route" "r" {
  for_each           = local.routes
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.i[each.value.function].id}"
  authorization_type = each.value.authorizer
}"#;
    let route = |key: &str, function: &str, signed| (key.to_owned(), function.to_owned(), signed);
    let expected = [route("GET /a", "callback", false), route("GET /b/{user_id}", "connection", true)];
    assert_eq!(Module::of([module.to_owned()]).served(), BTreeSet::from(expected));
}
