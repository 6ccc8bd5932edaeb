# SPDX-License-Identifier: GPL-2.0
"""Which tests run: sets, backings, and those that do not apply."""
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import archive

sys.path.insert(0, str(archive.HERE.parent))
import applicable
import groups
import matrix
from cache import Failure


def group(name, tests=(), **keys):
    made = groups.Group(name, dict(groups.DEFAULTS, **keys))
    made.tests = [groups.Test(*test) for test in tests]
    return made


API = [("api", "pool", "", "create"), ("api", "pool", "", "destroy"),
       ("api", "", "", "pin")]


class Applicable(unittest.TestCase):
    def load(self, text):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(text)
            file.flush()
            return applicable.load(pathlib.Path(file.name))

    def drop(self, text, *conditions):
        """(names left, names dropped)"""
        made = group("api", tests=API)
        entries = self.load(text)
        applicable.check(entries, made.tests)
        dropped = applicable.drop([made], entries, conditions)
        return ([test.name for test in made.tests],
                [name for name, _ in dropped])

    def test_one_test(self):
        text = "[backing cache]\napi.pin: why\n"
        self.assertEqual(self.drop(text, "backing cache", "kernel 6.1"),
                         (["create", "destroy"], ["api.pin"]))
        self.assertEqual(self.drop(text, "backing mops")[1], [])

    def test_fixture(self):
        self.assertEqual(self.drop("[kernel 5.10]\napi.pool.*: why\n",
                                   "kernel 5.10"),
                         (["pin"], ["api.create", "api.destroy"]))

    def test_wrong_entries(self):
        for text, words in (
                ("[backing cache]\napi.gone: why\n", "names no test"),
                ("[backing cache]\napi.pool_x.*: why\n", "names no test"),
                ("[backing cache]\napi.pin:\n", "has no reason"),
                ("[backing cache]\napi.pin\n", "parsing errors"),
                ("[backing tape]\napi.pin: why\n", "no such condition"),
                ("[kernel 2.4]\napi.pin: why\n", "no such condition"),
                ("[kernel 6.1]\napi.pin: a\napi.pin: b\n", "already exists")):
            with self.subTest(text=text):
                with self.assertRaisesRegex(Failure, words):
                    self.drop(text, "backing cache")

    def test_file_of_this_tree(self):
        self.assertIsInstance(applicable.load(), dict)


class Choice(unittest.TestCase):
    def test_sets(self):
        some = [group("api", sets="core", tests=API),
                group("heap", tests=[("heap", "", "", "store")])]
        self.assertEqual([one.name for one in groups.select(some, "core")],
                         ["api"])
        with self.assertRaises(Failure):
            groups.select(some, "cor")

    def test_backing(self):
        self.assertTrue(group("api").runs_on("mops"))
        self.assertFalse(group("api").runs_on("none"))
        self.assertTrue(group("none", backing="none").runs_on("none"))
        self.assertFalse(group("none", backing="none").runs_on("mops"))

    def test_more_memory(self):
        some = group("offline", memory="512", qemu="-m slots=1 size={448}M")
        some.enlarge(192)
        self.assertEqual((some.memory, some.qemu),
                         (704, ["-m", "slots=1", "size=640M"]))
        some = group("api", qemu="size={448}M")
        some.enlarge(0)
        self.assertEqual(some.qemu, ["size=448M"])

    def test_asked_backing(self):
        asked = group("api", modules="movable_pool\nmp_test a=1")
        asked.ask_for("cache")
        self.assertEqual(asked.modules, ["movable_pool backing=cache",
                                         "mp_test a=1"])
        asked = group("races", modules="movable_pool_test\nmp_test")
        asked.ask_for("typed")
        self.assertEqual(asked.modules, ["movable_pool_test backing=typed",
                                         "mp_test"])


class Matrix(unittest.TestCase):
    def test_cells(self):
        cells = list(matrix.cells())
        for cell in (("5.10", ""), ("6.1", "cache"), ("7.2", "")):
            self.assertIn(cell, cells)
        self.assertNotIn(("7.2", "cache"), cells)
        self.assertIn(("6.1-arm64", ""), cells)
        self.assertNotIn(("6.1-arm64-64k", ""), cells)

    def test_some(self):
        self.assertEqual(list(matrix.cells(["7.2"])), [("7.2", "")])
        with self.assertRaises(Failure):
            list(matrix.cells(["7.3"]))

    def test_results_of_others_stay(self):
        old = dict(matrix.never_run("6.1", ""), release="6.1.0-1", passed=1)
        new = dict(matrix.never_run("7.2", ""), release="7.2.0-1", passed=2)
        rows = matrix.all_rows([old, dict(new, passed=0)], [new])
        self.assertEqual([row for row in rows if row["release"]], [old, new])
        self.assertEqual(len(rows), len(list(matrix.cells())))
        self.assertIn("| 5.10 | not run yet | non-LRU, "
                      "address_space_operations | | | |\n",
                      matrix.rendered(rows[:1]))

    def command(self, version):
        """How the matrix runs a kernel, and the row it makes of that."""
        with mock.patch("matrix.subprocess.run") as run, \
                mock.patch("matrix.kernels.cached", return_value=None):
            row = matrix.run(version, "")
        return run.call_args[0][0], row

    def test_only(self):
        words, row = self.command("6.1-arm64")
        self.assertEqual(words[words.index("--only") + 1], "core")
        self.assertEqual(row["only"], "core")
        self.assertNotIn("--only", self.command("6.1")[0])

    def test_table(self):
        row = {"kernel": "6.1", "release": "6.1.0-1", "package": "6.1.1-1",
               "backing": "mops", "groups": 9, "passed": 70, "failed": 0,
               "not_applicable": 3, "seconds": 9}
        self.assertIn("| 6.1 | Debian's 6.1.0-1 (6.1.1-1) | non-LRU, "
                      "movable_operations | 9 | 70 | 3 |\n",
                      matrix.rendered([row]))
        self.assertIn("| 70, 2 FAILED |", matrix.rendered(
            [dict(row, failed=2)]))
        self.assertIn("| 70, of the core groups only |", matrix.rendered(
            [dict(row, only="core")]))
        self.assertIn("core", list(matrix.table([dict(row, only="core")]))[1])


if __name__ == "__main__":
    unittest.main()
