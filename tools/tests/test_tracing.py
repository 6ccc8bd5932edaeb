# SPDX-License-Identifier: GPL-2.0
"""What tracepoints cost: more than a jump label each is too much."""
import sys
import types
import unittest

import archive

sys.path.insert(0, str(archive.HERE.parent))
import tracing

KERNEL = types.SimpleNamespace(release="6.1.0-57-amd64")
WITHOUT = {"alloc": 100, "publish": 24, "free": 90, "move": 250}


def functions(own, others):
    return {"movable_page_some": own - 10, "mp_some": 10, "put_page": others}


def measured(**off):
    exact = {op: WITHOUT[op] + tracing.EVENTS[op] for op in WITHOUT}
    return tracing.Measured(KERNEL, {
        "untraced": {op: functions(WITHOUT[op], 500) for op in WITHOUT},
        "off": {op: functions({**exact, **off}[op], 520) for op in WITHOUT},
        "on": {op: functions(WITHOUT[op] + 30, 1100) for op in WITHOUT}})


class Tracing(unittest.TestCase):
    def test_one_instruction_for_each_event(self):
        self.assertEqual(list(tracing.too_many(measured())), [])

    def test_one_more_is_too_much(self):
        self.assertEqual(list(tracing.too_many(measured(free=92))), [
            "free: 2.0 instructions more with 1 tracepoints that are off"])

    def test_a_move_comes_by_four(self):
        self.assertEqual(list(tracing.too_many(measured(move=257))), [])
        self.assertEqual(len(list(tracing.too_many(measured(move=258)))), 1)

    def test_what_others_do_is_not_ours_while_they_are_off(self):
        self.assertEqual(measured().more_off("alloc"), 1)
        self.assertEqual(measured().more_on("alloc"), 29 + 580)

    def test_lines(self):
        lines = list(measured().lines())
        self.assertRegex(lines[2], r"without +off +on +events +more, off")
        self.assertRegex(lines[4], r"allocate +100.0 +101.0 +130.0 +1 +1.0 "
                         r"+609$")

    def test_record(self):
        self.assertEqual(measured().record()["ways"]["off"]["publish"], 25)


if __name__ == "__main__":
    unittest.main()
