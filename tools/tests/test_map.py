# SPDX-License-Identifier: GPL-2.0
"""The map of memory: captures read, figures, moves, pictures against data."""
import collections
import contextlib
import fcntl
import io
import os
import pathlib
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest
import unittest.mock
import xml.etree.ElementTree
import zlib

import on_terminal
import program
import window
from cache import Failure
from memmap import figures, live, moves, records, svg, taker, text

SVG = "{http://www.w3.org/2000/svg}"
HEAD = ["memory-map 1", "time 1796037847.956", "release 6.1.0-1-amd64",
        "page 4096", "block 512"]
# A guest's of 6.1: buddyinfo, the same before and after, and between these two
# extfrag/unusable_index, which has three digits.
BUDDIES = ["buddy 0 DMA 0 0 0 0 0 1 1 1 0 1 3",
           "buddy 0 DMA32 57 41 31 8 4 1 1 4 5 4 95"]
EXTFRAG = {"DMA": "0.000 0.000 0.000 0.000 0.000 0.000 0.008 0.025 0.058 0.058 "
                  "0.193",
           "DMA32": "0.000 0.000 0.001 0.002 0.003 0.003 0.004 0.004 0.009 "
                    "0.022 0.042"}
PATIENCE = 120                  # seconds, of a machine that is not idle
MASTER = """
import sys
sys.path.insert(0, {tools!r})
from memmap import live, taker, text
stream = taker.Stream(["sh", "-c", {script!r}])
live.run(stream, sys.stdin, sys.stdout, text.Map(sys.stdout))
"""


def capture(*lines):
    found, = records.read([*HEAD, *lines, "end 0.1"])
    return found


def names(*numbers):
    return "".join(f"page{number:04}" for number in numbers)


def pool(number, freed=0, backing="mops", name=None):
    return (f"pool {number} {name or f'mine-{number}'} {backing} pages=9 "
            f"freed={freed} migrated=4")


class Read(unittest.TestCase):
    def test_all_of_it(self):
        found = capture("zone 0 DMA 1 4095", pool(0),
                        f"pages 0 live 510 4 {names(1, 2, 3, 4)}",
                        "pages 0 pinned 900 1",
                        "blocks 0 2 free=100 anon=3", "blocks 7 1 free=512",
                        *BUDDIES, "frames 4096")
        self.assertEqual(found.zones[0], (0, "DMA", 1, 4095))
        self.assertEqual(found.pools[0].books["migrated"], 4)
        self.assertEqual(found.blocks[0].owned, {(0, "live"): 2})
        self.assertEqual(found.blocks[1].owned, {(0, "live"): 2,
                                                 (0, "pinned"): 1})
        self.assertEqual(found.blocks[1].present(), 106)
        self.assertEqual(found.last(), 8)
        self.assertEqual(found.buddies[0, "DMA"][10], 3)

    def refused(self, message, *lines):
        with self.assertRaisesRegex(Failure, message):
            list(records.read(lines))

    def test_cut_short(self):
        self.refused("cut short", *HEAD)
        self.refused("begins before the one before", *HEAD, *HEAD)

    def test_another_version(self):
        self.refused("version 2; version 1 is known", "memory-map 2")

    def test_no_capture(self):
        self.refused("line 1: no capture has begun", "page 4096")
        self.refused("line 1: '' is no word", "")

    def test_nonsense(self):
        for line in ("pages 0 live 5 1", "blocks 0 1 free=513",
                     "blocks 0 1 odd=1", "blocks 0 0 free=1", "blocks x",
                     "pool 1 mine-1 mops", "zone 0 DMA 1", "block 500",
                     "end", "block"):
            self.refused("line 6: ", *HEAD, line)
        self.refused("line 7: ", *HEAD, pool(0), "pages 0 live 5 2 tooShort")
        self.refused("line 7: ", *HEAD, pool(0), "pages 0 odd 5 2")
        self.refused("is no line", "memory-map 1", "end 1")

    def test_words_of_python(self):
        self.refused("is no word", "memory-map 1", "_ 1")

    def test_files(self):
        with self.assertRaisesRegex(Failure, "No such file"):
            records.load("/no/such")
        with tempfile.NamedTemporaryFile("w") as file:
            with self.assertRaisesRegex(Failure, "has no capture"):
                records.load(file.name)

    def test_several(self):
        self.assertEqual(len(list(records.read(
            [*HEAD, "end 1", *HEAD, "end 1"]))), 2)


