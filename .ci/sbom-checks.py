"""Holds bills of materials against CycloneDX's schema, and against the programs that they describe."""

import hashlib
import json
import re
import sys
import zipfile
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

# Where a panic happened, as infra/release/flags has it written: the crate and its version.
PLACE = re.compile(rb"/cargo/registry/src/[^/]+/([A-Za-z0-9_-]+?)-([0-9][^/]*)/")


def check(path):
    text = path.read_text()
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        return f"not CycloneDX 1.6: {error}"
    bill = json.loads(text)
    with zipfile.ZipFile(path.with_name("bootstrap.zip")) as archive:
        program = archive.read("bootstrap")
    if bill["metadata"]["component"]["hashes"][0]["content"] != hashlib.sha256(program).hexdigest():
        return "the hash is not that of the program"
    linked = {component["bom-ref"] for component in bill["components"] if component["scope"] == "required"}
    named = {f"{name.decode()}@{version.decode()}" for name, version in PLACE.findall(program)}
    if not named:
        return "the program names no crate, so nothing can be held against it"
    if missing := named - linked:
        return f"not in it, and named by the program: {', '.join(sorted(missing))}"
    print(f"{path}: {len(linked)} linked, of which the program names {len(named)}")
    return None


problems = [f"{path}: {problem}" for path in map(Path, sys.argv[1:]) if (problem := check(path))]
sys.exit("\n".join(problems) or None)
