# SPDX-License-Identifier: GPL-2.0
"""Which functions instructions are in: addresses are named, and counted."""
import base64
import gzip
import pathlib
import sys
import tempfile
import unittest

import archive
from measured import Quiet, There

sys.path.insert(0, str(archive.HERE.parent))
import functions

SYMBOLS = """
ffffffff81000000 T bench_crew_run
ffffffff81000100 t bench_share
ffffffffc0000000 t mp_alloc\t[movable_pool]
ffffffff81000200 T __alloc_pages
""".strip()
# The caller, the op, whom it calls, a string instruction, and who comes later.
TRACE = """
whatever QEMU says first
Trace 0: 0x7f [0000000000000000/ffffffff81000008/00000092/ff010200] x
Trace 0: 0x7f [0000000000000000/ffffffff81000100/00000092/ff010200]
Trace 0: 0x7f [0000000000000000/ffffffffc0000010/00000092/ff010200]
Trace 0: 0x7f [0000000000000000/ffffffff81000210/00000092/ff010200]
Trace 0: 0x7f [0000000000000000/ffffffff81000210/00000092/ff010200]
Trace 0: 0x7f [0000000000000000/ffffffff81000214/00000092/ff010200]
Trace 0: 0x7f [0000000000000000/ffffffff81000010/00000092/ff010200]
Trace 0: 0x7f [0000000000000000/ffffffff81000214/00000092/ff010200]
""".strip()


class Kernel:
    version = release = package = "1.0"


class Counted(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.directory = pathlib.Path(self.place.name)

    def runs(self):
        trace = functions.Trace(self.directory / "one")
        trace.start()
        trace.path.write_text(TRACE)
        trace.join()
        return trace.runs

    def test_in_a_row(self):
        self.assertIn((b"ffffffff81000210", 2), self.runs())

    def test_between(self):
        found = functions.between(self.runs(), functions.Symbols(SYMBOLS),
                                  "bench_share", ("bench_crew_run",))
        self.assertEqual(found, {"bench_share": 1, "mp_alloc": 1,
                                 "__alloc_pages": 3})

    def test_report(self):
        found = functions.Functions(Kernel, ["pool"], self.directory, Quiet())
        found.traces["pool", "alloc"].start()   # others nobody writes
        packed = base64.b64encode(gzip.compress(SYMBOLS.encode())).decode()
        found.line("symbols pool " + packed[:40])
        found.line("symbols pool " + packed[40:])
        found.line("bench pool alloc 1 2 0 0 0 0")
        found.traces["pool", "alloc"].path.write_text(TRACE)
        found.count()
        self.assertEqual(found.each["pool", "alloc"]["__alloc_pages"], 1.5)
        lacks = list(found.lacking(There()))
        self.assertEqual(lacks, ["pool: free was not recorded",
                                 "pool: move was not recorded"])
        found.line("bench pool move 1 2 0 0 0 0")
        line = next(line for line in found.lines()
                    if line.startswith("all of it"))
        self.assertEqual(line.split()[-1], "2")


if __name__ == "__main__":
    unittest.main()
