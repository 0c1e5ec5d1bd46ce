//! What an operation may answer: statuses, media types, headers, bodies.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    member, members,
    schema::{Schema, Schemas, resolve},
};
use crate::answer::Answer;

/// Why an answer is not as documented.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub enum Mismatch {
    /// A status that is not documented.
    #[error("the status {0} is not documented")]
    Status(u16),
    /// A media type that is not documented for the status, or none where there has to be one.
    #[error("the content type «{0}» is not documented for this status")]
    ContentType(String),
    /// A header that is not documented for the status.
    #[error("the header {0} is not documented for this status")]
    UnknownHeader(String),
    /// A header that is missing.
    #[error("the header {0} is missing")]
    MissingHeader(String),
    /// A header whose value does not fit its schema.
    #[error("the header {0}: {1}")]
    Header(String, String),
    /// A body that does not fit its schema.
    #[error("the body: {0}")]
    Body(String),
}

/// The answers of one operation, by status.
pub(super) struct Responses(BTreeMap<u16, Response>);

struct Response {
    headers: BTreeMap<String, Header>,
    /// By media type; none may have a body if there is none.
    bodies: BTreeMap<String, Body>,
}

struct Header {
    is_required: bool,
    schema: Schema,
}

struct Body {
    schema: Schema,
    /// The headers that always come with a body of this type.
    headers: Vec<String>,
}

impl Responses {
    pub(super) fn read(document: &Value, responses: &Value, schemas: &mut Schemas) -> Self {
        let read = |(status, response): (&str, &Value)| {
            let status = status.parse().unwrap_or_else(|_| panic!("{status} is no status"));
            (status, Response::read(document, resolve(document, response), schemas))
        };
        Self(members(responses).map(read).collect())
    }

    pub(super) fn check(&self, answer: &Answer) -> Result<(), Mismatch> {
        let response = self.0.get(&answer.status()).ok_or(Mismatch::Status(answer.status()))?;
        response.check_headers(answer)?;
        response.check_body(answer)
    }
}

impl Response {
    fn read(document: &Value, response: &Value, schemas: &mut Schemas) -> Self {
        let header = |(name, header): (&str, &Value), schemas: &mut Schemas| {
            let header = resolve(document, header);
            let is_required = header["required"] == true;
            (name.to_ascii_lowercase(), Header { is_required, schema: schemas.compile(member(header, "/schema")) })
        };
        let headers = members(&response["headers"]).map(|it| header(it, schemas)).collect();
        let of_functions = members(&response["content"]).filter(|(_, media)| media.get("x-answered-by").is_none());
        let body = |(name, media): (&str, &Value)| {
            let headers = member(document, "/x-headers-of").get(name).and_then(Value::as_array);
            let headers = headers.unwrap_or_else(|| panic!("x-headers-of says nothing of {name}"));
            let headers = headers.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            (name.to_owned(), Body { schema: schemas.compile(member(media, "/schema")), headers })
        };
        Self { headers, bodies: of_functions.map(body).collect() }
    }

    fn check_headers(&self, answer: &Answer) -> Result<(), Mismatch> {
        let cookies = answer.cookies().map(|cookie| ("set-cookie", cookie));
        let given: Vec<_> = answer.headers().filter(|(name, _)| !is_content_type(name)).chain(cookies).collect();
        for (name, value) in &given {
            let header = self.headers.get(&name.to_ascii_lowercase());
            let header = header.ok_or_else(|| Mismatch::UnknownHeader((*name).to_owned()))?;
            header.schema.check(&json!(value)).map_err(|error| Mismatch::Header((*name).to_owned(), error))?;
        }
        let is_given = |name: &str| given.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        let mut required = self.headers.iter().filter(|(_, header)| header.is_required);
        match required.find(|(name, _)| !is_given(name)) {
            Some((name, _)) => Err(Mismatch::MissingHeader(name.clone())),
            None => Ok(()),
        }
    }

