# SPDX-License-Identifier: GPL-2.0
"""A driver of somebody's: what the guest reports, and what he is told."""
import pathlib
import sys
import tempfile
import unittest

import archive

sys.path.insert(0, str(archive.HERE.parent))
import trial
from cache import Failure

NAMES = ("pages", "unpublished", "migrated", "refused_pinned",
         "refused_referenced", "refused_driver", "failed_driver")
LOG = """
[    1.0] first: of the boot
[    2.0] try: loading
[    2.1] movable_first: loading out-of-tree module taints kernel.
[    2.2] first: hello
[    3.0] Offlined Pages 32768
[    4.0] try: unloading
[    4.1] first: still here
[    5.0] mp-end
"""


def told(*lines):
    found = trial.Trial()
    for line in lines:
        found.line(line)
    return found


def books(pool="first-0", **values):
    return [f"stat {pool} {name} {values.get(name, 0)}" for name in NAMES]


class Reported(unittest.TestCase):
    def test_all_is_well(self):
        found = told(*books(pages=3, migrated=12), "block 1 memory40 offline",
                     "backing first-0 mops: why")
        self.assertEqual(list(found.advice()), [])
        self.assertEqual(list(found.rows())[1],
                         ["first-0", "3", "0", "12", "0", "0", "0", "0"])
        self.assertEqual(found.backings, {"first-0": "mops: why"})

    def test_no_pool(self):
        advice, = told("block 1 memory40 offline").advice()
        self.assertIn("no pool", advice)

    def test_not_published(self):
        advice, = told(*books(pages=3, unpublished=2, migrated=9)).advice()
        self.assertIn("2 of 3 pages are not published", advice)

    def test_nothing_moved(self):
        advice, = told(*books(pages=1)).advice()
        self.assertIn("no page has moved", advice)
        advice, = told(*books()).advice()
        self.assertIn("has no page", advice)

    def test_a_block_that_stays(self):
        advice, = told(*books(pages=1, migrated=1),
                       "block 1 memory40 online",
                       "block 2 memory40 online").advice()
        self.assertEqual(advice.count("memory40"), 1)

    def test_it_does_not_unload(self):
        self.assertEqual(told("mp-fail: cannot unload mine").problems,
                         ["cannot unload mine"])

    def test_own_words(self):
        self.assertEqual(trial.own_words(LOG),
                         ["first: hello", "first: still here"])


class Directory(unittest.TestCase):
    def test_none(self):
        with self.assertRaisesRegex(Failure, "is no directory"):
            trial.directory("/no/such/place")

    def test_empty(self):
        with tempfile.TemporaryDirectory() as name:
            with self.assertRaisesRegex(Failure, "has no Kbuild"):
                trial.directory(name)
            (pathlib.Path(name) / "Kbuild").touch()
            self.assertEqual(trial.directory(name),
                             pathlib.Path(name).resolve())


if __name__ == "__main__":
    unittest.main()
