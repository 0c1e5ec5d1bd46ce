//! What both deployments allow each function is what the table says, statement by statement, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use local::aws::permissions::{ROLES, Role, Statement};
use tests::deployments::{Choices, Policies, sam::Template, terraform::Module};

use super::*;

const CHOICES: [Choices; 2] =
    [Choices { has_key: false, is_restored: false }, Choices { has_key: true, is_restored: true }];

/// How a deployment names what the functions use.
struct Names {
    bus: &'static str,
    client_secret: &'static str,
    cookie_key: &'static str,
    key: &'static str,
    queue: &'static str,
    region: &'static str,
    stream: &'static str,
    table_arn: String,
    table_name: &'static str,
    log_group: fn(&str) -> String,
}

/// The streams of the log group, whose ARN in a template ends with `:*` already.
fn sam_logs(function: &str) -> String {
    let words = function.split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
    format!("<{}Logs.Arn>", words.collect::<String>())
}

fn terraform_logs(function: &str) -> String {
    format!("<aws_cloudwatch_log_group.function.{function}.arn>:*")
}

fn sam(choices: Choices) -> Names {
    let pick = |made, given, is_given| if is_given { given } else { made };
    let table_name = pick("<Connections>", "<RestoredTableName>", choices.is_restored);
    Names {
        bus: "arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:event-bus/<EventBusName>",
        client_secret: "<ClientSecret>",
        cookie_key: "<CookieKey>",
        key: pick("<TokenKey.Arn>", "<TokenKmsKeyArn>", choices.has_key),
        queue: "<UndeliveredEvents.Arn>",
        region: "<AWS::Region>",
        stream: pick("<Connections.StreamArn>", "<RestoredTableStreamArn>", choices.is_restored),
        table_arn: format!("arn:<AWS::Partition>:dynamodb:<AWS::Region>:<AWS::AccountId>:table/{table_name}"),
        table_name,
        log_group: sam_logs,
    }
}

fn terraform(choices: Choices) -> Names {
    let pick = |made, given, is_given| if is_given { given } else { made };
    let restored = "arn:<data.aws_partition.current.partition>:dynamodb:<data.aws_region.current.id>:\
                    <data.aws_caller_identity.current.account_id>:table/<var.restored_table_name>";
    Names {
        bus: "<data.aws_cloudwatch_event_bus.told.arn>",
        client_secret: "<aws_secretsmanager_secret.client_secret.arn>",
        cookie_key: "<aws_secretsmanager_secret.cookie_key.arn>",
        key: pick("<aws_kms_key.tokens.arn>", "<var.token_kms_key_arn>", choices.has_key),
        queue: "<aws_sqs_queue.undelivered.arn>",
        region: "<data.aws_region.current.id>",
        stream: pick(
            "<aws_dynamodb_table.connections.stream_arn>",
            "<var.restored_table_stream_arn>",
            choices.is_restored,
        ),
        table_arn: pick("<aws_dynamodb_table.connections.arn>", restored, choices.is_restored).to_owned(),
        table_name: pick("<aws_dynamodb_table.connections.name>", "<var.restored_table_name>", choices.is_restored),
        log_group: terraform_logs,
    }
}

impl Names {
    /// What a statement on a resource has as its `Resource`, and its `Condition`.
    fn of(&self, function: &str, resource: Resource) -> (String, Value) {
        let table = &self.table_arn;
        match resource {
            Resource::Anything => ("*".to_owned(), Value::Null),
            Resource::AnythingInRegion => {
                ("*".to_owned(), json!({"StringEquals": {"aws:RequestedRegion": self.region}}))
            }
            Resource::Bus => (self.bus.to_owned(), Value::Null),
            Resource::ClientSecret => (self.client_secret.to_owned(), Value::Null),
            Resource::CookieKey => (self.cookie_key.to_owned(), Value::Null),
            Resource::DataKeys => (
                self.key.to_owned(),
                json!({
                    "StringEquals": {"kms:EncryptionContext:purpose": "gmail-connect"},
                    "Null": {"kms:EncryptionContext:user_id": "false"},
                }),
            ),
            Resource::OwnLogs => ((self.log_group)(function), Value::Null),
            Resource::Queue => (self.queue.to_owned(), Value::Null),
            Resource::Stream => (self.stream.to_owned(), Value::Null),
            Resource::Streams => (format!("{table}/stream/*"), Value::Null),
            Resource::Table => (table.clone(), Value::Null),
            Resource::TableKey => (
                self.key.to_owned(),
                json!({"StringEquals": {
                    "kms:ViaService": format!("dynamodb.{}.amazonaws.com", self.region),
                    "kms:EncryptionContext:aws:dynamodb:tableName": self.table_name,
                }}),
            ),
            Resource::UsersByStatus => (format!("{table}/index/users-by-status"), Value::Null),
        }
    }

