"""Faults of each kind that check.py must find, and what it must let pass."""
import hashlib
import json
import tempfile
import unittest
from pathlib import Path

import check

SUM = "a" * 64


def crate(name, version, **other):
    return {"name": name, "version": version, "source": check.REGISTRY, "checksum": SUM} | other


class Lockfiles(unittest.TestCase):
    def test_sources(self):
        self.assertEqual([], list(check.sources([crate("one", "1.0.0")])))
        for fault in ({"source": "git+https://example.org/one"}, {"source": "registry+https://example.org"}, {"checksum": ""}):
            self.assertEqual(1, len(list(check.sources([crate("one", "1.0.0", **fault)]))), fault)

    def test_versions_of_both(self):
        workspace = [crate("one", "1.0.0"), crate("two", "1.0.0"), crate("two", "2.0.0")]
        self.assertEqual([], list(check.same_versions(workspace, [crate("two", "2.0.0"), crate("three", "3.0.0")])))
        found = list(check.same_versions(workspace, [crate("one", "1.0.1")]))
        self.assertEqual(["one is 1.0.1 in another lockfile, 1.0.0 in the repository's"], found)

    def test_duplicates(self):
        twice = [crate("one", "1.0.0"), crate("one", "2.0.0")]
        self.assertRegex(list(check.duplicates(twice, {}))[0], "^one is there in several versions")
        self.assertEqual([], list(check.duplicates(twice, {"one": "a reason"})))
        self.assertRegex(list(check.duplicates(twice[:1], {"one": "a reason"}))[0], "take it out")


class Licences(unittest.TestCase):
    ALLOWED = ("MIT", "Zlib", "Apache-2.0 WITH LLVM-exception")

    def test_expressions(self):
        for good in ("MIT", "GPL-3.0 OR MIT", "GPL-3.0/MIT", "(GPL-3.0 OR MIT) AND Zlib", "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
                     "GPL-3.0 AND BSD-2-Clause OR MIT"):
            self.assertTrue(check.licensed(good, self.ALLOWED), good)
        for bad in ("", "GPL-3.0", "MIT AND GPL-3.0", "Apache-2.0", "MIT WITH Something", "(MIT OR Zlib) AND GPL-3.0", "(MIT", "MIT)", "MIT OR",
                    "MIT Zlib", "mit"):
            self.assertFalse(check.licensed(bad, self.ALLOWED), bad)

    def test_missing(self):
        self.assertEqual(["one-1.0.0 has the licence (none), which policy.toml does not allow"],
                         list(check.licences({"one-1.0.0": {"license-file": "LICENSE"}}, self.ALLOWED)))


class Advisories(unittest.TestCase):
    def test_requirements(self):
        for version, requirement in (("1.2.3", ">= 1.2.3"), ("1.9.0", "^1.2"), ("0.2.9", "^0.2.3"), ("1.2.9", "~1.2"), ("1.5.0", ">= 1.2, < 2"),
                                     ("1.0.0", "> 1.0.0-rc.1"), ("1.2.3+spec-9", "= 1.2.3"), ("0.10.4", "> 0.9.9"), ("0.0.3", "^0.0.3")):
            self.assertTrue(check.within(version, requirement), (version, requirement))
        for version, requirement in (("1.2.2", ">= 1.2.3"), ("2.0.0", "^1.2"), ("0.3.0", "^0.2.3"), ("1.3.0", "~1.2"), ("2.0.0", ">= 1.2, < 2"),
                                     ("1.0.0-rc.1", ">= 1.0.0"), ("1.10.0", "< 1.9"), ("0.0.4", "^0.0.3")):
            self.assertFalse(check.within(version, requirement), (version, requirement))

    def test_holding(self):
        table = {"one": [{"id": "RUSTSEC-1", "kind": "vulnerability", "not": [">= 1.2.0", "< 1.0.0"]}]}
        self.assertRegex(list(check.advisories([crate("one", "1.1.0")], table, {}))[0], r"^RUSTSEC-1 \(vulnerability\) holds for one-1.1.0")
        self.assertEqual([], list(check.advisories([crate("one", "1.1.0")], table, {"RUSTSEC-1": "a reason"})))
        for version in ("1.2.0", "0.9.0"):
            self.assertEqual([], list(check.advisories([crate("one", version)], table, {})))
        self.assertRegex(list(check.advisories([crate("one", "1.2.0")], table, {"RUSTSEC-1": "a reason"}))[0], "take it out")

    def test_never_looked_up(self):
        self.assertRegex(list(check.advisories([crate("one", "1.0.0")], {}, {}))[0], "look-up.py")


class Archives(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.folder = Path(self.place.name)
        self.one = self.folder / "one-1.0.0"
        (self.one / "src").mkdir(parents=True)
        (self.one / "src/lib.rs").write_text("pub fn one() {}")
        sums = {"src/lib.rs": hashlib.sha256(b"pub fn one() {}").hexdigest()}
        (self.one / ".cargo-checksum.json").write_text(json.dumps({"files": sums, "package": SUM}))

    def faults(self, crates=(crate("one", "1.0.0"),)):
        return list(check.archived(crates, self.folder))

    def test_as_it_should_be(self):
        self.assertEqual([], self.faults())

    def test_crates(self):
        self.assertRegex(self.faults([crate("one", "1.0.0"), crate("two", "2.0.0")])[0], "^two-2.0.0 is not in the archives")
        self.assertRegex(self.faults([])[0], "^one-1.0.0 is in the archives, and in no lockfile")
        self.assertRegex(self.faults([crate("one", "1.0.0", checksum="b" * 64)])[0], "another sum")

    def test_files(self):
        (self.one / "build.rs").write_text("fn main() {}")
        self.assertEqual(["one-1.0.0: build.rs is in no list of sums"], self.faults())
        (self.one / "build.rs").unlink()
        (self.one / "src/lib.rs").write_text("pub fn two() {}")
        self.assertEqual(["one-1.0.0: src/lib.rs is not the file whose sum is listed"], self.faults())
        (self.one / "src/lib.rs").unlink()
        self.assertEqual(["one-1.0.0: src/lib.rs is missing"], self.faults())

    def test_links(self):
        (self.folder / "lib.rs").write_text("pub fn one() {}")
        (self.one / "src/lib.rs").unlink()
        (self.one / "src/lib.rs").symlink_to(self.folder / "lib.rs")
        self.assertEqual(1, len(self.faults()))

    def test_compiled(self):
        for begin in check.COMPILED:
            (self.one / "helper").write_bytes(begin + b"...")
            sums = {"helper": hashlib.sha256(begin + b"...").hexdigest()}
            self.assertIn("one-1.0.0: helper is compiled code, which nobody can read", list(check.files(self.one, sums)))

    def test_authors(self):
        package = [crate("one", "1.0.0")]
        named = "The code of these:\n\none 1.0.0 (MIT OR Zlib): Somebody\n"
        self.assertEqual([], list(check.authors(package, self.folder, named)))
        self.assertRegex(list(check.authors(package, self.folder, ""))[0], "leaves out one-1.0.0")
        self.assertRegex(list(check.authors(package, self.folder, f"{named}two 2.0.0 (MIT): Somebody"))[0], "still has two-2.0.0")
        (self.one / "src/lib.rs").write_text(f'{check.STUB}"other systems");')
        self.assertRegex(list(check.authors(package, self.folder, named))[0], "still has one-1.0.0")


if __name__ == "__main__":
    unittest.main()
