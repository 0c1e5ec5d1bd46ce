//! What the stack itself remembers, in a table of its own beside the functions' table.

use dynoxide::Database;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{AwsError, dynamodb};

const TABLE: &str = "local-stack";

/// The longest piece of a text in one item, in bytes: DynamoDB takes items of up to 400 KB.
const PIECE: usize = 300_000;

/// Named texts in the stack's own table.
#[derive(Clone)]
pub(super) struct State(Database);

impl State {
    /// The texts in that database; makes the table if it is absent.
    pub(super) fn open(database: Database) -> Result<Self, AwsError> {
        dynamodb::create_table(&database, TABLE)?;
        Ok(Self(database))
    }

    /// Remembers a text; in one transaction, however long it is.
    pub(super) fn put(&self, name: &str, text: &str) -> Result<(), AwsError> {
        let pieces = pieces(text);
        let head = json!({"pk": {"S": name}, "pieces": {"N": pieces.len().to_string()}});
        let items = pieces
            .iter()
            .enumerate()
            .map(|(number, piece)| json!({"pk": {"S": piece_key(name, number)}, "text": {"S": piece}}));
        let puts: Vec<Value> =
            items.chain([head]).map(|item| json!({"Put": {"TableName": TABLE, "Item": item}})).collect();
        dynamodb::call(&self.0, "TransactWriteItems", &json!({"TransactItems": puts})).map(drop)
    }

    /// The text of that name.
    pub(super) fn get(&self, name: &str) -> Result<Option<String>, AwsError> {
        let Some(head) = dynamodb::item(&self.0, TABLE, name)? else { return Ok(None) };
        let pieces = head.pointer("/pieces/N").and_then(Value::as_str).and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut whole = String::new();
        for number in 0..pieces {
            let item = dynamodb::item(&self.0, TABLE, &piece_key(name, number))?.unwrap_or_default();
            whole.push_str(item.pointer("/text/S").and_then(Value::as_str).unwrap_or_default());
        }
        Ok(Some(whole))
    }

    /// Forgets the text of that name.
    pub(super) fn remove(&self, name: &str) -> Result<(), AwsError> {
        let key = json!({"TableName": TABLE, "Key": {"pk": {"S": name}}});
        dynamodb::call(&self.0, "DeleteItem", &key).map(drop)
    }

    /// Remembers a document as JSON.
    pub(super) fn put_document(&self, name: &str, document: &impl Serialize) -> Result<(), AwsError> {
        self.put(name, &serde_json::to_string(document).map_err(AwsError::from)?)
    }

    /// The document of that name.
    pub(super) fn document<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, AwsError> {
        self.get(name)?.map(|text| serde_json::from_str(&text).map_err(AwsError::from)).transpose()
    }
}

fn piece_key(name: &str, number: usize) -> String {
    format!("{name}#piece#{number}")
}

fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(rest.floor_char_boundary(PIECE));
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_comes_back_whole() {
        let state = State::open(Database::memory().unwrap()).unwrap();
        let text = "ש".repeat(PIECE * 2);
        state.put("snapshot", &text).unwrap();
        assert_eq!(state.get("snapshot").unwrap(), Some(text));
    }

    #[test]
    fn a_shorter_text_replaces_a_longer_one() {
        let state = State::open(Database::memory().unwrap()).unwrap();
        state.put("snapshot", &"x".repeat(PIECE + 1)).unwrap();
        state.put("snapshot", "short").unwrap();
        assert_eq!(state.get("snapshot").unwrap().as_deref(), Some("short"));
    }

    #[test]
    fn a_text_that_was_removed_is_gone() {
        let state = State::open(Database::memory().unwrap()).unwrap();
        state.put("name", "text").unwrap();
        state.remove("name").unwrap();
        assert_eq!(state.get("name").unwrap(), None);
    }
}
