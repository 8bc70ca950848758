"""Says whether the crates of all lockfiles are what policy.toml allows: where they come from, that their archives hold them and nothing
else, licences, versions, advisories. Status 1, with a line for each fault. Asks no network.

usage: check.py [--list]     --list prints the crates, and which of them run code when memshare is built
"""
import hashlib
import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
LOCKS = ("Cargo.lock", "fuzz/Cargo.lock", "rpkg/src/rust/Cargo.lock")
REGISTRY = "registry+https://github.com/rust-lang/crates.io-index"
STUB = "compile_error!("
# How files begin that a machine runs: of Linux, of Windows, archives of such, WebAssembly.
COMPILED = (b"\x7fELF", b"MZ", b"!<arch>\n", b"\0asm")


def read_lock(path):
    """The crates of a lockfile that are not of this repository."""
    return [crate for crate in tomllib.loads(path.read_text())["package"] if "source" in crate]


def label(crate):
    return f"{crate['name']}-{crate['version']}"


def sources(crates):
    """Each crate is crates.io's, and the lockfile has its sum."""
    for crate in crates:
        if crate["source"] != REGISTRY or not re.fullmatch("[0-9a-f]{64}", crate.get("checksum", "")):
            yield f"{label(crate)} comes from {crate['source']}, without a sum of crates.io"


def same_versions(workspace, package):
    """What is shipped, and fuzzed, is what the repository's tests run with: where both lockfiles know a crate, they agree on its versions."""
    def versions(crates):
        found = {}
        for crate in crates:
            found.setdefault(crate["name"], set()).add(crate["version"])
        return found
    tested, shipped = versions(workspace), versions(package)
    for name in sorted(tested.keys() & shipped.keys()):
        if not shipped[name] <= tested[name]:
            yield f"{name} is {', '.join(shipped[name])} in another lockfile, {', '.join(tested[name])} in the repository's"


def duplicates(crates, allowed):
    """A second version of a crate has a reason in policy.toml."""
    names = [crate["name"] for crate in crates]
    several = {name for name in names if names.count(name) > 1}
    for name in sorted(several - allowed.keys()):
        found = ", ".join(crate["version"] for crate in crates if crate["name"] == name)
        yield f"{name} is there in several versions ({found}): agree on one, or give the reason in policy.toml"
    for name in sorted(allowed.keys() - several):
        yield f"{name} is in one version by now: take it out of [duplicates] in policy.toml"


def licensed(expression, allowed):
    """Whether an SPDX expression can be met by allowed licences. Old crates write / for OR."""
    tokens = re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))
    def alternatives():
        met = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            met = both() or met
        return met
    def both():
        met = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            met = one() and met
        return met
    def one():
        token = tokens.pop(0)
        if token == "(":
            met = alternatives()
            if tokens.pop(0) != ")":
                raise ValueError(expression)
            return met
        if tokens[:1] == ["WITH"]:
            token += f" WITH {tokens[1]}"
            del tokens[:2]
        return token in allowed
    try:
        met = alternatives()
    except (IndexError, ValueError):
        return False
    return met and not tokens


def licences(manifests, allowed):
    for name, manifest in manifests.items():
        expression = manifest.get("license", "")
        if not licensed(expression, allowed):
            yield f"{name} has the licence {expression or '(none)'}, which policy.toml does not allow"


def numbers(version):
    """A version as what is compared: one before a release (1.0.0-rc.1) comes before it; what stands after a + does not count."""
    release, _, before = version.partition("+")[0].partition("-")
    parts = [int(part) for part in release.split(".")]
    return (*parts, *[0] * (3 - len(parts)), not before, before)


def within(version, requirement):
    """Whether a version meets a requirement like ">= 1.2.3, < 2" or "^0.7.3"."""
    return all(meets(version, part.strip()) for part in requirement.split(","))


def meets(version, comparison):
    sign, number = re.fullmatch(r"(>=|<=|>|<|=|\^|~)?\s*([0-9].*)", comparison).groups()
    found, wanted = numbers(version), numbers(number)
    same = 2 if sign == "~" else 1 + next((nth for nth, part in enumerate(wanted[:3]) if part), 2)
    return {
        ">=": found >= wanted, "<=": found <= wanted, ">": found > wanted, "<": found < wanted, "=": found == wanted,
    }.get(sign, found >= wanted and found[:same] == wanted[:same])


