//! The description of the API, `infra/openapi.yaml`: its operations, and what it holds every answer to.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "without a description that can be read, every test that stands on it has failed"
)]

mod responses;
mod schema;

use std::{path::Path, sync::LazyLock};

use serde_json::Value;

pub use self::{
    responses::Mismatch,
    schema::{Schema, Schemas},
};
use self::{responses::Responses, schema::resolve};
use crate::{answer::Answer, yaml};

static DESCRIPTION: LazyLock<Description> = LazyLock::new(Description::load);

/// The methods that an operation may have.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The description.
pub struct Description {
    document: Value,
    operations: Vec<Operation>,
    fallback: Responses,
}

/// One operation.
pub struct Operation {
    /// The method in capitals, a space, and the path, as API Gateway names a route.
    pub route: String,
    /// The function that answers.
    pub function: String,
    /// Whether callers sign with AWS IAM.
    pub is_signed: bool,
    /// Its parameters, those of its path included, without references.
    pub parameters: Vec<Value>,
    responses: Responses,
}

impl Description {
    /// The description, read once in a process.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn get() -> &'static Self {
        &DESCRIPTION
    }

    fn load() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/openapi.yaml");
        let text = std::fs::read_to_string(&path).expect("infra/openapi.yaml can be read");
        let document = yaml::read(&text).unwrap_or_else(|error| panic!("infra/openapi.yaml: {error}"));
        let mut schemas = Schemas::new(&document);
        let operations = operations(&document, &mut schemas);
        let fallback = Responses::read(&document, member(&document, "/x-default/responses"), &mut schemas);
        Self { document, operations, fallback }
    }

    /// The whole document.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Every operation.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation of a route, such as `GET /messages`.
    pub fn operation(&self, route: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.route == route)
    }

    /// Holds a function's answer against what is documented for a route; for none, against what is documented for an
    /// event that is for none of the function's routes.
    ///
    /// # Errors
    /// If it is not as documented.
    ///
    /// # Panics
    /// If the route is not documented at all.
    pub fn check(&self, route: Option<&str>, answer: &Answer) -> Result<(), Mismatch> {
        let documented = |route| self.operation(route).unwrap_or_else(|| panic!("{route} is not documented"));
        route.map_or(&self.fallback, |route| &documented(route).responses).check(answer)
    }
}

fn operations(document: &Value, schemas: &mut Schemas) -> Vec<Operation> {
    let paths = members(member(document, "/paths"));
    let items = paths.flat_map(|(path, item)| METHODS.map(|method| (path, item, method)));
    let documented = items.filter_map(|(path, item, method)| Some((path, item, method, item.get(method)?)));
    documented.map(|(path, item, method, operation)| read(document, path, item, method, operation, schemas)).collect()
}

fn read(
    document: &Value,
    path: &str,
    item: &Value,
    method: &str,
    operation: &Value,
    schemas: &mut Schemas,
) -> Operation {
    let route = format!("{} {path}", method.to_uppercase());
    let lists = [item.get("parameters"), operation.get("parameters")].into_iter().flatten();
    let security = member(operation, "/security").as_array().expect("security is a list");
    Operation {
        function: member(operation, "/x-function").as_str().expect("x-function is a name").to_owned(),
        is_signed: security.iter().any(|scheme| scheme.get("iam").is_some()),
        parameters: lists.filter_map(Value::as_array).flatten().map(|it| resolve(document, it).clone()).collect(),
        responses: Responses::read(document, member(operation, "/responses"), schemas),
        route,
    }
}

/// The part of a document at a place where there has to be one.
fn member<'a>(of: &'a Value, pointer: &str) -> &'a Value {
    of.pointer(pointer).unwrap_or_else(|| panic!("the description has no {pointer} where it needs one"))
}

/// The members of an object; none of anything else.
fn members(of: &Value) -> impl Iterator<Item = (&str, &Value)> {
    of.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}
