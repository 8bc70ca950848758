"""Drawings as Graphviz reads them, against their documents: nodes, arrows, labels and figures.

usage: check-dot.py DRAWING.dot DOCUMENT.json ..."""
import json
import subprocess
import sys


def arrows(doc):
    """How many arrows there are: what is read, made and ended, and what waits besides; each once."""
    found = set()
    for task in doc["tasks"]:
        found |= {("r", r, task["id"]) for r in task["reads"]}
        found |= {("w", r, task["id"]) for r in task["writes"]}
        found |= {("f", r, task["id"]) for r in task["frees"]}
        found |= {("a", wait["task"], task["id"]) for wait in task["waits_for"] if wait["why"] != "reads"}
    return len(found)


def text_of(item):
    """What Graphviz writes for an object, when all escapes are undone."""
    return [op["text"] for op in item.get("_ldraw_", []) if op["op"] == "T"]


def short(name):
    """A name as a label has it."""
    plain = "".join(" " if ord(c) < 32 or 127 <= ord(c) < 160 else c for c in name)
    plain = plain if len(plain) <= 60 else plain[:57] + "..."
    return plain.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


def check(path, doc):
    run = subprocess.run(["dot", "-Tjson", path], capture_output=True, text=True, check=True)
    assert run.stderr == "", run.stderr
    plain = subprocess.run(["dot", "-Tplain", path], capture_output=True, text=True, check=True).stdout.splitlines()
    graph = json.loads(run.stdout)
    nodes = [item for item in graph["objects"] if "kind" in item]
    edges = graph.get("edges", [])
    assert sum(line.startswith("node ") for line in plain) == len(nodes)
    assert sum(line.startswith("edge ") for line in plain) == len(edges)
    tasks = [node for node in nodes if node["shape"] == "box"]
    resources = [node for node in nodes if node["shape"] == "cylinder"]
    size = lambda items: sum(int(item.get("count", 1)) for item in items)
    assert (size(tasks), size(resources)) == (len(doc["tasks"]), len(doc["resources"]))
    assert sum(int(node.get("elements", 0)) for node in nodes) == sum(stage["elements"] for stage in doc["stages"])
    assert sum(int(node["bytes"]) for node in resources) == sum(r["bytes"] for r in doc["resources"])
    if doc["run"]:
        assert sum(int(node.get("chunks", 0)) for node in nodes) == doc["run"]["figures"]["chunks"]
    if len(nodes) != len(doc["tasks"]) + len(doc["resources"]):
        assert len(nodes) <= 500 < len(doc["tasks"]) + len(doc["resources"])
        return
    assert len(edges) == arrows(doc)
    by_name = {node["name"]: node for node in nodes}
    for resource in doc["resources"]:
        assert text_of(by_name[f"r{resource['id']}"])[0] == short(resource["name"]), resource["name"]
    critical = {int(node["name"][1:]) for node in tasks if node["critical"] == "true"}
    assert critical == set(doc["critical_path"]["tasks"])
    if doc["run"]:
        for stage in doc["stages"]:
            node = by_name[f"t{stage['task']}"]
            figures = [doc["passes"][p]["figures"] for p in stage["passes"]]
            assert int(node["chunks"]) == stage["chunks"]
            assert abs(float(node["fun_seconds"]) - sum(f["fun_seconds"] for f in figures)) < 1e-9
            assert int(node["bytes"]) == sum(f["bytes"] for f in figures)


def main(paths):
    for drawing, document in zip(paths[::2], paths[1::2]):
        with open(document, encoding="utf-8") as file:
            check(drawing, json.load(file))
    print(f"{len(paths) // 2} drawings are as their documents say")


main(sys.argv[1:])
