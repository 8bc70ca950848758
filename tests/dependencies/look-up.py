"""Writes advisories.json: which advisories of RustSec's database there are for the crates of all lockfiles, and which versions they do not
hold for. Run it when a crate was added, and now and then.

usage: look-up.py DATABASE     a clone of https://github.com/RustSec/advisory-db
"""
import json
import subprocess
import sys
import tomllib

from check import HERE, LOCKS, ROOT, read_lock


def git(database, *words):
    return subprocess.run(["git", "-C", database, *words], check=True, capture_output=True, text=True).stdout


def advisory(text):
    """The facts of an advisory: it is Markdown that begins with a block of TOML."""
    facts = tomllib.loads(text.split("```toml", 1)[1].split("```", 1)[0])
    about, versions = facts["advisory"], facts["versions"]
    return {
        "id": about["id"],
        "kind": about.get("informational", "vulnerability"),
        "not": versions.get("patched", []) + versions.get("unaffected", []),
    }, "withdrawn" in about


def main():
    database = sys.argv[1]
    found = {}
    for name in sorted({crate["name"] for lock in LOCKS for crate in read_lock(ROOT / lock)}):
        paths = git(database, "ls-tree", "--name-only", "HEAD", f"crates/{name}/").split()
        read = [advisory(git(database, "show", f"HEAD:{path}")) for path in paths]
        found[name] = [facts for facts, withdrawn in read if not withdrawn]
    lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(known)}" for name, known in found.items())
    date, commit = git(database, "log", "-1", "--format=%cs %H").split()
    with open(HERE / "advisories.json", "w") as file:
        file.write(f'{{\n  "commit": "{commit}",\n  "date": "{date}",\n  "crates": {{\n{lines}\n  }}\n}}\n')


main()
