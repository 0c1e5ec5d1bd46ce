//! The SAM template, with its functions
//! ([intrinsic functions](https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html))
//! applied.

use std::fs;

use serde_json::{Map, Value};

use super::{Choices, Policies, folder, yaml};

/// The template.
pub struct Template {
    resources: Map<String, Value>,
    choices: Choices,
}

impl Template {
    /// Reads the template for somebody who chooses a bus, tracing, and that.
    pub fn read(choices: Choices) -> Self {
        let path = folder("sam/template.yaml");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let template = yaml::read(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let resources = template["Resources"].as_object().unwrap().clone();
        Self { resources, choices }
    }

    /// The properties of all resources of a type, with what they are named in the template.
    pub fn of_type(&self, kind: &str) -> Vec<(&str, Value)> {
        let of_type = self.resources.iter().filter(|(_, resource)| resource["Type"] == kind);
        of_type.map(|(name, resource)| (name.as_str(), self.apply(&resource["Properties"]))).collect()
    }

    /// The statements of each function's role. It has one policy, which is written into it.
    pub fn policies(&self) -> Policies {
        let roles = self.of_type("AWS::IAM::Role");
        let functions = self.of_type("AWS::Serverless::Function");
        assert_eq!(roles.len(), functions.len(), "one role for each function");
        functions.into_iter().map(|(_, function)| {
            let name = function["FunctionName"].as_str().unwrap().strip_prefix("<AWS::StackName>-").unwrap();
            assert_eq!(function["Policies"], Value::Null, "{name}");
            let role = roles.iter().find(|(role, _)| function["Role"] == format!("<{role}.Arn>")).unwrap();
            assert_eq!(role.1["ManagedPolicyArns"], Value::Null, "{name}");
            let policies = role.1["Policies"].as_array().unwrap();
            assert_eq!(policies.len(), 1, "{name}");
            (name.to_owned(), policies[0]["PolicyDocument"]["Statement"].as_array().unwrap().clone())
        }).collect()
    }

    /// Whether a condition of the template holds.
    fn holds(&self, condition: &str) -> bool {
        match condition {
            "HasBus" | "IsTraced" => true,
            "IsRestored" => self.choices.is_restored,
            "MakesKey" => !self.choices.has_key,
            other => panic!("whether {other} holds is not known here"),
        }
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