    fn check_body(&self, answer: &Answer) -> Result<(), Mismatch> {
        let (content_type, text) = (answer.header("content-type"), answer.body());
        if self.bodies.is_empty() && content_type.is_none() {
            return if text.is_empty() { Ok(()) } else { Err(Mismatch::Body("there is none documented".to_owned())) };
        }
        let content_type = content_type.unwrap_or_default();
        let body = self.bodies.get(content_type).ok_or_else(|| Mismatch::ContentType(content_type.to_owned()))?;
        if let Some(name) = body.headers.iter().find(|name| answer.header(name).is_none()) {
            return Err(Mismatch::MissingHeader(name.clone()));
        }
        let value = if content_type.ends_with("json") {
            answer.json().map_err(|error| Mismatch::Body(error.to_string()))?
        } else {
            json!(text)
        };
        body.schema.check(&value).map_err(Mismatch::Body)
    }
}

fn is_content_type(name: &str) -> bool {
    name.eq_ignore_ascii_case("content-type")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn responses() -> Responses {
        let document = json!({
            "x-headers-of": {"application/json": ["Cache-Control"]},
            "components": {"responses": {"Ok": {
                "headers": {"Cache-Control": {"schema": {"const": "no-store"}}, "Set-Cookie": {"schema": {"pattern": "^a="}},
                    "Retry-After": {"required": true, "schema": {"type": "string"}}},
                "content": {"application/json": {"schema": {"type": "object", "additionalProperties": false}},
                    "text/plain": {"x-answered-by": "API Gateway", "schema": {}}},
            }}},
        });
        let responses = json!({"200": {"$ref": "#/components/responses/Ok"}, "202": {}});
        Responses::read(&document, &responses, &mut Schemas::new(&document))
    }

    fn check(answer: Value) -> Result<(), Mismatch> {
        responses().check(&Answer::read(answer).unwrap())
    }

    fn ok() -> Value {
        json!({"statusCode": 200, "headers": {"content-type": "application/json", "cache-control": "no-store",
            "Retry-After": "1"}, "cookies": ["a=1", "a=2"], "body": "{}"})
    }

    #[test]
    fn an_answer_as_documented_passes() {
        assert_eq!(check(ok()), Ok(()));
        assert_eq!(check(json!({"statusCode": 202})), Ok(()));
    }

    #[test]
    fn every_other_answer_is_named() {
        let with = |pointer: &str, value: Value| {
            let mut answer = ok();
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            answer.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value);
            check(answer).unwrap_err()
        };
        assert_eq!(with("/statusCode", json!(201)), Mismatch::Status(201));
        assert_eq!(with("/headers/content-type", json!("text/plain")), Mismatch::ContentType("text/plain".into()));
        assert_eq!(with("/headers/x", json!("1")), Mismatch::UnknownHeader("x".into()));
        assert!(
            matches!(with("/headers/cache-control", json!("public")), Mismatch::Header(name, _) if name == "cache-control")
        );
        assert!(matches!(with("/cookies", json!(["a=1", "b=1"])), Mismatch::Header(name, _) if name == "set-cookie"));
        assert!(matches!(with("/body", json!("{\"more\":1}")), Mismatch::Body(_)));
        assert!(matches!(with("/body", json!("{")), Mismatch::Body(_)));
        let mut bare = ok();
        bare["headers"].as_object_mut().unwrap().remove("Retry-After");
        assert_eq!(check(bare), Err(Mismatch::MissingHeader("retry-after".into())));
        let mut bare = ok();
        bare["headers"].as_object_mut().unwrap().remove("cache-control");
        assert_eq!(check(bare), Err(Mismatch::MissingHeader("Cache-Control".into())));
        assert!(matches!(check(json!({"statusCode": 202, "body": "x"})), Err(Mismatch::Body(_))));
        let typed = json!({"statusCode": 202, "headers": {"content-type": "text/plain"}});
        assert_eq!(check(typed), Err(Mismatch::ContentType("text/plain".into())));
    }
}
