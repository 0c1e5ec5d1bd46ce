//! The SAM template, `infra/sam/template.yaml`.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::description::yaml;

use super::{Served, documented, is_signed, text};

/// A template.
struct Template(Value);

impl Template {
    fn read() -> Self {
        Self(yaml::read(&text("infra/sam/template.yaml")).unwrap())
    }

    fn resources(&self, kind: &str) -> impl Iterator<Item = (&String, &Value)> {
        let resources = self.0["Resources"].as_object().unwrap().iter();
        resources.filter(move |(_, it)| it["Type"] == kind).map(|(name, it)| (name, &it["Properties"]))
    }

    /// The one resource of a kind that a value refers to, by `Ref`, `Fn::GetAtt` or `Fn::Sub`.
    fn referred(&self, value: &Value, kinds: &[&str]) -> &Value {
        let names = references(value);
        let resources = names.iter().filter_map(|name| self.0["Resources"].get(name));
        let found: Vec<_> = resources.filter(|it| kinds.iter().any(|kind| it["Type"] == *kind)).collect();
        assert_eq!(found.len(), 1, "{value} refers to {names:?}, not to one of {kinds:?}");
        &found[0]["Properties"]
    }

    fn served(&self) -> BTreeSet<Served> {
        let served = |(name, route): (&String, &Value)| {
            let integration = self.referred(&route["Target"], &["AWS::ApiGatewayV2::Integration"]);
            assert_eq!(integration["IntegrationType"], "AWS_PROXY", "{name}");
            assert_eq!(integration["PayloadFormatVersion"], "2.0", "{name}");
            let kinds = ["AWS::Serverless::Function", "AWS::Lambda::Function"];
            let function = self.referred(&integration["IntegrationUri"], &kinds);
            let function = function["FunctionName"]["Fn::Sub"].as_str().unwrap();
            let function = function.strip_prefix("${AWS::StackName}-").unwrap().to_owned();
            let authorization = route["AuthorizationType"].as_str().unwrap();
            (route["RouteKey"].as_str().unwrap().to_owned(), function, is_signed(authorization))
        };
        self.resources("AWS::ApiGatewayV2::Route").map(served).collect()
    }
}

/// The logical names in a value.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, argument)| match (name.as_str(), argument) {
                ("Ref", Value::String(name)) => vec![name.clone()],
                ("Fn::GetAtt", Value::Array(path)) => vec![path[0].as_str().unwrap().to_owned()],
                ("Fn::Sub", Value::String(text)) => placeholders(text),
                ("Fn::Sub", Value::Array(parts)) => {
                    [placeholders(parts[0].as_str().unwrap()), references(&parts[1])].concat()
                }
                _ => references(argument),
            })
            .collect(),
        _ => vec![],
    }
}

/// `${Name}` and `${Name.Attribute}` of a text.
fn placeholders(text: &str) -> Vec<String> {
    let rest = text.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
    rest.map(|(name, _)| name.split('.').next().unwrap().to_owned()).collect()
}

#[test]
fn the_sam_template_has_the_documented_routes_functions_and_authorizers() {
    let template = Template::read();
    assert_eq!(template.served(), documented());
    assert_eq!(template.resources("AWS::ApiGatewayV2::Route").count(), documented().len());
}

#[test]
fn a_template_is_read_through_its_references() {
    let template = Template(
        yaml::read(
            "Resources:
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {RouteKey: GET /a, AuthorizationType: AWS_IAM, Target: !Join [/, [integrations, !Ref Integration]]}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      IntegrationType: AWS_PROXY
      PayloadFormatVersion: '2.0'
      IntegrationUri: !Sub arn:${AWS::Partition}:x:path/${Function.Arn}/invocations
  Function:
    Type: AWS::Serverless::Function
    Properties: {FunctionName: !Sub '${AWS::StackName}-a'}",
        )
        .unwrap(),
    );
    assert_eq!(template.served(), BTreeSet::from([("GET /a".to_owned(), "a".to_owned(), true)]));
}
