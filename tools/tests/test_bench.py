# SPDX-License-Identifier: GPL-2.0
"""What the parts of the bench have in common: goals, pictures, words."""
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import archive

sys.path.insert(0, str(archive.HERE.parent))
import bench
import plot
import readme
from cache import Failure
from tables import Goal, number, reached


class Goals(unittest.TestCase):
    def test_at_most(self):
        goal = Goal("of a bare driver's", 1.064, 1.06, " x")
        self.assertIn("  NO ", goal.line())
        self.assertIn("1.06 x of at most 1.06 x", goal.line())
        self.assertIn("  yes ", Goal("pin", 24, 24).line())

    def test_at_least(self):
        self.assertTrue(Goal("blocks", 16, 16, least=True).reached())
        self.assertFalse(Goal("blocks", 15, 16, least=True).reached())
        self.assertIn("at least 16", Goal("", 15, 16, least=True).line())

    def test_no_goals_no_title(self):
        self.assertEqual(reached("title", []), [])
        self.assertEqual(len(reached("title", [Goal("", 1, 1)])), 2)

    def test_numbers(self):
        self.assertEqual(number(None), "-")
        self.assertEqual(number(1234.5), "1,234")


class Pictures(unittest.TestCase):
    def drawn(self, *charts):
        with tempfile.TemporaryDirectory() as name:
            output = pathlib.Path(name) / "picture.svg"
            plot.clusters(charts, output)
            return output.read_text()

    def test_every_bar_is_there(self):
        text = self.drawn(plot.Chart("Linux 1.0: a title", ["move", "free"], [
            ("bare driver", [1, None]), ("movable_pool", [2, 3])]))
        for word in ("Linux 1.0: a title", "bare driver", "movable_pool",
                     "move", "free"):
            self.assertIn(word, text)

    def test_one_below_the_other(self):
        text = self.drawn(plot.Chart("first", ["x"], [("a", [1])]),
                          plot.Chart("second", ["x"], [("a", [1])]))
        self.assertLess(text.index("first"), text.index("second"))

    def test_what_gnuplot_says(self):
        with self.assertRaisesRegex(Failure, "gnuplot"):
            plot.clusters([], pathlib.Path("/nowhere/picture.svg"))


class Words(unittest.TestCase):
    def arguments(self, *words):
        with mock.patch.object(sys, "argv", ["bench.py", *words]):
            return bench.arguments()

    def test_no_such_part(self):
        with self.assertRaisesRegex(Failure, "no part 'cost'; there is"):
            self.arguments("--parts", "cost")

    def test_no_such_kernel(self):
        with self.assertRaisesRegex(Failure, "no kernel '3.2'"):
            self.arguments("--kernels", "6.1 3.2")

    def test_only_costs_of_a_process(self):
        with self.assertRaisesRegex(Failure, "7.2-native is for PARTS=costs"):
            self.arguments("--kernels", "6.1 7.2-native", "--parts", "scale")
        self.arguments("--kernels", "6.1 7.2-native", "--parts", "costs")

    def test_locks_are_counted_by_few_kernels(self):
        with self.assertRaisesRegex(Failure, "6.1 does not count its locks"):
            self.arguments("--kernels", "6.1", "--parts", "costs locks")
        self.arguments("--kernels", "6.1-lockstat", "--parts", "locks")

    def test_all_parts_that_the_kernels_can_do(self):
        self.assertEqual(self.arguments("--kernels", "7.2-native").parts,
                         ["costs"])
        self.assertEqual(self.arguments().parts, [
            name for name in bench.PARTS if name not in bench.BY_NAME])
        parts = self.arguments("--kernels", "6.1").parts
        self.assertIn("scale", parts)
        self.assertNotIn("locks", parts)

    def test_short_is_not_written(self):
        with self.assertRaisesRegex(Failure, "few pages"):
            self.arguments("--short", "--write")

    def test_nowhere_to_write(self):
        place = readme.Place("tables of nobody", "make bench",
                             "Documentation/costs.rst")
        with mock.patch.object(bench, "table", lambda name: place):
            with self.assertRaisesRegex(Failure, "costs.rst lacks the marks"):
                self.arguments("--parts", "costs", "--write")

    def test_every_part_has_a_place_for_its_tables(self):
        for name in bench.PARTS:
            text = bench.table(name).path.read_text()
            for mark in (bench.table(name).begin, bench.table(name).end):
                self.assertEqual(text.count(mark), 1, f"{name}: {mark}")
            self.assertIsInstance(bench.table(name), readme.Place)


if __name__ == "__main__":
    unittest.main()