class Figures(unittest.TestCase):
    def test_indices_are_the_kernels(self):
        found = capture(*BUDDIES).buddies
        for zone, index in EXTFRAG.items():
            for order, value in enumerate(index.split()):
                share = figures.unusable(found[0, zone], order)
                self.assertEqual(f"{int(share * 1000) / 1000:.3f}", value)

    def test_nothing_free(self):
        self.assertEqual(figures.unusable([0] * 11, 9), 1)

    def test_blocks(self):
        self.assertEqual(figures.free_in_blocks([5, 0, 3, 2], 2), 3 + 2 * 2)
        self.assertEqual(figures.of(capture(*BUDDIES)).blocks,
                         1 + 2 * 3 + 4 + 2 * 95)

    def test_possible(self):
        """Free pages beside what can move, and those alone."""
        for lines, possible in (
                (["blocks 0 3 free=256 anon=256"], 1),
                (["blocks 0 3 free=511 slab=1"], 0),
                (["blocks 0 2 free=512"], 2),
                ([pool(0), "pages 0 live 0 512",
                  "blocks 1 4 free=256 file=256"], 2),
                ([pool(0), "pages 0 live 0 1", "pages 0 live 512 1",
                  "blocks 0 3 free=511"], 2),
                ([pool(0), "pages 0 pinned 0 1", "blocks 0 2 free=511"], 0),
                ([pool(0, backing="none"), "pages 0 live 0 1",
                  "blocks 0 2 free=511"], 0)):
            self.assertEqual(figures.of(capture(*lines)).possible, possible,
                             lines)

    def test_for_people(self):
        found = capture("blocks 0 2 free=512", "buddy 0 DMA 0 0 0 0 0 0 0 0 0"
                        " 2")
        self.assertEqual(figures.sentence(found),
                         "4 MiB free, 0.0 % unusable for blocks of 2 MiB: "
                         "2 free of 2 possible")
        self.assertEqual(figures.size(found, 1 << 22), "16 GiB")


class Moved(unittest.TestCase):
    before = (pool(0), f"pages 0 live 10 4 {names(1, 2, 3, 4)}",
              f"pages 0 live 600 1 {names(5)}")

    def join(self, *lines, before=before):
        return moves.join(capture(*before), capture(*lines))

    def test_by_name(self):
        found = self.join(pool(0), f"pages 0 live 10 1 {names(1)}",
                          f"pages 0 live 1030 3 {names(4, 5, 2)}",
                          f"pages 0 live 20 1 {names(3)}")
        self.assertEqual(found.flows, {(0, 2): 2, (1, 2): 1, (0, 0): 1})
        self.assertEqual(found.left, {0: 3, 1: 1})
        self.assertEqual(found.arrived, {2: 3, 0: 1})
        self.assertEqual((found.moved, found.stayed), (4, 1))
        self.assertTrue(found.exact)
        self.assertEqual(moves.sentence(found), "4 pages of pools have moved, "
                         "1 have not")

    def test_pages_that_come_and_go(self):
        found = self.join(pool(0, freed=1),
                          f"pages 0 live 10 3 {names(1, 2, 9)}")
        self.assertEqual((found.moved, found.new, found.gone), (0, 1, 3))
        self.assertFalse(found.exact)

    def test_listed_twice(self):
        found = self.join(pool(0), f"pages 0 live 5 2 {names(1, 1)}")
        self.assertFalse(found.exact)
        self.assertIn("at most", moves.sentence(found))

    def test_another_pool(self):
        found = self.join(pool(0, name="other-0"),
                          f"pages 0 live 99 1 {names(1)}")
        self.assertEqual(moves.sentence(found),
                         "no page of a pool has moved")

    def test_numbers_of_pools_change(self):
        found = self.join(pool(0, name="other-0"), pool(1, name="mine-0"),
                          f"pages 1 live 2000 1 {names(5)}")
        self.assertEqual(found.flows, {(1, 3): 1})

    def test_without_names(self):
        found = self.join(pool(0), "pages 0 live 512 5",
                          before=(pool(0), "pages 0 live 0 7"))
        self.assertEqual((+found.left, +found.arrived), ({0: 7}, {1: 5}))
        self.assertEqual(found.flows, {})
        self.assertIn("blocks differ by 12", moves.sentence(found))


