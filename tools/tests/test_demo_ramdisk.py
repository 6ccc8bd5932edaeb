# SPDX-License-Identifier: GPL-2.0
"""What make demo-ramdisk makes of what the guest reports."""
import contextlib
import io
import unittest

import program

demo = program.load("demo-ramdisk")

BOOKS = {"isolated": 10, "migrated": 8, "putback": 1, "released": 1}


def seen(when, free):
    """A capture with so many free blocks, and as many free pages beside a
    page that moves as fill two more."""
    return [f"map {when}", "memory-map 1", "page 4096", "block 512",
            f"blocks 0 {free} free=512", "blocks 100 4 free=256 anon=256",
            "blocks 104 1 free=511 kernel=1", "end 0.1"]


LINES = [
    "stored 40 20", "moved compaction 5000", "moved offline 3000",
    "meanwhile 100 900 0", "files 20 0", "fsck 0",
    *seen("before", 3), *seen("after", 8),
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
    return demo.Map(io.TextIOWrapper(io.BytesIO(), "ascii"))


def run(*changed):
    """With these lines in place of those that begin so."""
    begin = tuple(" ".join(line.split()[:2]) for line in changed)
    lines = [line for line in LINES
             if " ".join(line.split()[:2]) not in begin]
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


class Captured(unittest.TestCase):
    def test_cut_short(self):
        found = run("map offline", "memory-map 1", "done")
        self.assertIn("'done' is no word of a capture",
                      str(found.problems))


if __name__ == "__main__":
    unittest.main()
