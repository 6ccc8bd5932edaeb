# SPDX-License-Identifier: GPL-2.0
"""What make demo-numa makes of what the guest reports."""
import io
import unittest

import program

demo = program.load("demo-numa")

PAGES = 8192
PER_PART = PAGES // demo.PARTS
VALUES = dict(pages=PAGES, rounds=2, longest_alone=1_100_000, passes=20,
              words=20 * PAGES * 512, lost=0)
for way in demo.WAYS:
    VALUES.update({f"{way}_ns": 2_000_000_000, f"{way}_moved": 4 * PAGES,
                   f"{way}_refused": 3, f"{way}_written": 10 * PAGES,
                   f"{way}_longest": 4_200_000, f"{way}_home": PAGES})


class Silent:
    """Progress that nobody sees."""

    def show(self, *words):
        pass


def plain(encoding="utf-8"):
    return demo.Style(io.TextIOWrapper(io.BytesIO(), encoding))


def sample(there, moving=0, written=0):
    """Of each part, so many pages are on node 1, and so many on their way."""
    return (f"sample 1000 {written} "
            + " ".join([f"{PER_PART - there - moving},{there},{moving}"]
                       * demo.PARTS))


def run(samples=None, **values):
    """A guest that did all it had to: the buffer goes there and back."""
    found = demo.Run(Silent())
    found.line("moved 256 pages, 0 were there, 0 were left")
    for line in samples or [sample(PER_PART * (i // 8 % 2))
                            for i in range(demo.SAMPLES)]:
        found.line(line)
    for name, number in dict(VALUES, **values).items():
        found.line(f"value {name} {number}")
    return found


class Lack(unittest.TestCase):
    def test_nothing(self):
        self.assertEqual("", run().lack())

    def test_client_moves_less(self):
        found = run()
        found.line("moved 255 pages, 0 were there, 1 were left")
        self.assertIn("client moved 255", found.lack())

    def test_no_moves(self):
        for way in demo.WAYS:
            self.assertIn(f"only 0 pages moved by {way}",
                          run(**{f"{way}_moved": 0}).lack())

    def test_too_few_moves(self):
        self.assertIn("only", run(driver_moved=3 * PAGES).lack())

    def test_never_there(self):
        found = run([sample(0)] * demo.SAMPLES)
        self.assertIn("node 1", found.lack())

    def test_never_here(self):
        found = run([sample(PER_PART)] * demo.SAMPLES)
        self.assertIn("node 0", found.lack())

    def test_too_few_samples(self):
        found = run()
        found.samples.pop()
        self.assertIn("63 samples", found.lack())

    def test_writer_stood_still(self):
        self.assertIn("writer", run(process_written=PAGES - 1).lack())

    def test_did_not_come_back(self):
        self.assertIn("in the end", run(driver_home=PAGES // 2).lack())

    def test_no_end(self):
        found = run()
        del found.value["lost"]
        self.assertIn("end", found.lack())


class Guest:
    """One that has reported and ended so."""

    def __init__(self, found, status):
        self.found = found
        self.problems = []
        self.status = status
        self.report = "nowhere"

    def run(self, _script, _line, _limit):
        return self


class Verdict(unittest.TestCase):
    def failure(self, found, status=0):
        with self.assertRaises(demo.Failure) as caught:
            found.run(Guest(found, status), 2)
        return str(caught.exception)

    def test_passes(self):
        found = run()
        found.run(Guest(found, 0), 2)

    def test_lost(self):
        self.assertIn("5 writes were lost", self.failure(run(lost=5), 1))
        self.assertIn("5 writes were lost", self.failure(run(lost=5)))

    def test_died(self):
        self.assertIn("guest failed", self.failure(run(), 1))

    def test_nothing_moved(self):
        self.assertIn("only 0 pages", self.failure(run(process_moved=0)))


class Picture(unittest.TestCase):
    def lines(self, samples, encoding="utf-8"):
        found = run(samples)
        return list(demo.Picture(plain(encoding), found.samples).lines())

    def test_shades(self):
        top = self.lines([sample(0), sample(1), sample(PER_PART // 2),
                          sample(PER_PART), sample(100, PER_PART // 2)])[0]
        self.assertEqual("     0 MiB  \u00b7\u2591\u2592\u2588m", top)

    def test_ascii(self):
        top = self.lines([sample(0), sample(PER_PART)], "ascii")[0]
        self.assertEqual("     0 MiB  .@", top)

    def test_writer(self):
        lines = self.lines([sample(0, written=100), sample(0, written=100),
                            sample(0, written=140)])
        self.assertEqual("   writes   \u00b7\u2588", lines[demo.PARTS])

    def test_figures(self):
        rows = dict(demo.figures(run().value))
        self.assertEqual(["16,384"] * 2, rows["  in a second"])
        self.assertEqual(["4.2"] * 2,
                         rows["longest wait of a write, at most, ms"])

    def test_whose_half(self):
        lines = self.lines([sample(0)] * demo.SAMPLES)
        ways = lines[demo.PARTS + 2]
        self.assertEqual(12, ways.index("moved by migrate_pages(2)"))
        self.assertEqual(12 + demo.SAMPLES // 2,
                         ways.index("moved by its driver"))


if __name__ == "__main__":
    unittest.main()