    /// The statement as it has to be.
    fn expected(&self, function: &str, statement: &Statement) -> Allowed {
        let on: Vec<_> = statement.resources.iter().map(|resource| self.of(function, *resource)).collect();
        let condition = on[0].1.clone();
        assert!(on.iter().all(|(_, other)| *other == condition), "{}", statement.sid);
        Allowed {
            actions: statement.actions.iter().map(ToString::to_string).collect(),
            resources: on.iter().map(|(resource, _)| resource.clone()).collect(),
            condition,
        }
    }
}

/// A statement, whatever the order of what is in it.
#[derive(Debug, Eq, PartialEq)]
struct Allowed {
    actions: BTreeSet<String>,
    resources: BTreeSet<String>,
    condition: Value,
}

impl Allowed {
    fn read(statement: &Value) -> Self {
        let members: BTreeSet<_> = statement.as_object().unwrap().keys().map(String::as_str).collect();
        let known = ["Action", "Condition", "Effect", "Resource", "Sid"];
        assert!(members.iter().all(|member| known.contains(member)), "{statement}");
        assert_eq!(statement["Effect"], "Allow", "{statement}");
        Self {
            actions: texts(&statement["Action"]),
            resources: texts(&statement["Resource"]),
            condition: statement["Condition"].clone(),
        }
    }
}

fn texts(value: &Value) -> BTreeSet<String> {
    let one = value.as_str().map(str::to_owned);
    one.into_iter().chain(value.as_array().into_iter().flatten().map(|it| it.as_str().unwrap().to_owned())).collect()
}

/// The statements of a role by their names, each of which is there once.
fn by_name<T>(statements: impl Iterator<Item = (String, T)>) -> BTreeMap<String, T> {
    let mut named = BTreeMap::new();
    for (name, statement) in statements {
        assert!(named.insert(name.clone(), statement).is_none(), "{name} is there twice");
    }
    named
}

#[track_caller]
fn assert_as_in_the_table(policies: &Policies, names: &Names) {
    let functions: BTreeSet<_> = policies.keys().map(String::as_str).collect();
    assert_eq!(functions, ROLES.iter().map(|role| role.function).collect());
    for Role { function, statements } in ROLES {
        let given = policies[function].iter();
        let given = by_name(given.map(|it| (it["Sid"].as_str().unwrap().to_owned(), Allowed::read(it))));
        let expected = by_name(statements.iter().map(|it| (it.sid.to_owned(), names.expected(function, it))));
        assert_eq!(given, expected, "{function}");
    }
}

#[test]
fn the_sam_template_allows_what_the_table_says() {
    for choices in CHOICES {
        assert_as_in_the_table(&Template::read(choices).policies(), &sam(choices));
    }
}

#[test]
fn the_terraform_module_allows_what_the_table_says() {
    for choices in CHOICES {
        assert_as_in_the_table(&Module::read(choices).policies(), &terraform(choices));
    }
}

#[test]
fn no_action_has_a_wildcard_and_only_actions_that_know_no_resources_are_allowed_on_everything() {
    let everything = [Resource::Anything, Resource::AnythingInRegion];
    let without_resources = ["secretsmanager:BatchGetSecretValue", "xray:PutTelemetryRecords", "xray:PutTraceSegments"];
    for (action, resource) in ROLES.iter().flat_map(Role::grants) {
        assert!(action.split_once(':').is_some_and(|(_, name)| name.bytes().all(|it| it.is_ascii_alphabetic())));
        assert_eq!(everything.contains(&resource), without_resources.contains(&action), "{action}");
    }
}