def advisories(crates, table, accepted):
    """No advisory holds for a crate, but those that policy.toml gives a reason for. `table` has the advisories of each crate."""
    holding = {}
    for crate in crates:
        if crate["name"] not in table:
            yield f"advisories.json does not say whether there are any for {crate['name']}: run tests/dependencies/look-up.py"
        for advisory in table.get(crate["name"], []):
            if not any(within(crate["version"], known) for known in advisory["not"]):
                holding[advisory["id"]] = f"{advisory['id']} ({advisory['kind']}) holds for {label(crate)}"
    for name in sorted(holding.keys() - accepted.keys()):
        yield f"{holding[name]}: take a version that is mended, or give the reason in policy.toml"
    for name in sorted(accepted.keys() - holding.keys()):
        yield f"{name} holds for no crate by now: take it out of [advisories] in policy.toml"


def archived(crates, folder):
    """The folder has exactly these crates, each with the sum that the lockfile has, and in it exactly the files that have a sum."""
    wanted = {label(crate): crate.get("checksum") for crate in crates}
    there = {path.name for path in folder.iterdir() if path.is_dir()}
    for name in sorted(wanted.keys() ^ there):
        yield f"{name} is {'not in the archives' if name in wanted else 'in the archives, and in no lockfile'}: run make vendor"
    for name in sorted(wanted.keys() & there):
        sums = json.loads((folder / name / ".cargo-checksum.json").read_text())
        if sums["package"] != wanted[name]:
            yield f"{name} in the archives has another sum than in the lockfile"
        yield from files(folder / name, sums["files"])


def files(crate, sums):
    """Cargo compares the files that have a sum, of the crates that it builds. This also sees a file that has none, in every crate."""
    there = {str(path.relative_to(crate)): path for path in crate.rglob("*") if not path.is_dir()}
    there.pop(".cargo-checksum.json")
    for name in sorted(sums.keys() ^ there.keys()):
        yield f"{crate.name}: {name} is {'missing' if name in sums else 'in no list of sums'}"
    for name in sorted(sums.keys() & there.keys()):
        content = there[name].read_bytes()
        if there[name].is_symlink() or hashlib.sha256(content).hexdigest() != sums[name]:
            yield f"{crate.name}: {name} is not the file whose sum is listed"
        if content.startswith(COMPILED):
            yield f"{crate.name}: {name} is compiled code, which nobody can read"


def is_stub(crate):
    library = crate / "src/lib.rs"
    return library.exists() and library.read_text().startswith(STUB)


def authors(package, folder, text):
    """rpkg/inst/AUTHORS names the crates that the package contains."""
    named = {"-".join(line.split()[:2]) for line in text.splitlines() if re.match(r"\S+ \S+ \(.*\): ", line)}
    contained = {label(crate) for crate in package if not is_stub(folder / label(crate))}
    for name in sorted(named ^ contained):
        yield f"rpkg/inst/AUTHORS {'leaves out' if name in contained else 'still has'} {name}: run make vendor"


def at_build(crate, manifest):
    """What of a crate runs on the machine that builds."""
    runs = ["build script"] if (crate / "build.rs").exists() or isinstance(manifest["package"].get("build"), str) else []
    return runs + (["macros"] if manifest.get("lib", {}).get("proc-macro") else [])


def show(folder, manifests, package):
    shipped = {label(crate) for crate in package}
    for name, manifest in manifests.items():
        if not is_stub(folder / name):
            where = "package" if name in shipped else "repository"
            print(f"{name}\t{manifest['package']['license']}\t{where}\t{', '.join(at_build(folder / name, manifest))}")


def main():
    folder = ROOT / "build/vendor"
    workspace, fuzz, package = (read_lock(ROOT / path) for path in LOCKS)
    crates = list({label(crate): crate for crate in workspace + fuzz + package}.values())
    manifests = {path.parent.name: tomllib.loads(path.read_text()) for path in sorted(folder.glob("*/Cargo.toml"))}
    if sys.argv[1:] == ["--list"]:
        return show(folder, manifests, package)
    policy = tomllib.loads((HERE / "policy.toml").read_text())
    known = json.loads((HERE / "advisories.json").read_text())
    faults = [
        *sources(crates),
        *same_versions(workspace, package),
        *same_versions(workspace, fuzz),
        *duplicates([crate for crate in crates if not is_stub(folder / label(crate))], policy["duplicates"]),
        *licences({name: manifest["package"] for name, manifest in manifests.items()}, policy["licences"]),
        *advisories(crates, known["crates"], policy["advisories"]),
        *archived(crates, folder),
        *authors(package, folder, (ROOT / "rpkg/inst/AUTHORS").read_text()),
    ]
    for fault in faults:
        print(fault)
    stubs = sum(is_stub(folder / name) for name in manifests)
    print(f"{len(crates)} crates, of which {stubs} are for other systems and left out; advisories of {known['date']}; {len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
