//! What the two deployments make, read from their sources as their tools would read them: `infra/sam/template.yaml` and
//! `infra/terraform`.
//!
//! What only AWS will know, such as an ARN, stands there by its name in angle brackets: `<Connections.Arn>`.

#![expect(
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a deployment that cannot be read has failed the test that stands on it"
)]

pub mod sam;
pub mod terraform;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde_json::Value;

/// What somebody who deploys may choose, as far as roles depend on it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Choices {
    /// A KMS key that is there already.
    pub has_key: bool,
    /// A table that was restored.
    pub is_restored: bool,
}

/// The policies of a role, by the name of its function: the statements, in JSON as IAM takes them.
pub type Policies = BTreeMap<String, Vec<Value>>;

/// A route, the function that answers it, and whether its callers sign with AWS IAM.
pub type Routes = BTreeSet<(String, String, bool)>;

/// Whether API Gateway's authorizer lets only callers with a signature through; another authorizer is none of ours.
fn is_signed(authorization_type: &str) -> bool {
    match authorization_type {
        "AWS_IAM" => true,
        "NONE" => false,
        other => panic!("{other} is no authorizer of this API"),
    }
}

/// A folder of `infra`.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra").join(name)
}
