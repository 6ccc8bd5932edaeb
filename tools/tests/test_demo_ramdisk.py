# SPDX-License-Identifier: GPL-2.0
"""What make demo-ramdisk makes of what the guest reports."""
import contextlib
import io
import unittest

import program

demo = program.load("demo-ramdisk")

BOOKS = {"isolated": 10, "migrated": 8, "putback": 1, "released": 1}
LINES = [
    "stored 40 20", "moved compaction 5000", "moved offline 3000",
    "meanwhile 100 900 0", "files 20 0", "fsck 0",
    "free_blocks before 3", "free_blocks after 8", "possible_blocks after 10",
    "stat pages 6000", *(f"stat {name} {n}" for name, n in BOOKS.items()),
]


class Guest:
    """One that reports so, and ends well."""

    problems = []
    status = 0
    report = "nowhere"

    def __init__(self, lines):
        self.lines = lines

    def run(self, _script, line):
        with contextlib.redirect_stdout(io.StringIO()):
            for text in self.lines:
                line(text)
        return self


def plain():
    return demo.DiskMap(io.TextIOWrapper(io.BytesIO(), "ascii"))


def run(*changed):
    """With these lines in place of those that begin so."""
    begin = tuple(" ".join(line.split()[:-1]) for line in changed)
    lines = [line for line in LINES
             if " ".join(line.split()[:-1]) not in begin]
    found = demo.DiskRun(plain())
    with contextlib.redirect_stdout(io.StringIO()):
        found.boot(Guest(lines + list(changed)), "isolated")
    return found


class Verdict(unittest.TestCase):
    def test_passes(self):
        self.assertEqual(run().problems, [])

    def test_not_moved(self):
        for how in ("compaction", "offline"):
            self.assertIn(f"only 9 pages moved by {how}",
                          str(run(f"moved {how} 9").problems))

    def test_not_clean(self):
        self.assertIn("e2fsck", str(run("fsck 4").problems))

    def test_damaged(self):
        self.assertIn("damaged", str(run("files 20 1").problems))
        self.assertIn("damaged", str(run("meanwhile 100 900 1").problems))

    def test_books(self):
        self.assertIn("do not add up", str(run("stat putback 0").problems))

    def test_table(self):
        rows = "\n".join(demo.table(run().value, plain()))
        self.assertIn("100 (900 MiB)", rows)
        self.assertIn("8 (80 %)", rows)


class Picture(unittest.TestCase):
    def lines(self, blocks):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            plain().draw("x", blocks)
        return out.getvalue().splitlines()[2:]

    def test_no_memory_there(self):
        none, free = (0, 0, 0, 0), (512, 0, 0, 0)
        lines = self.lines([free] * 64 + [none] * 128 + [none, free])
        self.assertEqual(lines, ["     0 MiB  " + "." * 64,
                                 "   384 MiB   ."])


if __name__ == "__main__":
    unittest.main()
