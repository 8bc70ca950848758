"""Random R sessions under faults of real processes.

usage: python3 tests/chaos/chaos.py [--programs N] [--seed S] [--only WORDS] [--short] [--results FILE]

Tries seeds from S on, N of them, and says what came of each. A seed that failed is printed with its program, and how to try it alone. With
--results each program's records are added to a file, and seeds that passed by the same code are not tried again: a run that was broken off
goes on. --only takes the faults whose names hold these words, and has them befall every call that they can. --short tries each fault once, on one
call, but for those that take long to be noticed and the third of the signals that end a process. memshare is that of build/library, unless R_LIBS says otherwise.
"""
import argparse
import hashlib
import itertools
import json
import os
import shutil
import sys
import tempfile
import time

import drive
import faults
import machine

ROOT = os.path.dirname(os.path.dirname(drive.HERE))
CODE = ("tests/chaos", "scheduler/src", "rpkg/R", "rpkg/src/rust/src")


def code():
    """What is tried: other code begins anew."""
    mark = hashlib.sha256()
    for top in CODE:
        for folder, folders, files in os.walk(os.path.join(ROOT, top)):
            folders.sort()
            for name in sorted(name for name in files if name.endswith((".py", ".R", ".rs"))):
                with open(os.path.join(folder, name), "rb") as file:
                    mark.update(name.encode() + b"\0" + file.read())
    return mark.hexdigest()[:16]


def passed_before(path, key):
    if not path or not os.path.exists(path):
        return set()
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    return {line["seed"] for line in lines if line["code"] == key and line["failed"] is None}


def one(seed, top, options):
    """Runs a program; its record for the results."""
    scratch = os.path.join(top, str(seed))
    os.mkdir(scratch)
    program = drive.Program(seed, scratch, options.short, options.only != "")
    begun = time.monotonic()
    failed, seen = None, ""
    try:
        program.run()
    except drive.Failed as error:
        failed, seen = error.kind, str(error)
    seconds = time.monotonic() - begun
    print(f"{'ok    ' if failed is None else 'FAILED'} {seed}: {program.fault.name} ({seconds:.1f} s)", flush=True)
    if failed is None:
        shutil.rmtree(scratch)
    else:
        for call in program.calls:
            print(f"    {call}")
        print("    " + seen.replace("\n", "\n    ") + f"\n    kept: {scratch}", flush=True)
        how = (" --short" if options.short else "") + (f" --only '{options.only}'" if options.only else "")
        print(f"    again: python3 tests/chaos/chaos.py --seed {seed} --programs 1{how}", flush=True)
    return {"seed": seed, "fault": program.fault.name, "failed": failed, "seconds": round(seconds, 1), "calls": program.calls}


def is_wanted(fault, options, can):
    slow = fault.bound == faults.STALL or fault.seconds > 5 or fault.act == "SIGTERM"
    return options.only in fault.name and fault.needs in can and not (options.short and slow)


def seeds_of(options, can):
    """The seeds to try."""
    if options.short:
        options.programs = sum(is_wanted(fault, options, can) for fault in faults.FAULTS)
    fits = (seed for seed in itertools.count(options.seed) if is_wanted(faults.of_seed(seed), options, can))
    return itertools.islice(fits, options.programs)


def main():
    parser = argparse.ArgumentParser()
    for name, default in (("programs", 300), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--only", default="")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--results")
    options = parser.parse_args()
    machine.enter(sys.argv)
    os.environ.setdefault("R_LIBS", os.path.join(ROOT, "build", "library"))
    can = machine.offers()
    lacking = [f for f in faults.FAULTS if f.needs not in can]
    for fault in lacking:
        print(f"not tried, for want of {fault.needs}: {fault.name}")
    key = code()
    done = passed_before(options.results, key)
    top = tempfile.mkdtemp(prefix="chaos-")
    failures = 0
    for seed in seeds_of(options, can):
        if seed in done:
            continue
        record = {"code": key, **one(seed, top, options)}
        failures += record["failed"] is not None
        if options.results:
            with open(options.results, "a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
    if not failures:
        shutil.rmtree(top)
    print(f"{failures} of {options.programs} programs failed")
    return min(failures, 1)


if __name__ == "__main__":
    sys.exit(main())
