//! What each function may do in AWS: the one table that the embedded AWS enforces in the local stack and in every test, and
//! that both deployments are held to.
//!
//! A role's statements have the names (`Sid`) that they have in the deployments.

/// What a statement is about, with the condition that goes with it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Resource {
    /// Everything, for actions that know no resources.
    Anything,
    /// Everything, in the deployment's own region only.
    AnythingInRegion,
    /// The event bus.
    Bus,
    /// The secret that holds `client_secret.json`.
    ClientSecret,
    /// The secret that the cookies' keys are derived from.
    CookieKey,
    /// The KMS key, with the encryption context of a data key: `purpose` is `gmail-connect`, and there is a `user_id`.
    DataKeys,
    /// The streams of the function's own log group.
    OwnLogs,
    /// The queue of what the bus did not take in time.
    Queue,
    /// The table's stream.
    Stream,
    /// Every stream that the table has had.
    Streams,
    /// The table.
    Table,
    /// The KMS key, as DynamoDB uses it for the table's own encryption.
    TableKey,
    /// The table's index `users-by-status`.
    UsersByStatus,
}

/// One statement of a role's policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Statement {
    /// Its name, which says what it is for.
    pub sid: &'static str,
    /// The actions that it allows, such as `kms:Decrypt`.
    pub actions: &'static [&'static str],
    /// What it allows them on.
    pub resources: &'static [Resource],
}

/// The role of a function.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Role {
    /// The function.
    pub function: &'static str,
    /// What it may do, and nothing else.
    pub statements: &'static [Statement],
}

impl Role {
    /// The role of a function; none if there is no such function.
    pub fn of(function: &str) -> Option<&'static Self> {
        ROLES.iter().find(|role| role.function == function)
    }

    /// Whether it may do that.
    pub fn allows(&self, action: &str, resource: Resource) -> bool {
        self.statements.iter().any(|it| it.actions.contains(&action) && it.resources.contains(&resource))
    }

    /// Each action with each resource that it is allowed on.
    pub fn grants(&self) -> impl Iterator<Item = (&'static str, Resource)> {
        self.statements.iter().flat_map(|it| {
            it.actions.iter().flat_map(|action| it.resources.iter().map(|resource| (*action, *resource)))
        })
    }
}

const fn statement(sid: &'static str, actions: &'static [&'static str], resources: &'static [Resource]) -> Statement {
    Statement { sid, actions, resources }
}

const WRITE_LOGS: Statement =
    statement("WriteLogs", &["logs:CreateLogStream", "logs:PutLogEvents"], &[Resource::OwnLogs]);
/// Only where tracing is on.
const WRITE_TRACES: Statement =
    statement("WriteTraces", &["xray:PutTelemetryRecords", "xray:PutTraceSegments"], &[Resource::Anything]);
const READ_SECRETS: Statement =
    statement("ReadSecrets", &["secretsmanager:GetSecretValue"], &[Resource::ClientSecret, Resource::CookieKey]);
/// What it reads is decided by `GetSecretValue` on each secret.
const READ_SECRETS_IN_ONE_CALL: Statement =
    statement("ReadSecretsInOneCall", &["secretsmanager:BatchGetSecretValue"], &[Resource::AnythingInRegion]);
const UNWRAP_DATA_KEYS: Statement = statement("UnwrapDataKeys", &["kms:Decrypt"], &[Resource::DataKeys]);
const READ_ENCRYPTED_TABLE: Statement = statement("ReadEncryptedTable", &["kms:Decrypt"], &[Resource::TableKey]);

/// The roles of all functions.
pub const ROLES: [Role; 6] = [
    Role { function: "authorize-url", statements: &[WRITE_LOGS, WRITE_TRACES, READ_SECRETS, READ_SECRETS_IN_ONE_CALL] },
    Role {
        function: "callback",
        statements: &[
            WRITE_LOGS,
            WRITE_TRACES,
            READ_SECRETS,
            READ_SECRETS_IN_ONE_CALL,
            statement(
                "UseConnections",
                &["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
                &[Resource::Table],
            ),
            statement("WrapDataKeys", &["kms:GenerateDataKey"], &[Resource::DataKeys]),
            UNWRAP_DATA_KEYS,
            READ_ENCRYPTED_TABLE,
        ],
    },
    Role {
        function: "list-messages",
        statements: &[
            WRITE_LOGS,
            WRITE_TRACES,
            READ_SECRETS,
            READ_SECRETS_IN_ONE_CALL,
            statement("UseConnections", &["dynamodb:GetItem", "dynamodb:UpdateItem"], &[Resource::Table]),
            UNWRAP_DATA_KEYS,
            READ_ENCRYPTED_TABLE,
        ],
    },
    Role {
        function: "connection",
        statements: &[
            WRITE_LOGS,
            WRITE_TRACES,
            READ_SECRETS,
            READ_SECRETS_IN_ONE_CALL,
            statement(
                "UseConnections",
                &["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"],
                &[Resource::Table],
            ),
            statement("ListUsers", &["dynamodb:Query"], &[Resource::UsersByStatus]),
            UNWRAP_DATA_KEYS,
            READ_ENCRYPTED_TABLE,
        ],
    },
    Role {
        function: "security-events",
        statements: &[
            WRITE_LOGS,
            WRITE_TRACES,
            statement("ReadSecrets", &["secretsmanager:GetSecretValue"], &[Resource::ClientSecret]),
            statement(
                "UseConnections",
                &["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
                &[Resource::Table],
            ),
            UNWRAP_DATA_KEYS,
            READ_ENCRYPTED_TABLE,
        ],
    },
    Role {
        function: "connection-events",
        statements: &[
            WRITE_LOGS,
            WRITE_TRACES,
            statement("PutEvents", &["events:PutEvents"], &[Resource::Bus]),
            statement(
                "ReadStream",
                &["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
                &[Resource::Stream],
            ),
            statement("ListStreams", &["dynamodb:ListStreams"], &[Resource::Streams]),
            READ_ENCRYPTED_TABLE,
            statement("KeepUndelivered", &["sqs:SendMessage"], &[Resource::Queue]),
        ],
    },
];
