"""Asserts on the transformed SAM template what linters do not: who may do what, what is there, and in which order."""

import json
import sys
import tomllib

from sam_template import ROOT, Resolved, references, transformed

COOKIES = {"COOKIE_KEY_SECRET_ID", "ALLOWED_RETURN_ORIGINS", "SESSION_TTL_SECONDS"}
GOOGLE = {"CLIENT_SECRET_ID", "SCOPES", "PUBLIC_BASE_URL", "RUST_LOG"}
STORE = {"CONNECTIONS_TABLE", "TOKEN_KMS_KEY_ID"}
# The README's table of variables.
VARIABLES = {
    "authorize-url": GOOGLE | COOKIES,
    "callback": GOOGLE | COOKIES | STORE,
    "list-messages": GOOGLE | COOKIES | STORE,
    "connection": GOOGLE | COOKIES | STORE,
    "security-events": GOOGLE | STORE,
    "connection-events": {"EVENT_BUS_NAME", "RUST_LOG"},
}
OPTIONAL = {"ALLOWED_RETURN_ORIGINS", "PUBLIC_BASE_URL"}

WITH_LOGS = {"WriteLogs": "logs:CreateLogStream logs:PutLogEvents"}
WITH_SECRETS = WITH_LOGS | {
    "ReadSecrets": "secretsmanager:GetSecretValue",
    "ReadSecretsInOneCall": "secretsmanager:BatchGetSecretValue",
}
WITH_TABLE = {"UnwrapDataKeys": "kms:Decrypt", "ReadEncryptedTable": "kms:Decrypt"}


def table(*actions):
    return {"UseConnections": " ".join(f"dynamodb:{action}" for action in actions)}


# What each function may do, without tracing.
PERMISSIONS = {
    "authorize-url": WITH_SECRETS,
    "callback": WITH_SECRETS | WITH_TABLE | table("GetItem", "PutItem", "UpdateItem", "DeleteItem")
    | {"WrapDataKeys": "kms:GenerateDataKey"},
    "list-messages": WITH_SECRETS | WITH_TABLE | table("GetItem", "UpdateItem"),
    "connection": WITH_SECRETS | WITH_TABLE | table("GetItem", "UpdateItem", "DeleteItem")
    | {"ListUsers": "dynamodb:Query"},
    "security-events": WITH_LOGS | WITH_TABLE | table("GetItem", "UpdateItem", "PutItem")
    | {"ReadSecrets": "secretsmanager:GetSecretValue"},
    "connection-events": WITH_LOGS | {
        "ReadEncryptedTable": "kms:Decrypt",
        "PutEvents": "events:PutEvents",
        "ReadStream": "dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:DescribeStream",
        "ListStreams": "dynamodb:ListStreams",
        "KeepUndelivered": "sqs:SendMessage",
    },
}
KEY = "arn:aws:kms:eu-central-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"
STREAM = "arn:aws:dynamodb:eu-central-1:123456789012:table/restored/stream/2026-11-22T10:00:00.000"
RESTORED = {
    "RestoredTableName": "restored",
    "RestoredTableStreamArn": STREAM,
}
EVERYTHING = {
    "AllowedReturnOrigins": "https://app.example.com,http://localhost:3000",
    "DomainName": "mail.example.com",
    "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
    "HostedZoneId": "Z0123456789ABCDEFGHIJ",
    "ReservedConcurrency": "10",
    "AlarmTopicArn": "arn:aws:sns:eu-central-1:123456789012:alarms",
    "EventBusName": "connections",
    "Tracing": "true",
    "TokenKmsKeyArn": KEY,
}
VARIANTS = {
    "defaults": {},
    "everything": EVERYTHING,
    "a bus": {"EventBusName": "connections"},
    "a restored table": EVERYTHING | RESTORED,
    "a CDN": {"PublicBaseUrl": "https://cdn.example.com"},
    "origins": {"AllowedReturnOrigins": "https://app.example.com"},
    "a domain": {name: EVERYTHING[name] for name in ("DomainName", "CertificateArn")},
}
REFUSED = [
    {"DomainName": "mail.example.com"},
    {"CertificateArn": EVERYTHING["CertificateArn"]},
    {"HostedZoneId": "Z0123456789ABCDEFGHIJ"},
    {"RestoredTableStreamArn": RESTORED["RestoredTableStreamArn"]},
    {"RestoredTableName": "restored", "EventBusName": "connections"},
    {"AllowedReturnOrigins": "https://app.example.com,https://app.example.com/path"},
    {"AllowedReturnOrigins": "*"},
    {"PublicBaseUrl": "https://mail.example.com/"},
    {"EventBusName": "arn:aws:events:eu-central-1:123456789012:event-bus/connections"},
    {"Scopes": "email https://www.googleapis.com/auth/gmail.readonly"},
    {"TokenKmsKeyArn": "alias/key"},
]

