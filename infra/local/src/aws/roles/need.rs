//! What a call needs to be allowed, as IAM sees it: actions on resources
//! ([Service Authorization Reference](https://docs.aws.amazon.com/service-authorization/latest/reference/)).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::aws::{ACCOUNT, REGION, permissions::Resource, server::Service, table::INDEX};

/// An action on a resource.
#[derive(Clone, Debug)]
pub(in crate::aws) struct Need {
    /// The action, such as `dynamodb:GetItem`.
    pub(in crate::aws) action: String,
    /// What of a deployment it is on; none if it is nothing of it.
    pub(in crate::aws) resource: Option<Resource>,
    /// The resource's ARN, or the name that the request has for it; none where the action knows no resources.
    pub(in crate::aws) arn: Option<String>,
}

/// The names of what the roles refer to, which the functions know as variables.
#[derive(Clone, Debug, Default)]
pub(in crate::aws) struct Deployed(BTreeSet<(&'static str, String)>);

/// The variables that name resources.
const NAMES: [&str; 5] =
    ["CLIENT_SECRET_ID", "CONNECTIONS_TABLE", "COOKIE_KEY_SECRET_ID", "EVENT_BUS_NAME", "TOKEN_KMS_KEY_ID"];

impl Deployed {
    pub(super) fn add(&mut self, variables: &BTreeMap<String, String>) {
        for name in NAMES {
            let names = variables.get(name).into_iter().flat_map(|value| names(value));
            self.0.extend(names.map(|bare| (name, bare.to_owned())));
        }
    }

    /// The resource of that name or ARN, if one of these variables says so.
    fn find(&self, id: &str, kinds: &[(&'static str, Resource)]) -> Option<Resource> {
        let named = |variable: &'static str| names(id).any(|name| self.0.contains(&(variable, name.to_owned())));
        kinds.iter().find(|(variable, _)| named(variable)).map(|(_, resource)| *resource)
    }

    fn table(&self, id: &str, resource: Resource) -> Option<Resource> {
        self.find(id, &[("CONNECTIONS_TABLE", resource)])
    }
}

/// The name in an ARN; a name is one already.
fn bare(id: &str) -> &str {
    let rest = id.strip_prefix("arn:aws:").and_then(|rest| rest.split_once(&format!(":{ACCOUNT}:")));
    match rest {
        None => id,
        Some((_, rest)) => rest.strip_prefix("secret:").unwrap_or_else(|| rest.split('/').nth(1).unwrap_or(rest)),
    }
}

/// What an ARN or a name may be the name of: the ARN of a secret has six random characters at its end, unless somebody
/// left them out.
fn names(id: &str) -> impl Iterator<Item = &str> {
    let name = bare(id);
    let shorter = name.rsplit_once('-').filter(|(_, ending)| id.contains(":secret:") && ending.len() == 6);
    [name].into_iter().chain(shorter.map(|(shorter, _)| shorter))
}

impl Need {
    fn new(action: impl Into<String>, resource: Option<Resource>, arn: impl Into<String>) -> Self {
        Self { action: action.into(), resource, arn: Some(arn.into()) }
    }

    /// To read that secret.
    pub(in crate::aws) fn secret(deployed: &Deployed, operation: &str, id: &str) -> Self {
        let kinds = [("CLIENT_SECRET_ID", Resource::ClientSecret), ("COOKIE_KEY_SECRET_ID", Resource::CookieKey)];
        Self::new(format!("secretsmanager:{operation}"), deployed.find(id, &kinds), id)
    }

    /// To read a table's stream from its beginning, as Lambda does for a function.
    pub(in crate::aws) fn to_read_stream(deployed: &Deployed, table: &str) -> Vec<Self> {
        let operations = ["ListStreams", "DescribeStream", "GetShardIterator", "GetRecords"];
        operations.iter().flat_map(|operation| Self::stream(deployed, operation, table)).collect()
    }

    /// One operation of DynamoDB Streams.
    fn stream(deployed: &Deployed, operation: &str, table: &str) -> Vec<Self> {
        let kind = if operation == "ListStreams" { Resource::Streams } else { Resource::Stream };
        let arn = format!("{}/stream/*", table_arn(table));
        let need = Self::new(format!("dynamodb:{operation}"), deployed.table(table, kind), arn);
        let decrypt = (operation == "GetRecords").then(|| Self::table_key(deployed, table));
        [need].into_iter().chain(decrypt).collect()
    }

    /// To have DynamoDB decrypt a table, which it does in the name of whoever reads or writes it.
    fn table_key(deployed: &Deployed, table: &str) -> Self {
        Self::new("kms:Decrypt", deployed.table(table, Resource::TableKey), "the key of the table")
    }

    /// What a call needs. What a batch reads needs more, of each secret in it.
    pub(in crate::aws) fn of(deployed: &Deployed, service: Service, operation: &str, request: &Value) -> Vec<Self> {
        let text = |name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default();
        match service {
            Service::DynamoDb => of_dynamodb(deployed, operation, request),
            Service::DynamoDbStreams => Self::stream(deployed, operation, text("TableName")),
            Service::EventBridge => of_event_bridge(deployed, operation, request),
            Service::SecretsManager if operation == "BatchGetSecretValue" => {
                let action = "secretsmanager:BatchGetSecretValue".to_owned();
                vec![Self { action, resource: Some(Resource::AnythingInRegion), arn: None }]
            }
            Service::SecretsManager => vec![Self::secret(deployed, operation, text("SecretId"))],
            Service::Kms => vec![of_kms(deployed, operation, request)],
        }
    }
}

/// A transaction needs what its parts need; it is no action of its own.
fn of_dynamodb(deployed: &Deployed, operation: &str, request: &Value) -> Vec<Need> {
    let parts = match operation {
        "TransactWriteItems" | "TransactGetItems" => transacted(request),
        _ => vec![(operation.to_owned(), request)],
    };
    parts.into_iter().flat_map(|(operation, part)| of_item(deployed, &operation, part)).collect()
}

fn transacted(request: &Value) -> Vec<(String, &Value)> {
    let items = request.get("TransactItems").and_then(Value::as_array).into_iter().flatten();
    let parts = items.filter_map(Value::as_object).flatten();
    parts
        .map(|(name, part)| match name.as_str() {
            "ConditionCheck" => ("ConditionCheckItem".to_owned(), part),
            name => (format!("{name}Item"), part),
        })
        .collect()
}

fn of_item(deployed: &Deployed, operation: &str, part: &Value) -> Vec<Need> {
    let text = |name: &str| part.get(name).and_then(Value::as_str);
    let table = text("TableName").unwrap_or_default();
    let (resource, arn) = match text("IndexName") {
        None => (deployed.table(table, Resource::Table), table_arn(table)),
        Some(index) => {
            let known = deployed.table(table, Resource::UsersByStatus).filter(|_| index == INDEX);
            (known, format!("{}/index/{index}", table_arn(table)))
        }
    };
    vec![Need::new(format!("dynamodb:{operation}"), resource, arn), Need::table_key(deployed, table)]
}

fn of_event_bridge(deployed: &Deployed, operation: &str, request: &Value) -> Vec<Need> {
    let entries = request.get("Entries").and_then(Value::as_array).into_iter().flatten();
    let buses: BTreeSet<&str> = entries.filter_map(|entry| entry.get("EventBusName")?.as_str()).collect();
    let need = |bus: &str| {
        let resource = deployed.find(bus, &[("EVENT_BUS_NAME", Resource::Bus)]);
        let arn = format!("arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{}", bare(bus));
        Need::new(format!("events:{operation}"), resource, arn)
    };
    if buses.is_empty() { vec![need("default")] } else { buses.into_iter().map(need).collect() }
}

/// The encryption context is part of what is allowed.
fn of_kms(deployed: &Deployed, operation: &str, request: &Value) -> Need {
    let key = request.get("KeyId").and_then(Value::as_str).unwrap_or_default();
    let context = |name: &str| request.pointer(&format!("/EncryptionContext/{name}")).and_then(Value::as_str);
    let bound = context("purpose") == Some("gmail-connect") && context("user_id").is_some();
    let resource = deployed.find(key, &[("TOKEN_KMS_KEY_ID", Resource::DataKeys)]).filter(|_| bound);
    Need::new(format!("kms:{operation}"), resource, format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{}", bare(key)))
}

fn table_arn(table: &str) -> String {
    format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{}", bare(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_its_arns_are_the_same() {
        let secret = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:mail/client-secret";
        for (variable, value, same) in [
            (
                "CLIENT_SECRET_ID",
                "mail/client-secret",
                &["mail/client-secret", secret, &format!("{secret}-a1b2c3")][..],
            ),
            ("CLIENT_SECRET_ID", secret, &["mail/client-secret", &format!("{secret}-a1b2c3")]),
            ("CLIENT_SECRET_ID", &format!("{secret}-a1b2c3"), &["mail/client-secret", secret]),
            ("TOKEN_KMS_KEY_ID", "1-2", &["1-2", "arn:aws:kms:eu-central-1:000000000000:key/1-2"]),
            ("CONNECTIONS_TABLE", "mail", &["arn:aws:dynamodb:eu-central-1:000000000000:table/mail"]),
            ("EVENT_BUS_NAME", "arn:aws:events:eu-central-1:000000000000:event-bus/mail", &["mail"]),
        ] {
            let mut deployed = Deployed::default();
            deployed.add(&BTreeMap::from([(variable.to_owned(), value.to_owned())]));
            for id in same {
                assert!(deployed.find(id, &[(variable, Resource::Anything)]).is_some(), "{value} {id}");
            }
            for other in ["mail/client-", "another", "", "mail/client-secret2"] {
                assert_eq!(deployed.find(other, &[(variable, Resource::Anything)]), None, "{value} {other}");
            }
        }
    }
}
