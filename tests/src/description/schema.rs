//! The schemas of the description, compiled once each.

use std::{collections::HashMap, sync::Arc};

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

/// One schema of the description, ready to be held against values.
#[derive(Clone)]
pub struct Schema(Arc<Validator>);

impl Schema {
    /// Holds a value against the schema.
    ///
    /// # Errors
    /// If it does not fit: what is wrong with it.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let complaint = |error: jsonschema::ValidationError<'_>| format!("{error} at «{}»", error.instance_path());
        let complaints: Vec<_> = self.0.iter_errors(value).map(complaint).collect();
        if complaints.is_empty() { Ok(()) } else { Err(complaints.join("; ")) }
    }
}

/// Compiles the schemas of one document, each that is different once.
pub struct Schemas {
    components: Value,
    compiled: HashMap<String, Schema>,
}

impl Schemas {
    /// For the schemas of that document.
    pub fn new(document: &Value) -> Self {
        Self {
            components: json!({ "schemas": document.pointer("/components/schemas").cloned().unwrap_or_default() }),
            compiled: HashMap::new(),
        }
    }

    /// The compiled schema. Formats are held to, and references lead to the document's components.
    ///
    /// # Panics
    /// If it is no schema of JSON Schema 2020-12.
    pub fn compile(&mut self, schema: &Value) -> Schema {
        let text = schema.to_string();
        if let Some(compiled) = self.compiled.get(&text) {
            return compiled.clone();
        }
        let whole = json!({ "allOf": [schema], "components": self.components });
        let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
        let validator = options.build(&whole);
        let validator = validator.unwrap_or_else(|error| panic!("{text} is no schema: {error}"));
        let compiled = Schema(Arc::new(validator));
        self.compiled.insert(text, compiled.clone());
        compiled
    }
}

/// What a part of a document is, or refers to within the document.
pub(super) fn resolve<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
    let Some(reference) = part.get("$ref").and_then(Value::as_str) else { return part };
    let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
    resolve(document, target.unwrap_or_else(|| panic!("{reference} leads nowhere")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_held_against_a_schema_with_references_and_formats() {
        let document = json!({"components": {"schemas": {
            "Base": {"type": "object", "required": ["at"], "properties": {"at": {"type": "string", "format": "date-time"}}},
            "Closed": {"allOf": [{"$ref": "#/components/schemas/Base"}], "unevaluatedProperties": false,
                "properties": {"code": {"const": "x"}}},
        }}});
        let mut schemas = Schemas::new(&document);
        let schema = schemas.compile(&json!({"$ref": "#/components/schemas/Closed", "required": ["code"]}));
        for (value, fits) in [
            (json!({"at": "2026-11-22T07:30:25.111Z", "code": "x"}), true),
            (json!({"at": "yesterday", "code": "x"}), false),
            (json!({"at": "2026-11-22T07:30:25.111Z"}), false),
            (json!({"at": "2026-11-22T07:30:25.111Z", "code": "y"}), false),
            (json!({"at": "2026-11-22T07:30:25.111Z", "code": "x", "more": 1}), false),
        ] {
            assert_eq!(schema.check(&value).is_ok(), fits, "{value}");
        }
    }

    #[test]
    fn a_reference_is_followed_to_its_end() {
        let document = json!({"a": {"$ref": "#/b"}, "b": {"$ref": "#/c~1d"}, "c/d": 1});
        assert_eq!(resolve(&document, &document["a"]), &json!(1));
        assert_eq!(resolve(&document, &document["c/d"]), &json!(1));
    }
}
