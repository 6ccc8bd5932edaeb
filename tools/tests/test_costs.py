# SPDX-License-Identifier: GPL-2.0
"""What pages cost: what guests measure is read, and compared."""
import sys
import unittest

import archive
from measured import Quiet, There

sys.path.insert(0, str(archive.HERE.parent))
import cost_report
import costs
import tables

# subject what times each mean median least most
LINES = """
bench empty alloc 16 256 2560 2560 2560 2560
bench empty free 16 256 2560 2560 2560 2560
bench bare alloc 16 256 258560 256 1 9
bench bare publish 16 256 12800 256 1 9
bench bare free 16 256 130560 256 1 9
bench bare move 9 512 1024000 512 1 9
bench pool alloc 16 256 284160 512 1 9
bench pool publish 16 256 6400 512 1 9
bench pool free 16 256 143360 512 1 9
bench pool free-locked 16 256 258560 512 1 9
bench pool move 9 512 1126400 1024 1 9
bench tmpfs alloc 1 256 512000 2 1 9
""".strip().splitlines()


def measured(unit="instructions", lines=LINES):
    found = costs.Costs(Quiet(), unit)
    for line in lines:
        found.line(line)
    return found


class Figures(unittest.TestCase):
    def test_what_all_have_in_common_is_taken_off(self):
        self.assertEqual(measured().of("bare", "alloc"), 1000)
        self.assertEqual(measured().of("bare", "move"), 2000)

    def test_a_locked_page_is_freed_by_the_same_loop(self):
        self.assertEqual(measured().of("pool", "free-locked"), 1000)

    def test_time_is_the_median(self):
        self.assertEqual(measured("ns").of("pool", "move"), 2)

    def test_what_cannot_be_done(self):
        self.assertIsNone(measured().of("bare", "pin"))
        self.assertIsNone(measured().of("zsmalloc", "alloc"))
        self.assertIsNone(measured().all_three("zsmalloc"))

    def test_sum_of_three(self):
        self.assertEqual(measured().all_three("bare"), 1000 + 50 + 500)
        self.assertEqual(measured().all_three("tmpfs"), 2000 - 10)

    def test_who_is_missing(self):
        lacks = list(costs.lacking(measured(), There("mp_bench_bare",
                                                     "mp_bench_zsmalloc")))
        self.assertIn("zsmalloc: alloc was not measured", lacks)
        self.assertIn("pool-cache: move was not measured", lacks)
        self.assertFalse([line for line in lacks if "bare" in line])


class Tables(unittest.TestCase):
    def test_rows(self):
        lines = list(tables.aligned(list(cost_report.rows(measured(), None)),
                                    "-"))
        self.assertEqual(lines[0].split()[0], "allocate")
        row = next(line for line in lines if line.startswith("movable_pool"))
        self.assertEqual(row.split()[1:],
                         ["1,100", "25", "550", "-", "-", "1,000", "2,200",
                          "1,675"])


if __name__ == "__main__":
    unittest.main()
