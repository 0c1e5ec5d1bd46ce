//! The parameters: those that are documented are read, within their limits, and no other is.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tests::{
    answer::Answer,
    description::{Description, Operation},
    event::Event,
    world::{ANNA, World, sub},
};

use super::root;

/// Names of query parameters that are read and yet complain of nothing: the callback's `error` is an error whatever it
/// is, and what the callback adds to `/messages` is looked at only where a browser is without access.
const UNCOMPLAINING: [(&str, &str); 3] =
    [("GET /callback", "error"), ("GET /messages", "error"), ("GET /messages", "state")];

/// Everything that is there to be asked: Anna is connected, and her browser has begun another attempt.
struct Asked {
    world: World,
    state: String,
}

impl Asked {
    async fn new() -> Self {
        let world = World::start().await;
        world.connect(ANNA).await;
        let url = world.visitor.begin("").await;
        let state = url.split("&state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        Self { world, state }
    }

    /// The answer to a query, from whom the route serves.
    async fn answer(&self, operation: &Operation, query: &str) -> Answer {
        let (method, path) = operation.route.split_once(' ').unwrap();
        // The callback looks at nothing before it knows the attempt.
        let in_attempt = path == "/callback" && !query.starts_with("state=");
        let query = if in_attempt { format!("state={}&{query}", self.state) } else { query.to_owned() };
        let event = Event::new(method, &path.replace("{user_id}", &sub(ANNA))).query(&query);
        let event = event.cookies(self.world.visitor.jar().cookies()).header("accept", "application/json");
        let event = if operation.is_signed { event.iam() } else { event };
        self.world.instance.send(&event).await
    }

    /// What is said against a parameter of that value, if anything.
    async fn complaint(&self, operation: &Operation, name: &str, query: &str) -> Option<String> {
        let answer = self.answer(operation, query).await;
        let detail = answer.json().ok()?["detail"].as_str()?.to_owned();
        detail.starts_with(&format!("The parameter {name} ")).then_some(detail)
    }
}

fn query_parameters(operation: &Operation) -> impl Iterator<Item = (&str, &Value)> {
    let of_query = operation.parameters.iter().filter(|parameter| parameter["in"] == "query");
    of_query.map(|parameter| (parameter["name"].as_str().unwrap(), &parameter["schema"]))
}

/// Operations that take parameters in their queries are asked; those that answer without any have nothing to refuse.
fn readable() -> impl Iterator<Item = &'static Operation> {
    Description::get().operations().iter().filter(|operation| operation.route.starts_with("GET "))
}

/// The source files in a folder and below.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let in_entry = |path: PathBuf| if path.is_dir() { sources(&path) } else { vec![path] };
    entries.flat_map(in_entry).filter(|path| path.extension().is_some_and(|it| it == "rs")).collect()
}

/// Every text in the functions' sources that could be the name of a parameter: one that is read is among them.
fn vocabulary() -> BTreeSet<String> {
    let files = ["functions", "shared/src/http"].into_iter().flat_map(|folder| sources(&root().join(folder)));
    let is_name = |text: &&str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
    let mut words = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(file).unwrap();
        words.extend(text.split('"').filter(is_name).map(str::to_owned));
    }
    words
}

#[tokio::test]
async fn a_parameter_is_read_if_and_only_if_it_is_documented() {
    let asked = Asked::new().await;
    let words = vocabulary();
    for operation in readable() {
        let documented: BTreeSet<_> = query_parameters(operation).map(|(name, _)| name).collect();
        assert!(documented.iter().all(|name| words.contains(*name)), "{documented:?}");
        for name in &words {
            let is_read = asked.complaint(operation, name, &format!("{name}=%ff")).await.is_some();
            let is_uncomplaining = UNCOMPLAINING.contains(&(operation.route.as_str(), name));
            let expected = documented.contains(name.as_str()) && !is_uncomplaining;
            assert_eq!(is_read, expected, "{}: {name}", operation.route);
        }
    }
}

#[tokio::test]
async fn a_parameter_has_the_documented_length_and_is_repeated_as_often_as_documented() {
    let asked = Asked::new().await;
    let mut limits = 0;
    for operation in readable() {
        for (name, schema) in query_parameters(operation) {
            let item = schema.get("items").unwrap_or(schema);
            if let Some(length) = item["maxLength"].as_u64().map(|it| usize::try_from(it).unwrap()) {
                let of = |length| format!("{name}={}", "x".repeat(length));
                let too_long = format!("The parameter {name} is too long.");
                assert_eq!(asked.complaint(operation, name, &of(length + 1)).await.as_ref(), Some(&too_long));
                assert_ne!(asked.complaint(operation, name, &of(length)).await.as_ref(), Some(&too_long));
                limits += 1;
            }
            if let Some(count) = schema["maxItems"].as_u64().map(|it| usize::try_from(it).unwrap()) {
                let times = |count| vec![format!("{name}=x"); count].join("&");
                let too_often = format!("The parameter {name} is given too often.");
                assert_eq!(asked.complaint(operation, name, &times(count + 1)).await, Some(too_often));
                assert_eq!(asked.complaint(operation, name, &times(count)).await, None);
                limits += 1;
            } else if !UNCOMPLAINING.contains(&(operation.route.as_str(), name)) {
                let twice = asked.complaint(operation, name, &format!("{name}=1&{name}=1")).await;
                assert_eq!(
                    twice,
                    Some(format!("The parameter {name} is given more than once.")),
                    "{}",
                    operation.route
                );
            }
        }
    }
    assert!(limits > 15, "{limits}");
}

#[tokio::test]
async fn an_empty_parameter_counts_as_not_given() {
    let asked = Asked::new().await;
    for operation in readable() {
        for (name, schema) in query_parameters(operation).filter(|(_, schema)| schema["type"] != "array") {
            let parameter = operation.parameters.iter().find(|it| it["name"] == name && it["in"] == "query").unwrap();
            // A parameter that has to be there may not be empty either.
            let is_required = parameter["required"] == true;
            assert_eq!(parameter["allowEmptyValue"] != true, is_required, "{}: {name}, {schema}", operation.route);
            let complaint = asked.complaint(operation, name, &format!("{name}=")).await;
            assert!(complaint.is_none_or(|it| it.ends_with(" is missing.")), "{}: {name}", operation.route);
        }
    }
}

#[tokio::test]
async fn a_word_that_is_not_documented_is_refused_and_each_that_is_documented_is_taken() {
    let asked = Asked::new().await;
    let document = Description::get().document();
    for operation in readable() {
        for (name, schema) in query_parameters(operation) {
            let schema = schema["$ref"].as_str().map_or(schema, |it| document.pointer(&it[1..]).unwrap());
            let words: Vec<_> = match (schema["enum"].as_array(), schema["type"].as_str()) {
                (Some(words), _) => words.iter().map(|word| word.as_str().unwrap()).collect(),
                (None, Some("boolean")) => vec!["true", "false"],
                (None, Some("integer")) => vec!["1", "1000", "1001", "18446744073709551616"],
                _ => continue,
            };
            for word in words {
                let query = format!("{name}={}", word.replace(' ', "+"));
                assert_eq!(asked.complaint(operation, name, &query).await, None, "{query}");
            }
            for word in ["0", "-1", "1.5", "yes", "TRUE", "Active", "consent+consent", "IDS", "none"] {
                let query = format!("{name}={word}");
                assert!(asked.complaint(operation, name, &query).await.is_some(), "{query}");
            }
        }
    }
}
