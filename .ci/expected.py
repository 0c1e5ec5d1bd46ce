"""What a deployment has to have, however it was made: the routes, the functions' variables, and their permissions."""

NAME = "gmail-connect"
ACCOUNT = "123456789012"
REGION = "eu-central-1"

# Each route's function, and its authorizer.
ROUTES = {
    "GET /authorize-url": ("authorize-url", "NONE"),
    "GET /authorize": ("authorize-url", "NONE"),
    "GET /callback": ("callback", "NONE"),
    "GET /messages": ("list-messages", "NONE"),
    "GET /users/{user_id}/messages": ("list-messages", "AWS_IAM"),
    "GET /connection": ("connection", "NONE"),
    "DELETE /connection": ("connection", "NONE"),
    "GET /users/{user_id}/connection": ("connection", "AWS_IAM"),
    "DELETE /users/{user_id}/connection": ("connection", "AWS_IAM"),
    "GET /users": ("connection", "AWS_IAM"),
    "POST /security-events": ("security-events", "NONE"),
}
OPEN_ROUTES = {key for key, (_, authorizer) in ROUTES.items() if authorizer == "NONE"}

GOOGLE = {"CLIENT_SECRET_ID", "SCOPES", "PUBLIC_BASE_URL", "RUST_LOG"}
COOKIES = {"COOKIE_KEY_SECRET_ID", "ALLOWED_RETURN_ORIGINS", "SESSION_TTL_SECONDS"}
STORE = {"CONNECTIONS_TABLE", "TOKEN_KMS_KEY_ID"}
LIMITS = {"GMAIL_QUOTA_UNITS_PER_MINUTE", "GMAIL_BATCHES_AT_ONCE"}
# The README's table of variables.
VARIABLES = {
    "authorize-url": GOOGLE | COOKIES,
    "callback": GOOGLE | COOKIES | STORE,
    "list-messages": GOOGLE | COOKIES | STORE | LIMITS,
    "connection": GOOGLE | COOKIES | STORE,
    "security-events": GOOGLE | STORE,
    "connection-events": {"EVENT_BUS_NAME", "RUST_LOG"},
}
# Those that are there only where somebody chose something for them.
OPTIONAL = {"ALLOWED_RETURN_ORIGINS", "PUBLIC_BASE_URL"}

LOGS = {"WriteLogs": "logs:CreateLogStream logs:PutLogEvents"}
TRACES = {"WriteTraces": "xray:PutTraceSegments xray:PutTelemetryRecords"}
SECRETS = {
    "ReadSecrets": "secretsmanager:GetSecretValue",
    "ReadSecretsInOneCall": "secretsmanager:BatchGetSecretValue",
}
TABLE = {"UnwrapDataKeys": "kms:Decrypt", "ReadEncryptedTable": "kms:Decrypt"}


def use(*actions):
    return {"UseConnections": " ".join(f"dynamodb:{action}" for action in actions)}


# The actions of each function's statements, besides logs and traces.
ACTIONS = {
    "authorize-url": SECRETS,
    "callback": SECRETS | TABLE | use("GetItem", "PutItem", "UpdateItem", "DeleteItem")
    | {"WrapDataKeys": "kms:GenerateDataKey"},
    "list-messages": SECRETS | TABLE | use("GetItem", "UpdateItem"),
    "connection": SECRETS | TABLE | use("GetItem", "UpdateItem", "DeleteItem") | {"ListUsers": "dynamodb:Query"},
    "security-events": TABLE | use("GetItem", "UpdateItem", "PutItem")
    | {"ReadSecrets": "secretsmanager:GetSecretValue"},
    "connection-events": {
        "ReadEncryptedTable": "kms:Decrypt",
        "PutEvents": "events:PutEvents",
        "ReadStream": "dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:DescribeStream",
        "ListStreams": "dynamodb:ListStreams",
        "KeepUndelivered": "sqs:SendMessage",
    },
}

FOR_ONE_USER = {
    "StringEquals": {"kms:EncryptionContext:purpose": "gmail-connect"},
    "Null": {"kms:EncryptionContext:user_id": "false"},
}


def resources(function, names):
    """What each statement is for, exactly; a star only where the action knows no resources."""
    secrets = [names["client_secret"], names["cookie_key"]]
    return {
        "WriteLogs": [names["logs"]],
        "WriteTraces": ["*"],
        "ReadSecrets": secrets[:1] if function == "security-events" else secrets,
        "ReadSecretsInOneCall": ["*"],
        "UseConnections": [names["table_arn"]],
        "ListUsers": [f"{names['table_arn']}/index/users-by-status"],
        "WrapDataKeys": [names["key"]],
        "UnwrapDataKeys": [names["key"]],
        "ReadEncryptedTable": [names["key"]],
        "PutEvents": [f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/{names['bus']}"],
        "ReadStream": [names["stream"]],
        "ListStreams": [f"{names['table_arn']}/stream/*"],
        "KeepUndelivered": [names["queue"]],
    }


def conditions(names):
    """On which condition; the other statements have none."""
    through_the_table = {
        "kms:ViaService": f"dynamodb.{REGION}.amazonaws.com",
        "kms:EncryptionContext:aws:dynamodb:tableName": names["table"],
    }
    return {
        "ReadSecretsInOneCall": {"StringEquals": {"aws:RequestedRegion": REGION}},
        "WrapDataKeys": FOR_ONE_USER,
        "UnwrapDataKeys": FOR_ONE_USER,
        "ReadEncryptedTable": {"StringEquals": through_the_table},
    }


def statements(function, names, tracing):
    """Each statement of a function's role: its actions, what they are allowed on, and on which condition.

    `names` says what the deployment calls what the function uses.
    """
    listed = ACTIONS[function] | LOGS | (TRACES if tracing else {})
    on, condition = resources(function, names), conditions(names)
    return {sid: (actions.split(), on[sid], condition.get(sid, {})) for sid, actions in listed.items()}


def as_list(value):
    return value if isinstance(value, list) else [value]


def found_in(statement):
    """The same of a statement as it is found."""
    return as_list(statement["Action"]), as_list(statement["Resource"]), statement.get("Condition", {})
