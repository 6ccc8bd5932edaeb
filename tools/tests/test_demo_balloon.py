# SPDX-License-Identifier: GPL-2.0
"""What make demo-balloon makes of what guests report."""
import unittest

import program

demo = program.load("demo-balloon")


def run(driver, wall=1000, busy=1000, **values):
    """A guest that did all it had to."""
    found = demo.Run(driver, None)
    for what in ("inflate", "deflate"):
        for _ in range(demo.CYCLES):
            found.line(f"cost {what} {wall} {busy}")
    value = dict(cycled=(demo.CYCLES + 1) * demo.PAGES, moved=40000, after=100)
    for name, number in dict(value, **values).items():
        found.line(f"value {name} {number}")
    if driver == "movable_pool":
        found.line(f"book migrated {found.value['moved']}")
    return found


class Lack(unittest.TestCase):
    def test_nothing(self):
        for driver in demo.MODULES:
            self.assertEqual("", run(driver).lack())

    def test_no_moves(self):
        self.assertIn("only 0 pages", run("stock", moved=0).lack())

    def test_too_few_cycles(self):
        found = run("stock")
        found.cost["deflate"].pop()
        self.assertIn("cycles", found.lack())

    def test_not_inflated(self):
        self.assertIn("went in", run("stock", cycled=0).lack())

    def test_another_driver(self):
        found = run("movable_pool")
        found.book = {}
        self.assertIn("another", found.lack())

    def test_counts_differ(self):
        found = run("movable_pool")
        found.book["migrated"] += 1
        self.assertIn("the pool 40001", found.lack())

    def test_no_cpu_time(self):
        found = run("stock", busy=0)
        self.assertEqual("", found.lack())
        found.counted = True
        self.assertIn("CPU time", found.lack())


class Verdict(unittest.TestCase):
    def verdict(self, **ours):
        results = []
        for driver, how in (("stock", {}), ("movable_pool", ours)):
            results.append(demo.Results(driver))
            for counted in (False, True):
                found = run(driver, **how)
                found.counted = counted
                results[-1].add(found)
        return demo.verdict(*results)

    def test_holds(self):
        self.assertIn("holds", self.verdict(wall=1050)[0])

    def test_slower(self):
        lines = self.verdict(wall=1060)
        self.assertIn("does NOT hold", lines[0])
        self.assertIn("  NO   inflate, time: +6.0 %", lines)
        self.assertIn("  yes  inflate, instructions: +0.0 %", lines)

    def test_fewer_blocks(self):
        self.assertIn("  NO   2 MiB blocks: -1", self.verdict(after=99))


if __name__ == "__main__":
    unittest.main()
