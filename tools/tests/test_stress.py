# SPDX-License-Identifier: GPL-2.0
"""Stress: times and seeds, what the group becomes, lines shown at once."""
import sys
import unittest
from unittest import mock

import archive

sys.path.insert(0, str(archive.HERE.parent))
import cache
import groups
import stress
import tap


class Words(unittest.TestCase):
    def test_times(self):
        for text, expected in (("90", 90), ("90s", 90), ("10m", 600),
                               ("2h", 7200)):
            self.assertEqual(stress.seconds(text), expected)

    def test_no_times(self):
        for text in ("", "0", "9", "9s", "-5", "10 m", "1d", "m", "1.5h",
                     "10m\n"):
            with self.assertRaisesRegex(cache.Failure, "is no time"):
                stress.seconds(text)

    def test_seeds(self):
        self.assertEqual(stress.seed("17"), 17)
        self.assertGreaterEqual(stress.seed(""), 1)
        for text in ("-1", "x", "1.0", "\u0663", str(1 << 63)):
            with self.assertRaisesRegex(cache.Failure, "is no number"):
                stress.seed(text)


class Planned(unittest.TestCase):
    def planned(self, machine, backing=""):
        kernel = mock.Mock(extra=64, patience=2, cmdline="quiet a=1")
        kernel.machine.name = machine
        built = mock.Mock()
        built.module = lambda name: name.startswith(("movable_", "mp_"))
        options = mock.Mock(seconds=600, seed=17, backing=backing)
        test = groups.Test(stress.GROUP, "run", "", "anything")
        with mock.patch.object(groups, "list_tests", return_value=[test]):
            return stress.planned(kernel, built, archive.HERE, options)

    def setUp(self):
        patch = mock.patch("pathlib.Path.exists", return_value=True)
        patch.start()
        self.addCleanup(patch.stop)

    def test_the_guest_is_told(self):
        group = self.planned("amd64")
        words = group.cmdline.split()
        self.assertIn("mp_stress_seconds=600", words)
        self.assertIn("mp_stress_seed=17", words)
        self.assertIn("a=1", words)
        self.assertIn("zram", group.modules)
        self.assertEqual(group.limit, 2 * (stress.SLACK + 1200))

    def test_a_process_has_our_modules_alone(self):
        names = [line.split()[0] for line in self.planned("um").modules]
        self.assertIn("mp_stress", names)
        self.assertNotIn("zram", names)

    def test_backing(self):
        self.assertIn("movable_pool_test backing=cache",
                      self.planned("amd64", "cache").modules)


class Lines(unittest.TestCase):
    def test_said_at_once(self):
        with mock.patch.object(tap, "say") as say:
            reader = tap.Reader(print)
            reader.line("mp-program: stress")
            reader.line("# say: half of it is done")
            reader.line("# another line")
        say.assert_called_once_with("  half of it is done")
        self.assertEqual(reader.details, ["# another line"])


if __name__ == "__main__":
    unittest.main()
