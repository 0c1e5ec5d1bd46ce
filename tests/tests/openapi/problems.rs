//! The problems: one schema for each row of the table, and each where its status is.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::http::problem::Kind;
use tests::description::Description;

/// Status, code and title of every schema of a problem.
fn documented() -> Vec<(u64, String, String)> {
    let schemas = Description::get().document()["components"]["schemas"].as_object().unwrap();
    let is_problem = |schema: &&Value| schema["allOf"][0]["$ref"] == "#/components/schemas/Problem";
    let row = |schema: &Value| {
        let word = |name: &str| schema["properties"][name]["const"].as_str().unwrap().to_owned();
        assert_eq!(word("type"), format!("urn:gmail-connect:problem:{}", word("code")));
        assert_eq!(schema["unevaluatedProperties"], false, "{schema}");
        (schema["properties"]["status"]["const"].as_u64().unwrap(), word("code"), word("title"))
    };
    schemas.values().filter(is_problem).map(row).collect()
}

#[test]
fn every_problem_of_the_table_is_documented_and_no_other() {
    let mut table: Vec<_> = Kind::ALL
        .iter()
        .map(|kind| (u64::from(kind.row().status), kind.row().code.to_owned(), kind.row().title.to_owned()))
        .collect();
    table.sort();
    let mut documented = documented();
    documented.sort();
    assert_eq!(documented, table);
}

/// The names of the schemas that a schema refers to.
fn referred<'a>(schema: &'a Value, names: &mut Vec<&'a str>) {
    match schema {
        Value::Object(members) => members.values().for_each(|value| referred(value, names)),
        Value::Array(items) => items.iter().for_each(|item| referred(item, names)),
        Value::String(text) => names.extend(text.strip_prefix("#/components/schemas/")),
        _ => {}
    }
}

#[test]
fn every_problem_is_documented_at_its_own_status_and_every_one_somewhere() {
    let document = Description::get().document();
    let mut seen = BTreeSet::new();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    for responses in
        operations.filter_map(|operation| operation.get("responses")).chain([&document["x-default"]["responses"]])
    {
        for (status, response) in responses.as_object().unwrap() {
            let response = match response["$ref"].as_str() {
                Some(reference) => document.pointer(&reference[1..]).unwrap(),
                None => response,
            };
            let mut names = Vec::new();
            referred(&response["content"]["application/problem+json"]["schema"], &mut names);
            for name in names {
                let schema = &document["components"]["schemas"][name];
                assert_eq!(schema["properties"]["status"]["const"].to_string(), *status, "{name}");
                seen.insert(name);
            }
        }
    }
    assert_eq!(seen.len(), Kind::ALL.len(), "{seen:?}");
}
