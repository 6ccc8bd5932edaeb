# SPDX-License-Identifier: GPL-2.0
"""Mutants: what their files say, whether they apply, who is killed."""
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import archive

sys.path.insert(0, str(archive.HERE.parent))
import cache
import mutants

HEAD = """\
SPDX-License-Identifier: GPL-2.0
Fault: a wake-up is forgotten
Test: races.no_lost_wakeup_R8
Run: KERNEL=7.2 BACKING=cache

"""
DIFF = """\
--- a/code.c
+++ b/code.c
@@ -1,3 +1,2 @@
 one
-two
 three
"""


class Files(unittest.TestCase):
    def setUp(self):
        area = tempfile.TemporaryDirectory()
        self.addCleanup(area.cleanup)
        self.tree = pathlib.Path(area.name)
        self.code = self.tree / "code.c"
        self.code.write_text("one\ntwo\nthree\n")

    def mutant(self, head=HEAD, diff=DIFF):
        path = self.tree / "R08-forgotten.patch"
        path.write_text(head + diff)
        return mutants.Mutant(path)

    def test_command(self):
        self.assertEqual(self.mutant().command(),
                         ["make", "test", "ONLY=races.no_lost_wakeup_R8",
                          "KERNEL=7.2", "BACKING=cache"])
        self.assertEqual(
            self.mutant(HEAD.replace("KERNEL=7.2 BACKING=cache",
                                     "kunit")).command(),
            ["make", "kunit", "ONLY=races.no_lost_wakeup_R8"])

    def test_it_must_say_everything(self):
        with self.assertRaisesRegex(cache.Failure, "does not say 'Fault"):
            self.mutant(HEAD.replace("Fault", "Default"))

    def test_there_and_back(self):
        mutant = self.mutant()
        mutant.apply(self.tree)
        self.assertEqual(self.code.read_text(), "one\nthree\n")
        mutant.apply(self.tree, "--reverse")
        self.assertEqual(self.code.read_text(), "one\ntwo\nthree\n")

    def test_code_that_has_changed(self):
        self.code.write_text("one\n2\nthree\n")
        with self.assertRaisesRegex(cache.Failure, "does not apply"):
            self.mutant().apply(self.tree)

    def judge(self, lines):
        mutant = self.mutant()
        with mock.patch.object(mutants, "run_command",
                               return_value=lines), \
                mock.patch.object(mutants, "say"), \
                mock.patch.object(cache, "say"):
            return mutants.judge(mutant, self.tree)

    def test_killed(self):
        self.assertTrue(self.judge(["  FAIL  races.no_lost_wakeup_R8  1.0 s",
                                    "0 passed, 1 failed"]))

    def test_survived(self):
        self.assertFalse(self.judge(["0 passed, 0 failed"]))
        self.assertFalse(self.judge(["1 passed, 0 failed"]))

    def test_another_test_has_failed(self):
        """Or the guest has not come up: that is not what kills it."""
        self.assertFalse(self.judge(["  FAIL  races.another  1.0 s",
                                     "0 passed, 1 failed"]))

    def test_build_that_fails(self):
        self.assertFalse(self.judge(["error: cannot compile"]))


class All(unittest.TestCase):
    def test_every_mutant_of_the_tree_applies(self):
        with tempfile.TemporaryDirectory() as name:
            tree = mutants.copy_to(pathlib.Path(name) / "tree")
            found = mutants.chosen("")
            self.assertGreaterEqual(len(found), 15)
            for mutant in found:
                mutant.apply(tree)
                mutant.apply(tree, "--reverse")


if __name__ == "__main__":
    unittest.main()
