//! Partial responses: `fields=messages(id,payload/headers),nextPageToken`.
//!
//! <https://developers.google.com/workspace/gmail/api/guides/performance#partial>

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Which fields are wanted of a value; none named means all.
#[derive(Debug, Default)]
pub(super) struct Selection(BTreeMap<String, Selection>);

const NESTED: usize = 16;

/// All field names of Gmail's messages.
const KNOWN: [&str; 22] = [
    "messages",
    "nextPageToken",
    "resultSizeEstimate",
    "id",
    "threadId",
    "labelIds",
    "snippet",
    "historyId",
    "internalDate",
    "payload",
    "sizeEstimate",
    "raw",
    "partId",
    "mimeType",
    "filename",
    "headers",
    "name",
    "value",
    "body",
    "attachmentId",
    "size",
    "data",
];

impl Selection {
    /// Reads a selection; the error is the part that is none.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { rest: text };
        let selection = parser.list(NESTED)?;
        if parser.rest.is_empty() { Ok(selection) } else { Err(parser.rest.to_owned()) }
    }

    /// What is left of a value.
    pub(super) fn apply(&self, value: Value) -> Value {
        match value {
            _ if self.0.is_empty() => value,
            Value::Array(items) => items.into_iter().map(|item| self.apply(item)).collect(),
            Value::Object(fields) => Value::Object(self.apply_to_fields(fields)),
            other => other,
        }
    }

    fn apply_to_fields(&self, fields: Map<String, Value>) -> Map<String, Value> {
        let wanted = |name: &str| self.0.get(name).or_else(|| self.0.get("*"));
        let kept = fields.into_iter().filter_map(|(name, value)| {
            let selection = wanted(&name)?;
            Some((name, selection.apply(value)))
        });
        kept.collect()
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn list(&mut self, depth: usize) -> Result<Selection, String> {
        let mut selection = Selection::default();
        loop {
            let (name, inner) = self.field(depth)?;
            selection.0.entry(name).or_default().0.extend(inner.0);
            if !self.take(',') {
                return Ok(selection);
            }
        }
    }

    fn field(&mut self, depth: usize) -> Result<(String, Selection), String> {
        let end = self.rest.find([',', '/', '(', ')']).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if depth == 0 || !(name == "*" || name == "parts" || KNOWN.contains(&name)) {
            return Err(name.to_owned());
        }
        self.rest = rest;
        Ok((name.to_owned(), self.below(depth)?))
    }

    fn below(&mut self, depth: usize) -> Result<Selection, String> {
        if self.take('/') {
            let (name, inner) = self.field(depth - 1)?;
            return Ok(Selection(BTreeMap::from([(name, inner)])));
        }
        if !self.take('(') {
            return Ok(Selection::default());
        }
        let selection = self.list(depth - 1)?;
        if self.take(')') { Ok(selection) } else { Err(self.rest.to_owned()) }
    }

    fn take(&mut self, letter: char) -> bool {
        let rest = self.rest.strip_prefix(letter);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_selection_keeps_what_it_names() {
        let value = json!({ "messages": [{ "id": "1", "threadId": "2" }], "resultSizeEstimate": 1 });
        let selected = |text| Selection::parse(text).unwrap().apply(value.clone());
        assert_eq!(selected("messages/id"), json!({ "messages": [{ "id": "1" }] }));
        assert_eq!(selected("messages(id),nextPageToken"), json!({ "messages": [{ "id": "1" }] }));
        assert_eq!(selected("*"), value);
    }

    #[test]
    fn a_selection_that_is_none_is_refused() {
        for text in ["mesages", "messages(id", "messages)", "", "messages/"] {
            assert!(Selection::parse(text).is_err(), "{text}");
        }
    }
}
