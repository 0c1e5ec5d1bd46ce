"""Deploys the transformed SAM template to a moto that holds nothing yet; prints the environment of each function.

    sam-deploy.py ENDPOINT [Parameter=value …]

Of RestoredTableName only the name is given: such a table is made first.

moto's CloudFormation does not know every type of resource. Those are made here, by the same API calls and from the
same properties; what moto knows nothing of is left out. Both are said on stderr.
"""

import io
import json
import sys
import zipfile

import boto3

from sam_template import CODE, PSEUDO, Resolved, references, transformed

STACK, REGION, ACCOUNT = PSEUDO["AWS::StackName"], PSEUDO["AWS::Region"], PSEUDO["AWS::AccountId"]


def say(*words):
    print(*words, file=sys.stderr)


class Moto:
    """Makes resources one by one, and keeps what later ones refer to."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.known = {}
        self.makers = {
            "AWS::SecretsManager::Secret": self.secret,
            "AWS::ApiGatewayV2::Api": self.api,
            "AWS::ApiGatewayV2::Integration": self.integration,
            "AWS::ApiGatewayV2::Route": self.route,
            "AWS::ApiGatewayV2::Stage": self.stage,
            "AWS::CloudWatch::Alarm": self.alarm,
        }
        self.unknown = {"AWS::ApiGatewayV2::DomainName", "AWS::ApiGatewayV2::ApiMapping", "AWS::Route53::RecordSet"}

    def client(self, service):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, region_name=REGION, endpoint_url=self.endpoint, **keys)

    def make(self, name, resource):
        self.makers[resource["Type"]](name, resource["Properties"])
        say(f"made by its API: {name} ({resource['Type']})")

    def secret(self, name, properties):
        client, wanted = self.client("secretsmanager"), properties.get("GenerateSecretString")
        value = {}
        if wanted:
            value["SecretString"] = client.get_random_password(**wanted)["RandomPassword"]
        made = client.create_secret(Name=f"{STACK}-{name}", Description=properties["Description"], **value)
        self.known[name] = made["ARN"]

    def api(self, name, properties):
        made = self.client("apigatewayv2").create_api(**properties)
        self.known |= {name: made["ApiId"], f"{name}.ApiEndpoint": made["ApiEndpoint"]}

    def integration(self, name, properties):
        self.known[name] = self.client("apigatewayv2").create_integration(**properties)["IntegrationId"]

    def route(self, name, properties):
        self.known[name] = self.client("apigatewayv2").create_route(**properties)["RouteId"]

    def stage(self, name, properties):
        limits = {"ThrottlingRateLimit": float, "ThrottlingBurstLimit": int}
        properties["RouteSettings"] = {
            route: {key: limits[key](value) for key, value in settings.items()}
            for route, settings in properties["RouteSettings"].items()
        }
        self.known[name] = self.client("apigatewayv2").create_stage(**properties)["StageName"]

    def alarm(self, name, properties):
        self.client("cloudwatch").put_metric_alarm(**properties)

    def restored(self, name):
        """A table as a restore leaves it, once its stream is switched on; the ARN of that stream."""
        made = self.client("dynamodb").create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        return made["TableDescription"]["LatestStreamArn"]

    def store_code(self):
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("bootstrap", "")
        s3 = self.client("s3")
        s3.create_bucket(Bucket=CODE["bucket"], CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket=CODE["bucket"], Key=CODE["key"], Body=code.getvalue())

    def create_stack(self, template, parameters):
        client = self.client("cloudformation")
        client.create_stack(
            StackName=STACK,
            TemplateBody=json.dumps(template),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        (stack,) = client.describe_stacks(StackName=STACK)["Stacks"]
        if stack["StackStatus"] != "CREATE_COMPLETE":
            sys.exit(f"the stack is {stack['StackStatus']}: {stack.get('StackStatusReason')}")
        made = client.describe_stack_resources(StackName=STACK)["StackResources"]
        return {it["LogicalResourceId"]: it.get("PhysicalResourceId") for it in made}


    def look(self, resources, others):
        """Whether moto has as many of each as the template describes."""
        (api,) = self.client("apigatewayv2").get_apis()["Items"]
        routes = self.client("apigatewayv2").get_routes(ApiId=api["ApiId"])["Items"]
        groups = self.client("logs").describe_log_groups()["logGroups"]
        iam, lambdas = self.client("iam"), self.client("lambda")
        roles = [role["RoleName"] for role in iam.list_roles()["Roles"]]
        functions = [function["FunctionName"] for function in lambdas.list_functions()["Functions"]]
        found = {
            "AWS::ApiGatewayV2::Route": len(routes),
            "AWS::CloudWatch::Alarm": len(self.client("cloudwatch").describe_alarms()["MetricAlarms"]),
            "AWS::CloudWatch::Dashboard": len(self.client("cloudwatch").list_dashboards()["DashboardEntries"]),
            "AWS::DynamoDB::Table": len(self.client("dynamodb").list_tables()["TableNames"]),
            "AWS::IAM::Role": sum(len(iam.list_role_policies(RoleName=role)["PolicyNames"]) for role in roles),
            "AWS::Lambda::EventSourceMapping": len(lambdas.list_event_source_mappings()["EventSourceMappings"]),
            "AWS::Lambda::Function": len(functions),
            "AWS::Logs::LogGroup": sum("retentionInDays" in group for group in groups),
            "AWS::SQS::Queue": len(self.client("sqs").list_queues().get("QueueUrls", [])),
            "AWS::SecretsManager::Secret": len(self.client("secretsmanager").list_secrets()["SecretList"]),
        }
        types = [resource["Type"] for resource in resources.values()]
        expected = {kind: types.count(kind) for kind in found}
        expected["AWS::DynamoDB::Table"] += others
        if found != expected:
            sys.exit(f"moto has {found}, not {expected}")


def put_in(value, known):
    """A template's value with what is known in place of its references; the rest is left to CloudFormation."""
    if isinstance(value, list):
        return [put_in(inner, known) for inner in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (key, argument), = value.items()
        if key == "Ref" and argument in known:
            return known[argument]
        if key == "Fn::GetAtt" and ".".join(argument) in known:
            return known[".".join(argument)]
        if key == "Fn::Sub":
            text, own = argument if isinstance(argument, list) else (argument, {})
            for name, text_of_it in known.items():
                text = text.replace(f"${{{name}}}", text_of_it)
            return {"Fn::Sub": [text, put_in(own, known)]}
    return {key: put_in(inner, known) for key, inner in value.items()}


def deploy(moto, parameters):
    template = transformed()
    if restored := parameters.get("RestoredTableName"):
        parameters = parameters | {"RestoredTableStreamArn": moto.restored(restored)}
    resolved = Resolved(template, parameters, moto.known)
    if refused := list(resolved.refusals()):
        sys.exit("\n".join(refused))
    there = resolved.resources()
    left_out = {name for name, it in there.items() if it["Type"] in moto.unknown}
    for name in sorted(left_out):
        say(f"left out, for moto cannot make it: {name} ({there[name]['Type']})")
    by_api = {name for name, it in there.items() if it["Type"] in moto.makers}
    first = {name for name in by_api if not references(template["Resources"][name]["Properties"]) & set(there)}
    for name in sorted(first):
        moto.make(name, there[name])
    alarms = {name: it for name, it in there.items() if it["Type"] == "AWS::CloudWatch::Alarm"}
    for name, it in alarms.items():
        alarm_name = it["Properties"]["AlarmName"]
        moto.known[f"{name}.Arn"] = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{alarm_name}"

    stack = {key: template[key] for key in ("AWSTemplateFormatVersion", "Parameters", "Conditions")}
    rest = {name: it for name, it in template["Resources"].items() if name in there and name not in by_api | left_out}
    stack["Resources"] = put_in(rest, moto.known)
    moto.store_code()
    made = moto.create_stack(stack, parameters)
    if missing := set(rest) - set(made):
        sys.exit(f"moto made no {missing}")
    moto.known |= made
    if "TokenKey" in made:
        moto.known["TokenKey.Arn"] = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{made['TokenKey']}"
    lambdas = moto.client("lambda")
    kind = "AWS::Lambda::Function"
    functions = {name: it["Properties"]["FunctionName"] for name, it in there.items() if it["Type"] == kind}
    found = {function: lambdas.get_function(FunctionName=function)["Configuration"] for function in functions.values()}
    moto.known |= {f"{name}.Arn": found[function]["FunctionArn"] for name, function in functions.items()}
    if "UndeliveredEvents" in there:
        moto.known["UndeliveredEvents.QueueName"] = there["UndeliveredEvents"]["Properties"]["QueueName"]

    later = Resolved(template, parameters, moto.known).resources()
    order = list(moto.makers)
    for name in sorted(by_api - first, key=lambda name: order.index(later[name]["Type"])):
        moto.make(name, later[name])
    for name, value in Resolved(template, parameters, moto.known).outputs().items():
        say(f"{name}: {value}")
    moto.look(there, others=1 if restored else 0)
    # moto keeps a number as a number, where Lambda has texts only.
    return {
        function.removeprefix(f"{STACK}-"): {name: str(value) for name, value in it["Environment"]["Variables"].items()}
        for function, it in found.items()
    }


def main():
    endpoint, *given = sys.argv[1:]
    moto = Moto(endpoint)
    environments = deploy(moto, dict(parameter.split("=", 1) for parameter in given))
    print(json.dumps(environments, indent=2))


main()
