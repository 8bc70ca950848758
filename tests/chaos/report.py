"""Writes figures into docs/reliability.md: python3 tests/chaos/report.py RESULTS... [SOAK]

RESULTS are files of chaos.py (.jsonl), of which the programs of the newest code count; SOAK is the table of tests/e2e/soak.R (.md). Each stands
between two marks, and what is there is replaced.
"""
import json
import os
import sys
from datetime import date

import drive
import faults

DOCUMENT = os.path.join(os.path.dirname(os.path.dirname(drive.HERE)), "docs", "reliability.md")
KINDS = ("wrong", "lost", "hung", "left")


def newest(path):
    """The programs that the newest code ran, each once."""
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    return list({line["seed"]: line for line in lines if line["code"] == lines[-1]["code"]}.values())


def ends(fault):
    words = {faults.AS_EVER: "its own", faults.INTERRUPT: "an interrupt", faults.GONE: "none"}
    return " or ".join(words.get(end, f"`{end.removeprefix('memshare_error_')}`") for end in fault.ends)


def row(fault, programs):
    """A fault's figures. What went wrong with a program is counted with the fault of its last call."""
    calls = [call for program in programs for call in program["calls"] if call["fault"] == fault.name]
    hit = [call for call in calls if call["injected"]]
    failed = [program["failed"] for program in programs if program["failed"] and last_fault(program) == fault.name]
    counts = [failed.count(kind) for kind in KINDS]
    slowest = max((call["seconds"] for call in hit), default=0)
    figures = [sum(call["injected"] for call in hit), len(hit), len(hit) - sum(counts), *counts, f"{slowest:.1f} s"]
    return [fault.name, ends(fault), f"{fault.bound} s", fault.reports, *map(str, figures)]


def last_fault(program):
    return program["calls"][-1]["fault"] if program["calls"] else program["fault"]


def table(head, rows):
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def prompts(programs):
    """How long the prompt took to come back after Ctrl-C."""
    seconds = [call["prompt"] for program in programs for call in program["calls"] if call.get("end") == faults.INTERRUPT]
    if not seconds:
        return ""
    late = sum(second > drive.PROMPT_WITHIN for second in seconds)
    return (f"\n\nAfter {len(seconds)} Ctrl-C that ended a call the prompt was back within {max(seconds):.2f} s, "
            f"{late} of them later than {drive.PROMPT_WITHIN} s.")


def text(programs):
    head = ["fault", "the call's end", "bound", "who reports", "injected", "calls hit", "survived", *KINDS, "slowest"]
    rows = [row(fault, programs) for fault in faults.FAULTS]
    calls = sum(len(program["calls"]) for program in programs)
    failed = sum(program["failed"] is not None for program in programs)
    return (f"{len(programs)} programs with {calls} calls on {date.today()}, {failed} failed.\n\n" + table(head, rows) + prompts(programs))


def replaced(document, mark, words):
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    before, _, rest = document.partition(begin)
    return f"{before}{begin}\n{words}\n{end}{rest.partition(end)[2]}"


def main():
    with open(DOCUMENT, encoding="utf-8") as file:
        document = file.read()
    results = [path for path in sys.argv[1:] if path.endswith(".jsonl")]
    if results:
        document = replaced(document, "chaos", text([program for path in results for program in newest(path)]))
    for path in sys.argv[1:]:
        if path.endswith(".md"):
            with open(path, encoding="utf-8") as file:
                document = replaced(document, "soak", file.read().rstrip())
    with open(DOCUMENT, "w", encoding="utf-8") as file:
        file.write(document)


if __name__ == "__main__":
    main()
