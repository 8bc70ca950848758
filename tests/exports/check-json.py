"""Documents against docs/record.schema.json, by python3-jsonschema; and that each id points somewhere, which a schema cannot say.

usage: check-json.py SCHEMA DOCUMENT..."""
import json
import sys

import jsonschema


def columns(table, what):
    """Columns have the same length."""
    lengths = {len(column) for column in table.values()}
    assert len(lengths) == 1, f"{what} has columns of lengths {lengths}"
    return lengths.pop()


def check_ids(doc):
    """Every id is a place in its list."""
    for kind in ("passes", "stages", "resources", "tasks"):
        assert [item["id"] for item in doc[kind]] == list(range(len(doc[kind]))), kind
    passes, stages, resources, tasks = (range(len(doc[kind])) for kind in ("passes", "stages", "resources", "tasks"))
    for task in doc["tasks"]:
        assert all(r in resources for field in ("reads", "writes", "frees") for r in task[field])
        assert all(wait["task"] in tasks and wait["task"] != task["id"] for wait in task["waits_for"])
        assert (task["stage"] in stages) == (task["kind"] == "map") == (task["resource"] is None)
    for item in doc["passes"]:
        assert item["id"] in doc["stages"][item["stage"]]["passes"]
    assert sorted(p for stage in doc["stages"] for p in stage["passes"]) == list(passes)
    assert all(task in tasks for task in doc["critical_path"]["tasks"])
    run = doc["run"]
    if run is None:
        return
    count = columns(run["chunks"], "chunks")
    assert all(stage in stages for stage in run["chunks"]["stage"])
    assert all(first <= last for first, last in zip(run["chunks"]["first"], run["chunks"]["last"]))
    columns(run["steps"], "steps")
    assert all(chunk < count for chunk in run["steps"]["chunk"])
    columns(run["memory"], "memory")
    assert run["memory"]["at"] == sorted(run["memory"]["at"])


def main(schema, documents):
    with open(schema, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in documents:
        with open(path, encoding="utf-8") as file:
            doc = json.load(file)
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(doc)]
        assert not errors, f"{path}: {errors[:5]}"
        check_ids(doc)
        # What is checked must be able to fail: the same with one field more, one less, and another version.
        for broken in (dict(doc, extra=1), {k: v for k, v in doc.items() if k != "tasks"}, dict(doc, version=2)):
            assert not validator.is_valid(broken), f"{path}: the schema accepts anything"
    print(f"{len(documents)} documents are as the schema says")


main(sys.argv[1], sys.argv[2:])
