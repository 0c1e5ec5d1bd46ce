"""Asks the emulated AWS what a deployment really made there, and compares it with what the README promises."""

import json
import pathlib
import sys
import zipfile

import boto3

from expected import ACCOUNT, NAME, OPEN_ROUTES, OPTIONAL, REGION, ROUTES, VARIABLES, found_in
from expected import statements as expected_statements

TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{NAME}-connections"
QUEUE = f"{NAME}-connection-events-undelivered"

ALARMS = {"api-5xx", "api-p99", "throttles", "misconfigured", "access-denied", "reauthorizations"}
ALARMS_WITH_BUS = {"undelivered", "stream-age"}
WIDGETS = [
    "Requests and 5xx", "Latency of the API", "Duration of the functions", "Cold starts", "Access tokens",
    "Reauthorizations by cause", "Gmail quota units", "Latency of upstreams", "Throttles", "Alarms",
]

problems = []
compared = 0


def expect(what, found, wanted):
    """Remembers a difference, so that one run tells all of them."""
    global compared
    compared += 1
    if found != wanted:
        problems.append(f"{what}\n    is      {found}\n    must be {wanted}")


def aws(service):
    return boto3.client(service)


def functions():
    """Every function of the deployment by its short name."""
    pages = aws("lambda").get_paginator("list_functions").paginate()
    found = [function for page in pages for function in page["Functions"]]
    return {function["FunctionName"].removeprefix(f"{NAME}-"): function for function in found}


def secret(kind):
    found = [item["ARN"] for item in aws("secretsmanager").list_secrets()["SecretList"] if f"/{kind}-" in item["Name"]]
    return found[0]


def variables(function):
    return function.get("Environment", {}).get("Variables", {})


def check_functions(wanted, architecture, tracing, timeout_of_events=60):
    found = functions()
    expect("the functions", set(found), set(wanted))
    for name, function in found.items():
        expect(f"{name}: environment", set(variables(function)), wanted.get(name))
        expect(f"{name}: runtime", (function["Runtime"], function["Handler"]), ("provided.al2023", "bootstrap"))
        expect(f"{name}: architecture", function["Architectures"], [architecture])
        expect(f"{name}: memory", function["MemorySize"], 256)
        expect(f"{name}: timeout", function["Timeout"], timeout_of_events if name == "connection-events" else 30)
        expect(f"{name}: tracing", function["TracingConfig"]["Mode"], tracing)


def check_values():
    """The variables name what the deployment made."""
    key = aws("kms").describe_key(KeyId=f"alias/{NAME}")["KeyMetadata"]["Arn"]
    wanted = {
        "CLIENT_SECRET_ID": secret("client-secret"),
        "COOKIE_KEY_SECRET_ID": secret("cookie-key"),
        "CONNECTIONS_TABLE": f"{NAME}-connections",
        "TOKEN_KMS_KEY_ID": key,
        "SCOPES": "openid email https://www.googleapis.com/auth/gmail.readonly",
        "SESSION_TTL_SECONDS": "28800",
        "GMAIL_QUOTA_UNITS_PER_MINUTE": "6000",
        "GMAIL_BATCHES_AT_ONCE": "20",
        "RUST_LOG": "info",
    }
    for name, function in functions().items():
        for variable, value in variables(function).items():
            if variable in wanted:
                expect(f"{name}: {variable}", value, wanted[variable])


