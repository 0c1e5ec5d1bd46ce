//! Log events as JSON objects, one a line.

use std::{
    fmt,
    io::{self, Write},
};

use serde_json::{Map, Value};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::layer::{Context, Layer};

use crate::domain::time::{Clock, SystemClock};

/// The crates of this project.
const OWN: [&str; 8] = [
    "authorize_url",
    "callback",
    "connection",
    "connection_events",
    "list_messages",
    "local",
    "security_events",
    "shared",
];

/// Writes each event to standard output.
pub(super) struct JsonLines {
    own: LevelFilter,
}

impl JsonLines {
    pub(super) fn new(level: Option<&str>) -> Self {
        let own = level.and_then(|level| level.trim().parse().ok()).unwrap_or(LevelFilter::INFO);
        Self { own }
    }

    fn allows(&self, metadata: &Metadata<'_>) -> bool {
        let krate = metadata.target().split("::").next().unwrap_or_default();
        let limit = if OWN.contains(&krate) { self.own } else { self.own.min(LevelFilter::WARN) };
        *metadata.level() <= limit
    }
}

impl<S: Subscriber> Layer<S> for JsonLines {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.is_event() && self.allows(metadata)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = line(event, &SystemClock.now().to_string());
        line.push('\n');
        // Where the log cannot be written, there is nowhere to say so.
        let _ = io::stdout().lock().write_all(line.as_bytes());
    }
}

fn line(event: &Event<'_>, timestamp: &str) -> String {
    let mut fields = Fields(Map::new());
    fields.0.insert("timestamp".into(), timestamp.into());
    fields.0.insert("level".into(), name(*event.metadata().level()).into());
    let (function, request_id) = super::speaker();
    fields.0.extend(function.map(|function| ("function".into(), function.into())));
    fields.0.extend(request_id.map(|request_id| ("request_id".into(), request_id.into())));
    event.record(&mut fields);
    Value::Object(fields.0).to_string()
}

fn name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// The fields of an event.
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let is_json = matches!(field.name(), "metrics" | "upstream");
        match is_json.then(|| serde_json::from_str(value).ok()).flatten() {
            // CloudWatch looks for metrics at the top of a line only.
            Some(Value::Object(members)) if field.name() == "metrics" => self.0.extend(members),
            Some(parsed) => self.put(field, parsed),
            None => self.put(field, value),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }
}
