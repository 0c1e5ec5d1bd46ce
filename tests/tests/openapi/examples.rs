//! The examples of the description.

use serde_json::{Map, Value};
use tests::description::{Description, Schemas};

/// What is wrong with the examples of a part of the document and of everything in it.
fn complaints(part: &Value, at: &str, schemas: &mut Schemas, found: &mut Vec<String>) {
    match part {
        Value::Object(members) => {
            if at.ends_with("/properties") || at.ends_with("/examples") {
                // Names and values of others.
            } else if let Some(schema) = members.get("schema") {
                check_described(members, schema, at, schemas, found);
            } else {
                check_schema(part, members, at, schemas, found);
            }
            for (name, value) in members.iter().filter(|(name, _)| *name != "example") {
                complaints(value, &format!("{at}/{name}"), schemas, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                complaints(item, &format!("{at}/{index}"), schemas, found);
            }
        }
        _ => {}
    }
}

/// A parameter, a header or a media type has a schema, and an example or several that fit it.
fn check_described(
    part: &Map<String, Value>,
    schema: &Value,
    at: &str,
    schemas: &mut Schemas,
    found: &mut Vec<String>,
) {
    let named = part.get("examples").and_then(Value::as_object).into_iter().flatten();
    let examples: Vec<_> = part.get("example").into_iter().chain(named.map(|(_, example)| value_of(example))).collect();
    if examples.is_empty() {
        found.push(format!("{at} has no example"));
    }
    let schema = schemas.compile(schema);
    let wrong = examples.iter().filter_map(|example| schema.check(example).err());
    found.extend(wrong.map(|error| format!("{at}: {error}")));
}

/// The value of an example, which may be among the components.
fn value_of(example: &Value) -> &Value {
    let document = Description::get().document();
    let target = example["$ref"].as_str().map(|reference| document.pointer(reference.strip_prefix('#').unwrap()));
    target.map_or(example, |target| target.unwrap()).get("value").unwrap()
}

/// A schema may have examples of its own.
fn check_schema(part: &Value, members: &Map<String, Value>, at: &str, schemas: &mut Schemas, found: &mut Vec<String>) {
    for example in members.get("examples").and_then(Value::as_array).into_iter().flatten() {
        found.extend(schemas.compile(part).check(example).err().map(|error| format!("{at}: {error}")));
    }
}

#[test]
fn every_parameter_header_and_body_has_an_example_and_every_example_fits() {
    let document = Description::get().document();
    let mut found = Vec::new();
    complaints(document, "", &mut Schemas::new(document), &mut found);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_component_is_used() {
    let text = Description::get().document().to_string();
    for group in ["examples", "headers", "parameters", "responses", "schemas"] {
        for name in Description::get().document()["components"][group].as_object().unwrap().keys() {
            assert!(text.contains(&format!("\"#/components/{group}/{name}\"")), "{group}/{name} is used nowhere");
        }
    }
}

#[test]
fn every_operation_says_who_may_call_and_has_a_name_of_its_own() {
    let mut names = Vec::new();
    for operation in Description::get().operations() {
        let (method, path) = operation.route.split_once(' ').unwrap();
        let part = &Description::get().document()["paths"][path][method.to_lowercase()];
        names.push(part["operationId"].as_str().unwrap());
        let known = serde_json::json!([[], [{ "iam": [] }], [{ "session": [] }]]);
        assert!(known.as_array().unwrap().contains(&part["security"]), "{}", operation.route);
        assert!(["summary", "description", "tags"].iter().all(|name| !part[*name].is_null()), "{}", operation.route);
    }
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}