def plain(encoding="ascii"):
    return text.Map(io.TextIOWrapper(io.BytesIO(), encoding))


class Text(unittest.TestCase):
    def rows(self, *lines, **words):
        return list(plain().rows(capture(*lines), **words))

    def test_no_memory_there(self):
        self.assertEqual(self.rows("blocks 0 64 free=512",
                                   "blocks 257 1 free=512"),
                         ["     0 MiB  " + "." * 64, "   512 MiB   ."])

    def test_letters(self):
        for line, letter in (
                ("pages 0 live 0 128", "-"), ("pages 0 live 0 129", "+"),
                ("pages 0 live 0 384", "*"), ("pages 0 live 0 385", "@"),
                ("pages 0 pinned 0 1", "P"), ("pages 0 longterm 0 1", "L"),
                ("pages 0 private 0 1", "N"), ("pages 0 poisoned 0 1", "X"),
                ("blocks 0 1 free=511 kernel=1", "k"),
                ("blocks 0 1 slab=3 kernel=2", "s"),
                ("blocks 0 1 table=1 anon=500", "t"),
                ("blocks 0 1 anon=5 file=6", "f"),
                ("blocks 0 1 mapped=1", "m"), ("blocks 0 1 huge=512", "h"),
                ("blocks 0 1 driver=1", "d"), ("blocks 0 1 offline=1", "o"),
                ("blocks 0 1 poisoned=1", "x"), ("blocks 0 1 free=9", ".")):
            rest = [] if line.startswith("blocks") else [
                f"blocks 0 1 free={512 - int(line.split()[4])}"]
            row, = self.rows(pool(0), line, *rest)
            self.assertEqual(row, f"     0 MiB  {letter}", line)

    def test_owner(self):
        lines = (pool(0), pool(1), "pages 0 live 0 512",
                 "pages 1 live 512 512")
        self.assertEqual(self.rows(*lines), ["     0 MiB  @@"])
        drawer = text.Map(io.TextIOWrapper(io.BytesIO(), "utf-8"))
        drawer.colour = True
        row, = drawer.rows(capture(*lines), chosen={1})
        self.assertIn("\033[2m\u2588\033[0m\033[36m\u2588", row)

    def test_several_in_a_character(self):
        drawer = plain()
        drawer.zoom = 4
        found = capture(pool(0), "pages 0 live 0 512", "blocks 1 3 free=512",
                        "blocks 4 1 kernel=512", "blocks 5 3 free=512")
        self.assertEqual(list(drawer.rows(found)), ["     0 MiB  -."])
        self.assertEqual(text.fitting(capture("blocks 0 1000 free=512"), 64,
                                      4), 4)

    def test_picture(self):
        lines = list(plain().picture(capture("blocks 0 1 kernel=1"), "This"))
        self.assertEqual(lines[:4], ["  This", "       0 MiB  k",
                                     "          . free",
                                     "          k kernel"])
        self.assertIn("0 KiB free", lines[4])

    def test_moved_blocks(self):
        drawer = plain()
        drawer.colour = True
        row, = drawer.rows(capture("blocks 0 2 free=512"), marked={1})
        self.assertEqual(row.count(";7m"), 1)


def rendered(lines, width, height):
    """Its upper left corner as rows of (red, green, blue), by librsvg."""
    done = subprocess.run(["rsvg-convert", "--format=png",
                           f"--page-width={width}", f"--page-height={height}"],
                          check=True, input="\n".join(lines).encode(),
                          stdout=subprocess.PIPE)
    return pixels(done.stdout)


