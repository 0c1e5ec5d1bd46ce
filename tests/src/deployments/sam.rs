//! The SAM template, with its functions
//! ([intrinsic functions](https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html))
//! applied.

use std::{collections::BTreeMap, fs};

use serde_json::{Map, Value, json};

use super::{Choices, Policies, Routes, folder, is_signed};
use crate::yaml;

/// The template.
pub struct Template {
    resources: Map<String, Value>,
    conditions: Value,
    parameters: BTreeMap<String, Value>,
}

impl Template {
    /// Reads the template for somebody who chooses a bus, tracing, and that.
    pub fn read(choices: Choices) -> Self {
        let path = folder("sam/template.yaml");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let template = yaml::read(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let defaults = template["Parameters"].as_object().unwrap().iter();
        let mut parameters: BTreeMap<_, _> =
            defaults.map(|(name, parameter)| (name.clone(), parameter["Default"].clone())).collect();
        let mut choose = |name: &str, value: &str| {
            assert!(parameters.insert(name.to_owned(), value.into()).is_some(), "there is no parameter {name}");
        };
        choose("EventBusName", "bus");
        choose("Tracing", "true");
        if choices.has_key {
            choose("TokenKmsKeyArn", "key");
        }
        if choices.is_restored {
            choose("RestoredTableName", "table");
            choose("RestoredTableStreamArn", "stream");
        }
        let resources = template["Resources"].as_object().unwrap().clone();
        Self { resources, conditions: template["Conditions"].clone(), parameters }
    }

    /// The properties of all resources of a type, with what they are named in the template.
    fn of_type(&self, kind: &str) -> Vec<(&str, Value)> {
        let of_type = self.resources.iter().filter(|(_, resource)| resource["Type"] == kind);
        of_type.map(|(name, resource)| (name.as_str(), self.apply(&resource["Properties"]))).collect()
    }

    /// The statements of each function's role. It has one policy, which is written into it.
    pub fn policies(&self) -> Policies {
        let roles = self.of_type("AWS::IAM::Role");
        let functions = self.of_type("AWS::Serverless::Function");
        assert_eq!(roles.len(), functions.len(), "one role for each function");
        for kind in ["AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy"] {
            assert!(self.of_type(kind).is_empty(), "{kind}");
        }
        functions
            .into_iter()
            .map(|(_, function)| {
                let name = name_of(&function);
                assert_eq!(function["Policies"], Value::Null, "{name}");
                let role = roles.iter().find(|(role, _)| function["Role"] == format!("<{role}.Arn>")).unwrap();
                assert_eq!(role.1["ManagedPolicyArns"], Value::Null, "{name}");
                let policies = role.1["Policies"].as_array().unwrap();
                assert_eq!(policies.len(), 1, "{name}");
                (name, policies[0]["PolicyDocument"]["Statement"].as_array().unwrap().clone())
            })
            .collect()
    }

    /// The routes of the API.
    pub fn routes(&self) -> Routes {
        let (integrations, functions) =
            (self.of_type("AWS::ApiGatewayV2::Integration"), self.of_type("AWS::Serverless::Function"));
        let routes = self.of_type("AWS::ApiGatewayV2::Route");
        let read = routes.iter().map(|(name, route)| {
            let target = |it: &&(&str, Value)| route["Target"] == format!("integrations/<{}>", it.0);
            let (_, integration) = integrations.iter().find(target).unwrap_or_else(|| panic!("{name}: to nowhere"));
            assert_eq!(
                (&integration["IntegrationType"], &integration["PayloadFormatVersion"]),
                (&json!("AWS_PROXY"), &json!("2.0"))
            );
            let invoked = |it: &&(&str, Value)| integration["IntegrationUri"] == format!("<{}.Arn>", it.0);
            let (_, function) = functions.iter().find(invoked).unwrap_or_else(|| panic!("{name}: to no function"));
            let signed = is_signed(route["AuthorizationType"].as_str().unwrap());
            (route["RouteKey"].as_str().unwrap().to_owned(), name_of(function), signed)
        });
        let read: Routes = read.collect();
        assert_eq!(read.len(), routes.len(), "each route is there once");
        read
    }

    /// Whether a condition of the template holds.
    fn holds(&self, condition: &str) -> bool {
        self.is_true(self.conditions.get(condition).unwrap_or_else(|| panic!("there is no condition {condition}")))
    }

    fn is_true(&self, condition: &Value) -> bool {
        let (function, argument) = condition.as_object().unwrap().iter().next().unwrap();
        let mut parts = argument.as_array().into_iter().flatten();
        match function.as_str() {
            "Condition" => self.holds(argument.as_str().unwrap()),
            "Fn::And" => parts.all(|part| self.is_true(part)),
            "Fn::Equals" => self.chosen(&argument[0]) == self.chosen(&argument[1]),
            "Fn::Not" => !self.is_true(&argument[0]),
            "Fn::Or" => parts.any(|part| self.is_true(part)),
            other => panic!("{other} is not known here"),
        }
    }

    /// What a parameter is chosen to be, as text; a list is joined by commas. Anything else is what it is.
    fn chosen(&self, value: &Value) -> String {
        let parameter = value["Ref"].as_str().or_else(|| value["Fn::Join"][1]["Ref"].as_str());
        let value = parameter.map_or(value, |parameter| &self.parameters[parameter]);
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }

    fn apply(&self, value: &Value) -> Value {
        match value {
            Value::Array(values) => values.iter().map(|it| self.apply(it)).filter(|it| !it.is_null()).collect(),
            Value::Object(members) => self.apply_function(members).unwrap_or_else(|| {
                let members = members.iter().map(|(name, value)| (name.clone(), self.apply(value)));
                Value::Object(members.filter(|(_, value)| !value.is_null()).collect())
            }),
            other => other.clone(),
        }
    }

    /// What a function comes to; none if the object is none.
    fn apply_function(&self, members: &Map<String, Value>) -> Option<Value> {
        let (function, argument) = members.iter().next().filter(|_| members.len() == 1)?;
        let text = || argument.as_str().unwrap().to_owned();
        let parts = || argument.as_array().unwrap();
        match function.as_str() {
            "Ref" if argument == "AWS::NoValue" => Some(Value::Null),
            "Ref" => Some(format!("<{}>", text()).into()),
            "Fn::GetAtt" => Some(format!("<{}.{}>", parts()[0].as_str()?, parts()[1].as_str()?).into()),
            "Fn::If" => {
                let branch = if self.holds(parts()[0].as_str()?) { 1 } else { 2 };
                Some(self.apply(&parts()[branch]))
            }
            "Fn::Sub" if argument.is_string() => Some(self.substitute(&text(), &Value::Null)),
            "Fn::Sub" => Some(self.substitute(parts()[0].as_str()?, &parts()[1])),
            _ => None,
        }
    }

    fn substitute(&self, text: &str, variables: &Value) -> Value {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, (name, after))) =
            rest.split_once("${").and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        {
            let given = variables.get(name).map(|value| self.apply(value).as_str().unwrap().to_owned());
            result.push_str(before);
            result.push_str(&given.unwrap_or_else(|| format!("<{name}>")));
            rest = after;
        }
        result.push_str(rest);
        result.into()
    }
}

/// The function's name, without the stack's.
fn name_of(function: &Value) -> String {
    function["FunctionName"].as_str().unwrap().strip_prefix("<AWS::StackName>-").unwrap().to_owned()
}
