"""The SAM template as CloudFormation gets it, and what becomes of it with given parameters."""

import copy
import os
import re
from pathlib import Path

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "infra/sam/template.yaml"
CODE = {"bucket": "artifacts", "key": "bootstrap.zip"}

PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::StackName": "gmail-connect",
    "AWS::URLSuffix": "amazonaws.com",
}
ABSENT = object()


def transformed():
    """The template after SAM's transform, made on this machine; the functions' code is said to be in a bucket."""
    source = yaml_parse(TEMPLATE.read_text())
    for resource in source["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = f"s3://{CODE['bucket']}/{CODE['key']}"
    no_managed_policies = type("None", (), {"load": lambda self: {}})()
    return transform(source, {}, no_managed_policies)


def references(value):
    """The resources, parameters and pseudo parameters that a value names."""
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    found = set()
    for key, inner in value.items():
        if key == "Ref":
            found.add(inner)
        elif key == "Fn::GetAtt":
            found.add((inner if isinstance(inner, list) else inner.split("."))[0])
        elif key == "Fn::Sub":
            text, own = inner if isinstance(inner, list) else (inner, {})
            named = {name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text)}
            found |= (named - set(own)) | references(own)
        else:
            found |= references(inner)
    return found


class Resolved:
    """A template with its parameters put in and its conditions decided.

    What only a deployment knows stands as `${Resource}` or `${Resource.Attribute}`, unless `known` has it.
    """

    def __init__(self, template, parameters=None, known=None):
        self.template = template
        self.known = known or {}
        self.parameters = {name: str(parameter["Default"]) for name, parameter in template["Parameters"].items()}
        self.parameters |= parameters or {}

    def resources(self):
        """The resources that are there, each with what is in it."""
        there = {}
        for name, resource in self.template["Resources"].items():
            if self.holds(resource.get("Condition")):
                there[name] = copy.deepcopy(resource) | {"Properties": self.value(resource.get("Properties", {}))}
        return there

    def outputs(self):
        """The outputs that are there."""
        outputs = self.template["Outputs"].items()
        return {name: self.value(output["Value"]) for name, output in outputs if self.holds(output.get("Condition"))}

    def refusals(self):
        """What CloudFormation says of these parameters before it begins."""
        for rule in self.template.get("Rules", {}).values():
            if "RuleCondition" not in rule or self.value(rule["RuleCondition"]):
                for assertion in rule["Assertions"]:
                    if not self.value(assertion["Assert"]):
                        yield assertion["AssertDescription"]
        for name, value in self.parameters.items():
            parameter = self.template["Parameters"][name]
            values = value.split(",") if parameter["Type"] == "CommaDelimitedList" else [value]
            pattern, allowed = parameter.get("AllowedPattern", ".*"), parameter.get("AllowedValues")
            if not all(re.fullmatch(pattern, value) for value in values):
                yield f"{name} {parameter['ConstraintDescription']}"
            if allowed and value not in map(str, allowed):
                yield f"{name} is none of {allowed}"

    def holds(self, condition):
        """Whether a named condition is true; no condition always is."""
        return condition is None or self.value(self.template["Conditions"][condition])

    def value(self, value):
        """A value with every function in it worked out."""
        if isinstance(value, list):
            return [inner for inner in map(self.value, value) if inner is not ABSENT]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (key, argument), = value.items()
            function = getattr(self, "_" + key.removeprefix("Fn::").lower(), None)
            if key == "Ref" or function and key.startswith("Fn::") or key == "Condition" and isinstance(argument, str):
                return function(argument)
            if key.startswith("Fn::"):
                raise NotImplementedError(key)
        worked_out = {key: self.value(inner) for key, inner in value.items()}
        return {key: inner for key, inner in worked_out.items() if inner is not ABSENT}

    def _ref(self, name):
        if name == "AWS::NoValue":
            return ABSENT
        if name in self.parameters:
            text = self.parameters[name]
            is_list = self.template["Parameters"][name]["Type"] == "CommaDelimitedList"
            return text.split(",") if is_list else text
        return PSEUDO.get(name) or self.known.get(name, f"${{{name}}}")

    def _getatt(self, argument):
        name = argument if isinstance(argument, str) else ".".join(argument)
        return self.known.get(name, f"${{{name}}}")

    def _sub(self, argument):
        text, own = argument if isinstance(argument, list) else (argument, {})
        own = {name: self.value(value) for name, value in own.items()}

        def put_in(match):
            name = match[1]
            return own[name] if name in own else self._getatt(name) if "." in name else self._ref(name)

        return re.sub(r"\$\{([^!}]+)\}", put_in, text)

    def _join(self, argument):
        return argument[0].join(self.value(argument[1]))

    def _if(self, argument):
        return self.value(argument[1] if self.holds(argument[0]) else argument[2])

    def _condition(self, name):
        return self.holds(name)

    def _equals(self, argument):
        left, right = map(self.value, argument)
        return str(left) == str(right)

    def _not(self, argument):
        return not self.value(argument[0])

    def _and(self, argument):
        return all(map(self.value, argument))
