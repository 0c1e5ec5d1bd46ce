"""Asserts on the transformed SAM template what linters do not: who may do what, what is there, and in which order."""

import json
import sys

from expected import OPEN_ROUTES, OPTIONAL, ROUTES, VARIABLES, as_list, found_in
from expected import statements as expected_statements
from sam_template import Resolved, references, transformed

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
    "CodeSigningConfigArn": "arn:aws:lambda:eu-central-1:123456789012:code-signing-config:csc-0f6c334abcdea4d8b",
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
    {"CodeSigningConfigArn": "arn:aws:lambda:eu-central-1:123456789012:function:gmail-connect-callback"},
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


def names(logical, parameters):
    """What a function's role calls what it uses."""
    table = parameters.get("RestoredTableName", "${Connections}")
    return {
        "client_secret": "${ClientSecret}",
        "cookie_key": "${CookieKey}",
        "table": table,
        "table_arn": f"arn:aws:dynamodb:eu-central-1:123456789012:table/{table}",
        "key": parameters.get("TokenKmsKeyArn", "${TokenKey.Arn}"),
        "stream": parameters.get("RestoredTableStreamArn", "${Connections.StreamArn}"),
        "bus": parameters.get("EventBusName"),
        "queue": "${UndeliveredEvents.Arn}",
        "logs": f"${{{logical}Logs.Arn}}",
    }


def check_permissions(resources, parameters):
    for logical, it in of_type(resources, "AWS::Lambda::Function").items():
        name, role = function_name(it), resources[f"{logical}Role"]["Properties"]
        equal(it["Role"], f"${{{logical}Role.Arn}}", name, "has the role")
        check("ManagedPolicyArns" not in role, name, "has managed policies")
        found = {sid: found_in(statement) for sid, statement in statements(role).items()}
        expected = expected_statements(name, names(logical, parameters), "Tracing" in parameters)
        equal(set(found), set(expected), name, "has the statements")
        for sid, statement in found.items():
            equal(statement, expected.get(sid), name, sid, "allows")


def check_api(resources):
    integrations = of_type(resources, "AWS::ApiGatewayV2::Integration")
    called = {f"integrations/${{{name}}}": it["IntegrationUri"][2:-5] for name, it in integrations.items()}
    found = {
        it["RouteKey"]: (function_name(resources[called[it["Target"]]]["Properties"]), it["AuthorizationType"])
        for it in of_type(resources, "AWS::ApiGatewayV2::Route").values()
    }
    equal(found, ROUTES, "routes")
    stage = resources["ApiStage"]
    equal(set(stage["Properties"]["RouteSettings"]), OPEN_ROUTES, "throttled routes")
    waited_for = {resources[name]["Properties"]["RouteKey"] for name in stage["DependsOn"]}
    check(OPEN_ROUTES <= waited_for, "the stage does not wait for", OPEN_ROUTES - waited_for)
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
        equal(it.get("CodeSigningConfigArn"), parameters.get("CodeSigningConfigArn"), function_name(it), "code signing")
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
