# SPDX-License-Identifier: GPL-2.0
"""Which groups a word on make's command line means."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import groups
from cache import Failure


class Without(unittest.TestCase):
    def setUp(self):
        self.groups = groups.load()

    def left(self, *sets):
        return {group.name
                for group in groups.leave_out(self.groups, sets)}

    def test_nothing(self):
        self.assertEqual(self.left(), {group.name for group in self.groups})

    def test_two_sets(self):
        left = self.left("host", "fake")
        for group in self.groups:
            gone = bool({"host", "fake"} & set(group.sets))
            self.assertEqual(group.name not in left, gone, group.name)
        self.assertIn("races", left)
        self.assertNotIn("fake_host", left)

    def test_no_such_set(self):
        with self.assertRaisesRegex(Failure, "WITHOUT=hosts is no set; .*host"):
            self.left("hosts")


class Usual(unittest.TestCase):
    def names(self, only):
        return {group.name for group in groups.usual(groups.load(), only)}

    def test_rarely(self):
        rare = {group.name for group in groups.load() if group.rarely}
        self.assertTrue(rare)
        self.assertFalse(rare & self.names(""))
        self.assertFalse(rare & self.names("core"))

    def test_by_name(self):
        self.assertIn("ramdisk_volume", self.names("ramdisk_volume"))
        self.assertIn("ramdisk_volume",
                      self.names("ramdisk_volume.trees_of_files"))


if __name__ == "__main__":
    unittest.main()
