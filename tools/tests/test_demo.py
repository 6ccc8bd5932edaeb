# SPDX-License-Identifier: GPL-2.0
"""What make demo makes of the captures that a guest sends."""
import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

import program
from cache import Failure
from memmap import text

demo = program.load("demo")

NAMES = "pageAAAApageBBBB"


def seen(when, first):
    """A capture: two pages of the heap, and a free block."""
    return [f"map {when}", "memory-map 1", "page 4096", "block 512",
            "pool 0 demo-0 mops pages=2 freed=5",
            f"pages 0 live {first} 2 {NAMES}", "blocks 9 1 free=512",
            "end 0.1"]


def told(mode, *lines):
    run = demo.Run(mode, text.Map(io.TextIOWrapper(io.BytesIO(), "ascii")))
    with contextlib.redirect_stdout(io.StringIO()) as out:
        for line in lines:
            run.line(line)
    return run, out.getvalue()


class Captured(unittest.TestCase):
    def test_drawn_and_counted(self):
        run, out = told("movable", *seen("before", 512), *seen("after", 3))
        self.assertEqual(run.problems, [])
        self.assertEqual(run.value["free before"], 1)
        self.assertEqual(run.value["possible after"], 1)
        self.assertIn("  Memory before compaction, the heap's pages movable\n"
                      "       0 MiB   @       .\n", out)
        self.assertIn("  Memory after compaction, the heap's pages movable\n"
                      "       0 MiB  @        .\n", out)

    def test_the_same_twice_is_not_shown(self):
        run, out = told("unmovable", *seen("before", 512))
        self.assertEqual((out, run.value["free before"]), ("", 1))

    def test_no_capture(self):
        run, _ = told("movable", "map before", "capture: it is gone",
                      "error /demo/capture: Success")
        self.assertIn("'capture:' is no word", run.problems[0])
        self.assertIn("the guest says: /demo/capture", run.problems[1])

    def test_picture(self):
        run, _ = told("movable", *seen("before", 512), *seen("after", 3))
        with tempfile.TemporaryDirectory() as where:
            path = pathlib.Path(where) / "x.svg"
            demo.draw(run, path)
            self.assertIn("2 pages of pools have moved", path.read_text())
        with self.assertRaisesRegex(Failure, "No such file"):
            demo.draw(run, path)


class Written(unittest.TestCase):
    def test_what_is_shown_is_kept(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(demo.Tee(out)) as tee:
            print("one")
            self.assertFalse(text.Map(sys.stdout).live)
            self.assertEqual(text.Map(sys.stdout).free, "\u00b7")
        self.assertEqual((out.getvalue(), tee.text), ("one\n", "one\n"))


if __name__ == "__main__":
    unittest.main()