failures = []


def check(holds, *said):
    """Notes what does not hold, and goes on."""
    if not holds:
        failures.append(" ".join(map(str, said)))


def equal(found, expected, *said):
    check(found == expected, *said, f"\n    is  {found}\n    not {expected}")


def of_type(resources, kind):
    return {name: it["Properties"] for name, it in resources.items() if it["Type"] == kind}


def function_name(properties):
    return properties["FunctionName"].removeprefix("gmail-connect-")


def statements(role):
    (policy,) = role["Policies"]
    listed = policy["PolicyDocument"]["Statement"]
    equal(len({statement["Sid"] for statement in listed}), len(listed), "a statement's name is there twice")
    return {statement["Sid"]: statement for statement in listed}


def as_list(value):
    return value if isinstance(value, list) else [value]


def dependencies(template):
    names = set(template["Resources"])
    return {
        name: (references(it.get("Properties", {})) | set(as_list(it.get("DependsOn", [])))) & names
        for name, it in template["Resources"].items()
    }


def reached(graph, name):
    """Everything that has to be there before a resource."""
    found, left = set(), list(graph[name])
    while left:
        if (next_one := left.pop()) not in found:
            found.add(next_one)
            left += graph[next_one]
    return found


def check_order(template):
    graph = dependencies(template)
    for name in graph:
        check(name not in reached(graph, name), name, "depends on itself")
    for name in of_type(template["Resources"], "AWS::Lambda::Function"):
        check(f"{name}Logs" in reached(graph, name), name, "may be made before its log group")
        check("Api" not in reached(graph, name), name, "depends on the API")


def check_functions(resources, expected):
    functions = of_type(resources, "AWS::Lambda::Function")
    equal({function_name(it) for it in functions.values()}, expected, "functions")
    for logical, it in functions.items():
        name = function_name(it)
        found = set(it["Environment"]["Variables"])
        check(VARIABLES[name] - OPTIONAL <= found <= VARIABLES[name], name, "has the variables", found)
        check(all(isinstance(text, str) for text in it["Environment"]["Variables"].values()), name, "has no text")
        equal(it["Timeout"], 60 if name == "connection-events" else 30, name, "timeout")
        equal((it["Runtime"], it["Handler"]), ("provided.al2023", "bootstrap"), name, "runtime")
        equal(resources[f"{logical}Logs"]["Properties"]["LogGroupName"], f"/aws/lambda/{it['FunctionName']}", name)
        check(resources[f"{logical}Logs"]["Properties"]["RetentionInDays"], name, "keeps its logs for ever")


def on_what(name, logical, parameters):
    """What each statement is for, exactly; a star only where the action knows no resources."""
    restored = parameters.get("RestoredTableName")
    arn = f"arn:aws:dynamodb:eu-central-1:123456789012:table/{restored or '${Connections}'}"
    stream = parameters["RestoredTableStreamArn"] if restored else "${Connections.StreamArn}"
    key = parameters.get("TokenKmsKeyArn", "${TokenKey.Arn}")
    return {
        "WriteLogs": [f"${{{logical}Logs.Arn}}"],
        "WriteTraces": ["*"],
        "ReadSecrets": ["${ClientSecret}"] if name == "security-events" else ["${ClientSecret}", "${CookieKey}"],
        "ReadSecretsInOneCall": ["*"],
        "UseConnections": [arn],
        "ListUsers": [f"{arn}/index/users-by-status"],
        "WrapDataKeys": [key],
        "UnwrapDataKeys": [key],
        "ReadEncryptedTable": [key],
        "PutEvents": ["arn:aws:events:eu-central-1:123456789012:event-bus/connections"],
        "ReadStream": [stream],
        "ListStreams": [f"{arn}/stream/*"],
        "KeepUndelivered": ["${UndeliveredEvents.Arn}"],
    }