def statements(name, function):
    """The role's one policy, after checks of what no policy of it may have."""
    iam = aws("iam")
    role = function["Role"].rsplit("/", 1)[-1]
    expect(f"{name}: managed policies", iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"], [])
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    expect(f"{name}: inline policies", names, ["permissions"])
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    expect(f"{name}: who assumes its role", [item["Principal"] for item in trust], [{"Service": "lambda.amazonaws.com"}])
    return iam.get_role_policy(RoleName=role, PolicyName="permissions")["PolicyDocument"]["Statement"]


def names(function, bus):
    """What a function's role calls what it uses."""
    return {
        "client_secret": secret("client-secret"),
        "cookie_key": secret("cookie-key"),
        "table": f"{NAME}-connections",
        "table_arn": TABLE,
        "key": aws("kms").describe_key(KeyId=f"alias/{NAME}")["KeyMetadata"]["Arn"],
        "stream": aws("dynamodb").describe_table(TableName=f"{NAME}-connections")["Table"]["LatestStreamArn"],
        "bus": bus,
        "queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}",
        "logs": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{NAME}-{function}:*",
    }


def check_permissions(tracing=False, bus=None):
    for name, function in functions().items():
        wanted, found = expected_statements(name, names(name, bus), tracing), {}
        for item in statements(name, function):
            found[item["Sid"]] = found_in(item)
            expect(f"{name}: {item['Sid']}: effect", item["Effect"], "Allow")
            expect(f"{name}: {item['Sid']}: action wildcards", [action for action in item["Action"] if "*" in action], [])
        for sid in set(found) | set(wanted):
            expect(f"{name}: {sid}", found.get(sid), wanted.get(sid))


def check_api(origins):
    gateway = aws("apigatewayv2")
    (api,) = gateway.get_apis()["Items"]
    identity = {"ApiId": api["ApiId"]}
    integrations = {item["IntegrationId"]: item for item in gateway.get_integrations(**identity)["Items"]}
    for item in integrations.values():
        kind = (item["IntegrationType"], item["PayloadFormatVersion"], item["TimeoutInMillis"])
        expect("an integration", kind, ("AWS_PROXY", "2.0", 30000))
    routes = {}
    for route in gateway.get_routes(**identity, MaxResults="100")["Items"]:
        uri = integrations[route["Target"].removeprefix("integrations/")]["IntegrationUri"]
        function = uri.split(f":function:{NAME}-")[1].split("/")[0]
        routes[route["RouteKey"]] = (function, route["AuthorizationType"])
    expect("the routes", routes, ROUTES)
    check_stage(gateway.get_stages(**identity)["Items"])
    cors = api.get("CorsConfiguration")
    if origins:
        expect("CORS: origins", sorted(cors["AllowOrigins"]), sorted(origins))
        expect("CORS: methods", sorted(cors["AllowMethods"]), ["DELETE", "GET"])
        expect("CORS: headers", (cors["AllowHeaders"], sorted(cors["ExposeHeaders"])), (["content-type"], ["retry-after", "x-gmail-quota-units"]))
        expect("CORS: credentials and age", (cors["AllowCredentials"], cors["MaxAge"]), (True, 600))
    else:
        expect("CORS", cors, None)
    for name in {function for function, _ in ROUTES.values()}:
        (item,) = json.loads(aws("lambda").get_policy(FunctionName=f"{NAME}-{name}")["Policy"])["Statement"]
        source = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api['ApiId']}/*"
        condition = {"ArnLike": {"AWS:SourceArn": source}}
        expect(f"{name}: who invokes it", item["Principal"], {"Service": "apigateway.amazonaws.com"})
        expect(f"{name}: for which API", item["Condition"], condition)


def check_stage(stages):
    (stage,) = stages
    expect("the stage", (stage["StageName"], stage["AutoDeploy"]), ("$default", True))
    settings = {key: (item["ThrottlingRateLimit"], item["ThrottlingBurstLimit"]) for key, item in stage["RouteSettings"].items()}
    wanted = {key: (50.0, 100) for key in OPEN_ROUTES}
    expect("throttling of the open routes", settings, wanted)
    log = stage["AccessLogSettings"]
    expect("access log: lines", log["Format"].count("\n"), 0)
    told = set(json.loads(log["Format"]).values())
    unwanted = {value for value in told for word in ("path", "query", "header", "sourceIp", "userAgent") if word in value}
    expect("access log: what it must not hold", unwanted, set())
    expect("access log: group", log["DestinationArn"].split(":log-group:")[1], f"/aws/vendedlogs/apigateway/{NAME}")


def check_storage(protected):
    dynamodb = aws("dynamodb")
    name = {"TableName": f"{NAME}-connections"}
    table = dynamodb.describe_table(**name)["Table"]
    key = aws("kms").describe_key(KeyId=f"alias/{NAME}")["KeyMetadata"]
    expect("table: keys", table["KeySchema"], [{"AttributeName": "pk", "KeyType": "HASH"}])
    expect("table: billing", table["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")
    expect("table: protection", table["DeletionProtectionEnabled"], protected)
    expect("table: stream", table["StreamSpecification"]["StreamViewType"], "NEW_AND_OLD_IMAGES")
    expect("table: key", table["SSEDescription"]["KMSMasterKeyArn"], key["Arn"])
    (index,) = table["GlobalSecondaryIndexes"]
    keys = [(item["AttributeName"], item["KeyType"]) for item in index["KeySchema"]]
    expect("index: keys", (index["IndexName"], keys), ("users-by-status", [("status", "HASH"), ("user_id", "RANGE")]))
    projection = (index["Projection"]["ProjectionType"], sorted(index["Projection"]["NonKeyAttributes"]))
    expect("index: projection", projection, ("INCLUDE", ["connected_at", "email"]))
    ttl = dynamodb.describe_time_to_live(**name)["TimeToLiveDescription"]
    expect("table: TTL", (ttl["TimeToLiveStatus"], ttl["AttributeName"]), ("ENABLED", "expires_at"))
    backups = dynamodb.describe_continuous_backups(**name)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    expect("table: point-in-time recovery", recovery, "ENABLED")
    expect("key: multi-Region", key["MultiRegion"], True)
    expect("key: rotation", aws("kms").get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"], True)
    policy = json.loads(aws("kms").get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"])
    actions = [action for item in policy["Statement"] for action in item["Action"]]
    expect("key: wildcards", [action for action in actions if "*" in action], [])
    versions = aws("secretsmanager").list_secret_version_ids(SecretId=secret("client-secret"))["Versions"]
    expect("client secret: versions", versions, [])


def check_operation(bus=None, topic=None):
    wanted = {f"/aws/lambda/{NAME}-{name}" for name in functions()} | {f"/aws/vendedlogs/apigateway/{NAME}"}
    groups = {item["logGroupName"]: item.get("retentionInDays") for item in aws("logs").describe_log_groups()["logGroups"]}
    expect("log groups", groups, dict.fromkeys(wanted, 30))
    alarms = aws("cloudwatch").describe_alarms()["MetricAlarms"]
    names = ALARMS | (ALARMS_WITH_BUS if bus else set())
    expect("alarms", {alarm["AlarmName"] for alarm in alarms}, {f"{NAME}-{name}" for name in names})
    for alarm in alarms:
        name = alarm["AlarmName"].removeprefix(f"{NAME}-")
        says = alarm["AlarmDescription"].endswith(f"See the README's runbook: {name}.")
        expect(f"{name}: description", says, True)
        expect(f"{name}: missing data", alarm["TreatMissingData"], "notBreaching")
        actions = [topic] if topic else []
        expect(f"{name}: actions", (alarm["AlarmActions"], alarm["OKActions"]), (actions, actions))
    body = json.loads(aws("cloudwatch").get_dashboard(DashboardName=f"{NAME}-{REGION}")["DashboardBody"])
    expect("dashboard", [widget["properties"]["title"] for widget in body["widgets"]], WIDGETS)
    expect("dashboard: alarms", len(body["widgets"][-1]["properties"]["alarms"]), len(names))


def check_events():
    (mapping,) = aws("lambda").list_event_source_mappings()["EventSourceMappings"]
    stream = aws("dynamodb").describe_table(TableName=f"{NAME}-connections")["Table"]["LatestStreamArn"]
    pattern = {"dynamodb": {"Keys": {"pk": {"S": [{"prefix": "connection#"}]}}}}
    expect("event source: stream", mapping["EventSourceArn"], stream)
    expect("event source: filter", [json.loads(item["Pattern"]) for item in mapping["FilterCriteria"]["Filters"]], [pattern])
    settings = ("StartingPosition", "BatchSize", "MaximumRecordAgeInSeconds", "BisectBatchOnFunctionError", "FunctionResponseTypes")
    wanted = ["TRIM_HORIZON", 100, 79200, True, ["ReportBatchItemFailures"]]
    expect("event source", [mapping.get(name) for name in settings], wanted)
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}"
    expect("event source: destination", mapping["DestinationConfig"]["OnFailure"]["Destination"], queue)
    url = aws("sqs").get_queue_url(QueueName=QUEUE)["QueueUrl"]
    attributes = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    found = (attributes["MessageRetentionPeriod"], attributes["SqsManagedSseEnabled"])
    expect("queue: retention, encryption", (found[0], found[1].lower()), ("1209600", "true"))


# Without a bus there is no connection-events.
WITHOUT_CHOICES = {name: wanted - OPTIONAL for name, wanted in VARIABLES.items() if name != "connection-events"}


def defaults():
    check_functions(WITHOUT_CHOICES, "arm64", "PassThrough")
    check_values()
    check_permissions()
    check_api([])
    check_storage(protected=True)
    check_operation()
    expect("event sources", aws("lambda").list_event_source_mappings()["EventSourceMappings"], [])


ORIGINS = ["https://app.example.com", "https://admin.example.com"]
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"


def prepare():
    """Makes what a deployment with everything refers to, and prints its variables."""
    aws("events").create_event_bus(Name="told")
    aws("sns").create_topic(Name="alarms")
    print(json.dumps({
        "architecture": "x86_64", "allowed_return_origins": ORIGINS, "public_base_url": "https://mail.example.com",
        "reserved_concurrency": 7, "tracing": True, "event_bus_name": "told", "alarm_topic_arn": TOPIC,
        "deletion_protection": False,
    }))


def everything():
    check_functions(VARIABLES, "x86_64", "Active")
    check_values()
    check_permissions(tracing=True, bus="told")
    check_api(ORIGINS)
    check_storage(protected=False)
    check_operation(bus="told", topic=TOPIC)
    check_events()
    for name, function in functions().items():
        found = aws("lambda").get_function_concurrency(FunctionName=function["FunctionName"])
        reserved = None if name == "connection-events" else 7
        expect(f"{name}: reserved concurrency", found.get("ReservedConcurrentExecutions"), reserved)
    callback = variables(functions()["callback"])
    expect("ALLOWED_RETURN_ORIGINS", callback["ALLOWED_RETURN_ORIGINS"], ",".join(ORIGINS))
    expect("PUBLIC_BASE_URL", callback["PUBLIC_BASE_URL"], "https://mail.example.com")


def written(folder):
    """Everything that terraform wrote, plans unpacked."""
    for path in pathlib.Path(folder).iterdir():
        if path.is_file():
            yield path.name, path.read_bytes()
        if path.is_file() and zipfile.is_zipfile(path):
            archive = zipfile.ZipFile(path)
            yield from ((f"{path.name}/{member}", archive.read(member)) for member in archive.namelist())


def cookie_key():
    return aws("secretsmanager").get_secret_value(SecretId=secret("cookie-key"), VersionStage="AWSCURRENT")["SecretString"]


def secrecy(folder):
    """The cookie key is made, and is in nothing that terraform wrote."""
    value = cookie_key()
    expect("cookie key: length, plain characters", (len(value), value.isalnum()), (64, True))
    files = dict(written(folder))
    searched = {"terraform.tfstate", "plan.json", "outputs.json", "first.tfplan/tfplan"}
    expect("files that must be searched", searched - set(files), set())
    expect("files with the cookie key", [name for name, content in files.items() if value.encode() in content], [])
    planned = json.loads(files["plan.json"])["planned_values"]["root_module"]["child_modules"][0]["resources"]
    kept = [item["values"].get("secret_string_wo") for item in planned if item["type"] == "aws_secretsmanager_secret_version"]
    expect("cookie key in the plan", kept, [None])


ROTATED = ["first-rotation-of-the-cookie-key-by-hand", "second-rotation-of-the-cookie-key-by-hand"]


def rotate():
    """Twice, so that terraform's own version is neither the current nor the previous one."""
    for value in ROTATED:
        aws("secretsmanager").put_secret_value(SecretId=secret("cookie-key"), SecretString=value)


def rotated(folder):
    """Another apply leaves a rotated cookie key alone, and does not write it down."""
    expect("cookie key after another apply", cookie_key(), ROTATED[-1])
    found = [name for name, content in written(folder) for value in ROTATED if value.encode() in content]
    expect("files with the rotated cookie key", found, [])


def nothing():
    """What is left after a destroy: a key on its way out, and nothing else."""
    expect("functions", functions(), {})
    expect("APIs", aws("apigatewayv2").get_apis()["Items"], [])
    expect("tables", aws("dynamodb").list_tables()["TableNames"], [])
    expect("log groups", aws("logs").describe_log_groups()["logGroups"], [])
    expect("alarms", aws("cloudwatch").describe_alarms()["MetricAlarms"], [])
    expect("dashboards", aws("cloudwatch").list_dashboards()["DashboardEntries"], [])
    expect("secrets", aws("secretsmanager").list_secrets()["SecretList"], [])
    expect("queues", aws("sqs").list_queues().get("QueueUrls", []), [])
    expect("roles", [role["RoleName"] for role in aws("iam").list_roles()["Roles"] if role["RoleName"].startswith(NAME)], [])
    kms = aws("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    ours = {key["KeyState"] for key in keys if key["Description"].startswith(NAME)}
    expect("keys", ours, {"PendingDeletion"})


def environments():
    """Prints each function's environment."""
    print(json.dumps({name: variables(function) for name, function in functions().items()}, indent=2, sort_keys=True))


{
    "defaults": defaults, "everything": everything, "prepare": prepare, "secrecy": secrecy, "rotate": rotate,
    "rotated": rotated, "nothing": nothing, "environments": environments,
}[sys.argv[1]](*sys.argv[2:])
if problems:
    sys.exit("\n".join(problems))
if compared:
    print(f"{sys.argv[1]}: {compared} comparisons hold", file=sys.stderr)
