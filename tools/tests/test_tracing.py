# SPDX-License-Identifier: GPL-2.0
"""What tracepoints cost: more than a jump label each is too much."""
import sys
import types
import unittest

import archive

sys.path.insert(0, str(archive.HERE.parent))
import tracing

KERNEL = types.SimpleNamespace(release="6.1.0-57-amd64")


def measured(**off):
    without = {"alloc": 700, "publish": 24, "free": 500, "move": 3000}
    exact = {op: without[op] + tracing.EVENTS[op] for op in without}
    return tracing.Measured(KERNEL, {
        "untraced": without, "off": {**exact, **off},
        "on": {op: value + 300 for op, value in without.items()}})


class Tracing(unittest.TestCase):
    def test_one_instruction_for_each_event(self):
        self.assertEqual(list(tracing.too_many(measured())), [])

    def test_one_more_is_too_much(self):
        self.assertEqual(list(tracing.too_many(measured(free=502))), [
            "free: 2.0 instructions more with 1 tracepoints that are off"])

    def test_moves_are_the_vms_whose_interrupts_come_anywhere(self):
        self.assertEqual(list(tracing.too_many(measured(move=3006))), [])
        self.assertEqual(len(list(tracing.too_many(measured(move=3010)))), 1)

    def test_lines(self):
        lines = list(measured().lines())
        self.assertRegex(lines[2], r"without +off +on +events +more, off")
        self.assertRegex(lines[4], r"allocate +700.0 +701.0 +1,000.0 +1 +1.0 "
                         r"+300.0")

    def test_record(self):
        self.assertEqual(measured().record()["ways"]["off"]["publish"], 25)


if __name__ == "__main__":
    unittest.main()