def pixels(png):
    """Of a PNG with eight bits for each of red, green, blue; and opacity."""
    width, height, depth, colours = struct.unpack(">IIBB", png[16:26])
    each = {(8, 2): 3, (8, 6): 4}[depth, colours]
    data, at = b"", 8
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at:at + 8])
        data += png[at + 8:at + 8 + size] if kind == b"IDAT" else b""
        at += 12 + size
    data, step = zlib.decompress(data), each * width
    rows, above = [], bytes(step)
    for y in range(height):
        line = data[y * (step + 1):(y + 1) * (step + 1)]
        above = unfiltered(line[0], bytearray(line[1:]), above, each)
        rows.append([tuple(above[x:x + 3]) for x in range(0, step, each)])
    return rows


def unfiltered(kind, line, above, each):
    """A row of a PNG from the differences that it is kept as."""
    for x in range(len(line)) if kind else ():
        left = line[x - each] if x >= each else 0
        corner = above[x - each] if x >= each else 0
        line[x] = (line[x] + (left, above[x], (left + above[x]) // 2,
                              paeth(left, above[x], corner))[kind - 1]) & 255
    return bytes(line)


def paeth(left, above, corner):
    guess = left + above - corner
    return min((abs(guess - left), 0, left), (abs(guess - above), 1, above),
               (abs(guess - corner), 2, corner))[2]


def colour(layer):
    if not layer:
        return WHITE
    found = {name: shade for name, shade, _ in
             (svg.FREE_LAYER, *svg.LAYERS)}[layer]
    return tuple(int(found[at:at + 2], 16) for at in (1, 3, 5))


COLUMNS = 20                    # of blocks, that are looked at
ORDER = [layer for layer, _, _ in svg.LAYERS] + ["free", None]
WHITE = (255, 255, 255)


def expected(counts):
    """The layer of each page of a block of 512, in their order."""
    found = [layer for layer in ORDER for _ in range(counts.get(layer, 0))]
    return found + [None] * (512 - len(found))


