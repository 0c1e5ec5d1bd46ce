#!/usr/bin/env python3
"""Writes each function's software bill of materials (CycloneDX 1.6): sbom.cdx.json beside its bootstrap.zip.

  infra/release/sbom.py TARGET LAMBDA-DIR FUNCTION…

`required` is what is linked into the program; `excluded` took part in the build and is not in it: procedural macros, build
scripts and what they use. Versions and edges are what `cargo tree --locked` resolves for these functions and this target, the
hashes of sources those in Cargo.lock. There is no time and no random number in it.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINKED = "normal,no-proc-macro"
BUILT = "normal,build"


def tree(target, functions, edges):
    """Each package that these kinds of edges lead to from the functions: its fields, and what it depends on."""
    packages = [option for function in functions for option in ("-p", function)]
    command = ["cargo", "tree", "--locked", "--target", target, "-e", edges, "--prefix", "depth", "--format", "|{p}|{l}|{r}"]
    lines = subprocess.check_output([*command, *packages], cwd=ROOT, text=True).splitlines()
    found, above = {}, []
    for line in filter(None, lines):
        depth, package, licence, repository = line.removesuffix(" (*)").split("|")
        name, version = package.split()[:2]
        reference = f"{name}@{version.removeprefix('v')}"
        node = found.setdefault(reference, {"licence": licence, "repository": repository, "uses": set()})
        above[int(depth) :] = [(reference, node)]
        if int(depth):
            above[int(depth) - 1][1]["uses"].add(reference)
    return found


def reached(packages, start):
    seen, ahead = set(), [start]
    while ahead:
        reference = ahead.pop()
        if reference not in seen:
            seen.add(reference)
            ahead.extend(packages[reference]["uses"])
    return seen


def checksums():
    """The hash of each package that comes from the registry."""
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    return {f"{package['name']}@{package['version']}": package.get("checksum") for package in locked}


def described(reference, package, checksum, scope):
    name, version = reference.split("@")
    component = {"type": "library", "bom-ref": reference, "name": name, "version": version, "scope": scope}
    if checksum:
        component["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        component["purl"] = f"pkg:cargo/{name}@{version}"
    component["licenses"] = [{"expression": package["licence"].replace(" / ", " OR ").replace("/", " OR ")}]
    if package["repository"]:
        component["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return component


def standard_library():
    version = re.search(r"^release: (.*)$", subprocess.check_output([os.environ.get("RUSTC", "rustc"), "-vV"], text=True), re.MULTILINE)[1]
    return {
        "type": "library",
        "bom-ref": f"std@{version}",
        "name": "std",
        "version": version,
        "description": "Rust's standard library",
        "scope": "required",
        "purl": f"pkg:github/rust-lang/rust@{version}",
        "licenses": [{"expression": "MIT OR Apache-2.0"}],
    }


def bill(function, linked, built, hashes, program):
    start = next(reference for reference in linked if reference.startswith(f"{function}@"))
    in_program, in_build = reached(linked, start), reached(built, start)
    standard = standard_library()
    itself = described(start, built[start], None, "required") | {
        "type": "application",
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(program).hexdigest()}],
    }
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": itself},
        "components": [standard]
        + [
            described(reference, built[reference], hashes[reference], "required" if reference in in_program else "excluded")
            for reference in sorted(in_build - {start})
        ],
        "dependencies": [
            {"ref": reference, "dependsOn": sorted(built[reference]["uses"]) + [standard["bom-ref"]] * (reference == start)}
            for reference in sorted(in_build)
        ],
    }


def main(target, folder, functions):
    linked, built = (tree(target, functions, edges) for edges in (LINKED, BUILT))
    hashes = checksums()
    for function in functions:
        with zipfile.ZipFile(folder / function / "bootstrap.zip") as archive:
            program = archive.read("bootstrap")
        text = json.dumps(bill(function, linked, built, hashes, program), indent=1)
        (folder / function / "sbom.cdx.json").write_text(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