def on_condition(parameters):
    """On which condition; the other statements have none."""
    for_one_user = {
        "StringEquals": {"kms:EncryptionContext:purpose": "gmail-connect"},
        "Null": {"kms:EncryptionContext:user_id": "false"},
    }
    through_the_table = {
        "kms:ViaService": "dynamodb.eu-central-1.amazonaws.com",
        "kms:EncryptionContext:aws:dynamodb:tableName": parameters.get("RestoredTableName", "${Connections}"),
    }
    return {
        "ReadSecretsInOneCall": {"StringEquals": {"aws:RequestedRegion": "eu-central-1"}},
        "WrapDataKeys": for_one_user,
        "UnwrapDataKeys": for_one_user,
        "ReadEncryptedTable": {"StringEquals": through_the_table},
    }


def check_permissions(resources, parameters):
    conditions = on_condition(parameters)
    for logical, it in of_type(resources, "AWS::Lambda::Function").items():
        name, role = function_name(it), resources[f"{logical}Role"]["Properties"]
        equal(it["Role"], f"${{{logical}Role.Arn}}", name, "has the role")
        check("ManagedPolicyArns" not in role, name, "has managed policies")
        found, on = statements(role), on_what(name, logical, parameters)
        traces = {"WriteTraces": "xray:PutTraceSegments xray:PutTelemetryRecords"} if "Tracing" in parameters else {}
        expected = {sid: set(actions.split()) for sid, actions in (PERMISSIONS[name] | traces).items()}
        equal({sid: set(as_list(it["Action"])) for sid, it in found.items()}, expected, name, "may")
        for sid, statement in found.items():
            equal(as_list(statement["Resource"]), on.get(sid), name, sid, "is on")
            equal(statement.get("Condition"), conditions.get(sid), name, sid, "is on the condition")


def expected_routes():
    """The routes that cargo lambda serves, of which those of backends are signed."""
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    router = manifest["workspace"]["metadata"]["lambda"]["watch"]["router"]
    return {
        f"{target['method']} {path}": (target["function"], "AWS_IAM" if path.startswith("/users") else "NONE")
        for path, targets in router.items() for target in targets
    }


def check_api(resources):
    integrations = of_type(resources, "AWS::ApiGatewayV2::Integration")
    called = {f"integrations/${{{name}}}": it["IntegrationUri"][2:-5] for name, it in integrations.items()}
    found = {
        it["RouteKey"]: (function_name(resources[called[it["Target"]]]["Properties"]), it["AuthorizationType"])
        for it in of_type(resources, "AWS::ApiGatewayV2::Route").values()
    }
    equal(found, expected_routes(), "routes")
    stage = resources["ApiStage"]
    limited = {key for key, (_, authorizer) in found.items() if authorizer == "NONE"}
    equal(set(stage["Properties"]["RouteSettings"]), limited, "throttled routes")
    waited_for = {resources[name]["Properties"]["RouteKey"] for name in stage["DependsOn"]}
    check(limited <= waited_for, "the stage does not wait for", limited - waited_for)
    log = stage["Properties"]["AccessLogSettings"]["Format"]
    check("\n" not in log and json.loads(log), "the access log is not one line of JSON")
    for word in ("path", "query", "header", "domainName", "Ip", "authorizer"):
        check(word not in log, "the access log has", word)
    permissions = of_type(resources, "AWS::Lambda::Permission").values()
    equal({it["FunctionName"] for it in permissions}, {f"${{{name}}}" for name in called.values()}, "may be invoked")
    for it in permissions:
        check("${Api}" in it["SourceArn"], "a permission for any API")