class Picture(unittest.TestCase):
    """Pixel against data: a pixel is a page where a row has 64 blocks."""

    def compare(self, captures, name, layout):
        """layout: {block: {layer: pages}}"""
        lines = svg.draw(captures, ["one", "other"])
        place = re.search(rf'class="{name}" transform="translate\((\d+) '
                          r'(\d+)\) scale\(1\)"', "\n".join(lines))
        left, top = map(int, place.groups())
        rows = rendered(lines, left + 18 * COLUMNS, top + 2 * 34)
        for block, counts in layout.items():
            x, y = left + block % 64 * 18, top + block // 64 * 34
            self.assertEqual([rows[y + 31 - at // 16][x + at % 16]
                              for at in range(512)],
                             list(map(colour, expected(counts))), block)
            self.assertEqual({rows[y + gap][x + 16] for gap in range(34)},
                             {WHITE})

    def test_known_layout(self):
        kinds = "free anon mapped file huge slab table driver kernel offline " \
            "poisoned".split()
        layout = {number: {kind: number + 1, "free": 512 - number - 1}
                  for number, kind in enumerate(kinds[1:])}
        layout[12] = {kind: 10 + 3 * at for at, kind in enumerate(kinds)}
        layout[19] = {"free": 512}
        layout[64] = {"kernel": 512}
        layout[67] = {"free": 100, "kernel": 15}
        lines = [f"blocks {number} 1 " + " ".join(
            f"{kind}={pages}" for kind, pages in counts.items())
            for number, counts in layout.items()]
        lines += [pool(0), pool(1, backing="none"),
                  f"pages 0 live {70 * 512 + 7} 300",
                  f"pages 0 pinned {70 * 512 + 400} 17",
                  f"pages 1 live {71 * 512} 1"]
        layout[70] = {"pool": 300, "held": 17}
        layout[71] = {"held": 1}
        layout[72] = {}
        self.compare([capture(*lines)], "before", layout)

    def test_what_has_moved(self):
        before = capture(pool(0), "pages 0 live 0 300",
                         "blocks 0 1 free=212", "blocks 65 1 free=512")
        after = capture(pool(0), "pages 0 live 0 100",
                        f"pages 0 live {65 * 512} 200",
                        "blocks 0 1 free=412", "blocks 65 1 free=312")
        both = [before, after]
        self.compare(both, "before",
                     {0: {"pool": 100, "moved": 200, "free": 212},
                      65: {"free": 512}})
        self.compare(both, "after", {0: {"pool": 100, "free": 412},
                                     65: {"moved": 200, "free": 312}})

    def test_arrows(self):
        before = capture(pool(0), f"pages 0 live 0 3 {names(1, 2, 3)}",
                         "blocks 0 70 free=500")
        after = capture(pool(0), f"pages 0 live 0 1 {names(1)}",
                        f"pages 0 live {66 * 512} 2 {names(2, 3)}",
                        "blocks 0 70 free=500")
        root = xml.etree.ElementTree.fromstring(
            "\n".join(svg.draw([before, after], ["a", "b"])).encode())
        arrow, = [path for path in root.iter(SVG + "path")
                  if path.get("class") == "arrow"]
        tops = [int(re.search(r"translate\(\d+ (\d+)\)",
                              group.get("transform")).group(1))
                for group in root.iter(SVG + "g")
                if group.get("class") in ("before", "after")]
        x1, y1, x2, y2 = map(float, re.findall(r"[\d.]+", arrow.get("d")))
        self.assertEqual((x1, y1), (8, 16))
        self.assertEqual((x2, y2), (2 * 18 + 8,
                                    34 + 16 + tops[1] - tops[0]))
        self.assertEqual(arrow[0].text, "2 pages")

    def test_area_of_other_blocks(self):
        """Of any size, a block's paths have as much area as it has pages."""
        for block in (32, 256, 1024, 8192):
            found, = records.read(["memory-map 1", "page 4096",
                                   f"block {block}", "blocks 3 1 "
                                   f"free={block - 5} slab=5", "end 1"])
            grid = svg.Grid(found, 64, collections.Counter())
            for layer, pages in (("free", block), ("slab", 5)):
                path, = grid.paths()[layer]
                area = sum(int(w) * int(h) for w, h in re.findall(
                    r"h(\d+)v(\d+)", path))
                self.assertEqual(area, pages)

    def test_16_gib_takes_seconds(self):
        lines = [*HEAD, pool(0)]
        for block in range((16 << 30) // (2 << 20)):
            lines += [f"pages 0 live {block * 512} 25 "
                      + names(*range(25)).replace("page", f"{block:04}"),
                      f"blocks {block} 1 free=300 anon={block % 100} "
                      f"kernel={1 + (112 - block % 100) // 2}"]
        start = time.process_time()     # of an idle machine
        found = list(records.read([*lines, "end 1"]))
        drawn = svg.draw(found * 2, ["a", "b"])
        self.assertLess(time.process_time() - start, 60)
        self.assertLess(sum(map(len, drawn)), 8 << 20)


class Live(unittest.TestCase):
    """In a process of its own, on a terminal that is a pair of files."""

    def start(self, lines, then="sleep 60"):
        self.master, self.slave = os.openpty()
        self.addCleanup(os.close, self.master)
        self.addCleanup(os.close, self.slave)
        self.resize(24, 80)
        self.before = termios.tcgetattr(self.slave)
        script = "cat <<'END'\n" + "\n".join(lines) + f"\nEND\n{then}"
        self.process = subprocess.Popen(
            [sys.executable, "-B", "-c", MASTER.format(
                tools=str(program.TOOLS), script=script)],
            stdin=self.slave, stdout=self.slave, stderr=subprocess.PIPE,
            start_new_session=True, preexec_fn=on_terminal.begin,
            env={**os.environ, "LC_ALL": "C.UTF-8"})
        self.addCleanup(self.process.stderr.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)

    def resize(self, rows, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ,
                    struct.pack("4H", rows, columns, 0, 0))

    def until(self, words):
        """What has been shown when these words are."""
        shown, limit = "", time.monotonic() + PATIENCE
        while words not in shown:
            ready, _, _ = select.select([self.master], [], [],
                                        max(0, limit - time.monotonic()))
            self.assertTrue(ready, f"no '{words}' in {shown!r}")
            shown += os.read(self.master, 65536).decode(errors="replace")
        return shown

    def type(self, keys):
        os.write(self.master, keys.encode())

    def ended(self, status):
        self.assertEqual(self.process.wait(PATIENCE), status)
        self.assertEqual(termios.tcgetattr(self.slave), self.before)

    LINES = [*HEAD, pool(0, name="heap-0"), "pages 0 live 0 512",
             "blocks 1 63 free=512", "end 0.1"]

    def test_keys(self):
        self.start(self.LINES)
        shown = self.until("q quit")
        self.assertIn(window.ENTER, shown)
        self.assertIn("all pools", shown)
        self.assertIn("heap-0 9 pages, 4 moved", shown)
        self.assertNotEqual(termios.tcgetattr(self.slave), self.before)
        self.type("o")
        self.until("heap-0\033")
        self.type("-")
        self.until("4 MiB in a character")
        self.type("+")
        self.until("2 MiB in a character")
        self.type("p")
        self.until("paused")
        self.type("?")
        self.until("next owner")
        self.type("q")
        self.until(window.LEAVE)
        self.ended(0)

    def test_interrupt(self):
        self.start(self.LINES)
        self.until("q quit")
        self.type("\003")
        self.until(window.LEAVE)
        self.ended(0)

    def test_terminated(self):
        self.start(self.LINES)
        self.until("q quit")
        self.process.send_signal(signal.SIGTERM)
        self.until(window.LEAVE)
        self.ended(128 + signal.SIGTERM)

    def test_stopped(self):
        self.start(self.LINES)
        self.until("q quit")
        self.process.send_signal(signal.SIGTSTP)
        self.until(window.LEAVE)
        self.assertEqual(termios.tcgetattr(self.slave), self.before)
        # A signal to go on, before it has stopped, would be lost.
        _, status = os.waitpid(self.process.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status))
        self.process.send_signal(signal.SIGCONT)
        self.until("q quit")
        self.type("q")
        self.until(window.LEAVE)
        self.ended(0)

    def test_resized(self):
        self.start(self.LINES)
        self.until("q quit")
        self.resize(40, 160)
        self.process.send_signal(signal.SIGWINCH)
        self.assertIn("\u00b7" * 63 + "\033[0m\033[K", self.until("q quit"))
        self.resize(5, 30)
        self.process.send_signal(signal.SIGWINCH)
        # Of the size before there may be a picture that is not read yet.
        def lines():
            picture = self.until(window.BELOW).rpartition(window.HOME)[2]
            return picture.count("\n")
        while lines() > 4:
            pass
        self.type("q")
        self.until(window.LEAVE)
        self.ended(0)

    def test_capture_fails(self):
        self.start(self.LINES[:-1], "echo 'capture: it is gone' >&2")
        self.until(window.LEAVE)
        self.assertNotEqual(self.process.wait(PATIENCE), 0)
        self.assertIn(b"Failure: it is gone", self.process.stderr.read())
        self.assertEqual(termios.tcgetattr(self.slave), self.before)


class Screen(unittest.TestCase):
    def screen(self, *captures):
        found = live.Screen(plain(), lambda: (80, 24))
        for one in captures:
            found.take(one)
        return found

    def test_pages_that_have_come(self):
        found = self.screen(capture(pool(0), "pages 0 live 0 9"),
                            capture(pool(0), "pages 0 live 0 4",
                                    "pages 0 live 512 5"))
        self.assertEqual(found.marked, {1})

    def test_pause(self):
        found = self.screen(capture("blocks 0 1 free=512"))
        found.key("p")
        found.take(capture())
        self.assertTrue(found.capture.blocks)

    def test_large_memory_fits(self):
        found = self.screen(capture("blocks 0 30000 free=512"))
        self.assertLessEqual(len(found.lines()), 24)
        for _ in range(3):
            found.key("+")
        for _ in range(100):
            found.key("down")
        lines = found.lines()
        self.assertLessEqual(len(lines), 24)
        self.assertIn("MiB  ", lines[1])
        self.assertGreater(int(lines[1].split()[0]), 30000)

    def test_owners_in_turn(self):
        found = self.screen(capture(pool(0), pool(1)))
        heads = []
        for _ in range(5):
            heads.append(found.lines()[0].split("   ")[2])
            found.key("o")
        self.assertEqual(heads, ["all pools", "mine-0", "mine-1", "no pool",
                                 "all pools"])


class Verb(unittest.TestCase):
    """tools/map.py, with captures of files and with that of this machine."""

    def run_map(self, *words, **more):
        return subprocess.run([sys.executable, "-B",
                               str(program.TOOLS / "map.py"), *words],
                              text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              **more)

    def file(self, *lines):
        file = tempfile.NamedTemporaryFile("w", suffix=".map")
        self.addCleanup(file.close)
        file.write("\n".join(lines) + "\n")
        file.flush()
        return file.name

    def refused(self, message, *words, **more):
        done = self.run_map(*words, **more)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertRegex(done.stderr, f"^error: .*{message}")

    def test_refused(self):
        self.refused("FROM=: say that, too", "--to", "x")
        self.refused("FROM= has one", "--out", "x", "--from", "y")
        self.refused("EVERY= is a number", "--every", "0")
        self.refused("No such file", "--from", "/no/such")
        one = self.file(*HEAD, "end 1")
        other = self.file(*HEAD[:4], "block 1024", "end 1")
        self.refused("blocks of other sizes", "--from", one, "--to", other)
        self.refused("No such file or dir", "--from", one, "--svg",
                     "/no/such/x.svg")

    def test_one_capture(self):
        done = self.run_map("--from", self.file(*HEAD, "blocks 0 1 free=512",
                                                "end 1"))
        self.assertIn("  Linux 6.1.0-1-amd64, 2026-11-30 11:24:07 UTC\n"
                      "       0 MiB  ", done.stdout)

    def test_two(self):
        before = self.file(*HEAD, pool(0), f"pages 0 live 0 1 {names(1)}",
                           "end 1")
        after = self.file(*HEAD, pool(0), f"pages 0 live 512 1 {names(1)}",
                          "end 1")
        done = self.run_map("--from", before, "--to", after)
        self.assertIn("1 pages of pools have moved, 0 have not", done.stdout)
        with tempfile.TemporaryDirectory() as where:
            path = pathlib.Path(where) / "x.svg"
            done = self.run_map("--from", before, "--to", after, "--svg",
                                str(path))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn('class="arrow"', path.read_text())

    def test_by_make(self):
        done = subprocess.run(
            ["make", "-s", "map", "FROM=" + self.file(
                *HEAD, "blocks 0 1 free=512", "end 1")],
            cwd=program.TOOLS.parent, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("1 free of 1 possible", done.stdout)

    def test_installed(self):
        """A file is where the person is, not where the tools are."""
        tree = program.TOOLS.parent
        script = (tree / "debian/movable-pool").read_text().replace(
            "/usr/share/movable-pool", str(tree))
        path = pathlib.Path(self.file(*HEAD, "end 1"))
        done = subprocess.run(
            ["sh", "-c", script, "movable-pool", "map", f"FROM={path.name}"],
            cwd=path.parent, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("0 free of 0 possible", done.stdout)

    def test_for_root_alone(self):
        if os.geteuid() == 0:
            self.assertEqual(taker.need_root(), None)
            with unittest.mock.patch("os.geteuid", lambda: 1000), \
                    self.assertRaisesRegex(Failure, "to root alone"):
                taker.need_root()
        else:
            self.refused("to root alone")


class Captured(unittest.TestCase):
    """The program itself, as whoever runs the tests."""

    @classmethod
    def setUpClass(cls):
        cls.program = taker.program()

    def run_capture(self, *words):
        return subprocess.run([self.program, *words], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def test_bad_words(self):
        for words in (["--every"], ["--every", "0"], ["--every", "x"],
                      ["--odd"], ["more"]):
            done = self.run_capture(*words)
            self.assertEqual(done.returncode, 2)
            self.assertIn("usage: ", done.stderr)

    def test_here(self):
        """Where it may and memory shows itself: what comes out can be read."""
        done = self.run_capture()
        if done.returncode:
            self.assertRegex(done.stderr, "^capture: /proc/")
            self.assertEqual(done.returncode, 1)
            return
        found, = records.read(done.stdout.splitlines())
        self.assertGreater(found.frames, 0)
        self.assertTrue(all(block.present() <= found.block
                            for block in found.blocks.values()))


if __name__ == "__main__":
    unittest.main()