def check_options(resources, parameters):
    api = resources["Api"]["Properties"]
    equal("CorsConfiguration" in api, "AllowedReturnOrigins" in parameters, "CORS")
    equal(api["DisableExecuteApiEndpoint"], "DomainName" in parameters, "AWS's own host name is off")
    equal("ApiDomainMapping" in resources, "DomainName" in parameters, "mapping")
    equal("ApiDomainRecordA" in resources, "HostedZoneId" in parameters, "records")
    equal("TokenKey" in resources, "TokenKmsKeyArn" not in parameters, "key")
    equal("ConnectionEventsSource" in resources, "EventBusName" in parameters, "event source")
    base = parameters.get("PublicBaseUrl") or "DomainName" in parameters and "https://mail.example.com" or None
    for it in of_type(resources, "AWS::Lambda::Function").values():
        with_http = function_name(it) != "connection-events"
        equal(it["Environment"]["Variables"].get("PUBLIC_BASE_URL"), base if with_http else None, "PUBLIC_BASE_URL")
        reserved = it.get("ReservedConcurrentExecutions")
        equal(reserved, parameters.get("ReservedConcurrency") if with_http else None, function_name(it), "reserved")
    for name, it in of_type(resources, "AWS::CloudWatch::Alarm").items():
        equal(it["TreatMissingData"], "notBreaching", name)
        check(it["AlarmDescription"].endswith(f"runbook: {it['AlarmName'].removeprefix('gmail-connect-')}."), name)
        equal(it.get("AlarmActions"), [parameters["AlarmTopicArn"]] if "AlarmTopicArn" in parameters else None, name)


def check_storage(resources, parameters):
    key = parameters.get("TokenKmsKeyArn", "${TokenKey.Arn}")
    table_now = parameters.get("RestoredTableName", "${Connections}")
    equal(resources["Connections"]["Properties"]["SSESpecification"]["KMSMasterKeyId"], key, "the table's key")
    for it in of_type(resources, "AWS::Lambda::Function").values():
        equal(it["Environment"]["Variables"].get("TOKEN_KMS_KEY_ID", key), key, "the tokens' key")
        equal(it["Environment"]["Variables"].get("CONNECTIONS_TABLE", table_now), table_now, "the table")
    for statement in resources.get("TokenKey", {}).get("Properties", {}).get("KeyPolicy", {}).get("Statement", []):
        check(not any("*" in action for action in statement["Action"]), "the key's policy has a wildcard")
        check(statement["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}, "the key's policy is for others")


def check_secrets(template, resources, outputs):
    check("{{resolve:" not in json.dumps(template), "a secret's value is read into the template")
    check("SecretString" not in resources["ClientSecret"]["Properties"], "the client secret has a value")
    equal(set(resources["CookieKey"]["Properties"]), {"Description", "GenerateSecretString"}, "cookie key")
    for name, value in outputs.items():
        check("GenerateSecretString" not in str(value) and "SecretString" not in name, "output", name)


def check_suppressions(template):
    """What is not to be looked at says why."""
    for name, it in template["Resources"].items():
        for skip in it.get("Metadata", {}).get("checkov", {}).get("skip", []):
            check(set(skip) == {"id", "comment"} and len(skip["comment"]) > 20, name, skip, "is not explained")


def check_texts(resources):
    """No property is an empty text, which services refuse; the dashboard is JSON."""
    def walk(value, place):
        if value == "":
            check(False, place, "is empty")
        pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, inner in pairs:
            walk(inner, f"{place}.{key}")

    for name, it in resources.items():
        walk(it["Properties"], name)
    widgets = json.loads(resources["Dashboard"]["Properties"]["DashboardBody"])["widgets"]
    equal(len(widgets), 10, "widgets")


def main():
    template = transformed()
    check_order(template)
    check_suppressions(template)
    for variant, parameters in VARIANTS.items():
        resolved = Resolved(template, parameters)
        equal(list(resolved.refusals()), [], variant, "refused")
        resources, before = resolved.resources(), len(failures)
        has_bus = "EventBusName" in parameters
        check_functions(resources, set(VARIABLES) - (set() if has_bus else {"connection-events"}))
        check_permissions(resources, parameters)
        check_api(resources)
        check_options(resources, parameters)
        check_storage(resources, parameters)
        check_secrets(template, resources, resolved.outputs())
        check_texts(resources)
        failures[before:] = [f"with {variant}: {failure}" for failure in failures[before:]]
        print(f"with {variant}: {len(resources)} resources")
    for parameters in REFUSED:
        check(any(Resolved(template, parameters).refusals()), "not refused:", parameters)
    print("\n".join(failures) or "everything as it should be")
    return 1 if failures else 0


sys.exit(main())
