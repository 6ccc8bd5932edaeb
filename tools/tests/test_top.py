# SPDX-License-Identifier: GPL-2.0
"""make top: what it reads, reckons and draws, and how it leaves a terminal."""
import errno
import fcntl
import io
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import types
import unittest

TOP = pathlib.Path(__file__).resolve().parent.parent / "top"
sys.path[:0] = [str(TOP), str(TOP.parent)]
import on_terminal
import window
from pools_top import books, rates, screen
from terminal import Style

PROGRAM = ["/usr/bin/python3", "-B", str(TOP / "pools_top")]
ESCAPE = re.compile(r"\033\[[?\d;]*[A-Za-z]")
NAMES = ("pages", "unpublished", "allocated", "freed", "migrated", "directed",
         "attempted", *rates.REASONS)
PATIENCE = 20                   # seconds, for a terminal to say something


class Tree:
    """A directory as debugfs has it."""

    def __init__(self, test):
        keeper = tempfile.TemporaryDirectory()
        test.addCleanup(keeper.cleanup)
        self.root = pathlib.Path(keeper.name) / "movable_pool"
        self.root.mkdir()
        (self.root / "deferred").write_text("3\n")

    def pool(self, name, longterm="", **numbers):
        where = self.root / name
        where.mkdir(exist_ok=True)
        (where / "backing").write_text("mops: non-LRU\nwhy\n")
        (where / "longterm").write_text(longterm)
        # A file is never half written: its reader is another process.
        new = where / "new"
        new.write_text("".join(f"{word} {numbers.get(word, 0)}\n"
                               for word in NAMES))
        new.replace(where / "stats")


def snapshot(when, **pools):
    found = books.Snapshot(None, lambda: when)
    for name, stats in pools.items():
        found.pools[name] = types.SimpleNamespace(
            name=name, backing="mops", pins=[], stats=stats)
    return found


def view(order="moves/s"):
    return screen.View(Style(io.StringIO()), order)


class Reading(unittest.TestCase):
    def setUp(self):
        self.tree = Tree(self)

    def test_books(self):
        self.tree.pool("a-0", "7 12 my own task 99 edu_open\n", pages=5)
        found = books.Snapshot(str(self.tree.root))
        self.assertEqual(found.deferred, 3)
        self.assertEqual(found.pools["a-0"].backing, "mops")
        self.assertEqual(found.pools["a-0"].stats["pages"], 5)
        pin, = found.pins()
        self.assertEqual((pin.seconds, pin.frame, pin.task, pin.pid,
                          pin.caller), (7, 12, "my own task", 99, "edu_open"))

    def test_task_of_any_name(self):
        for name, shown in (("\033[2J\a", "?[2J?"), ("a b 1", "a b 1"),
                            ("", ""), ("a\u2028b", "a?b")):
            self.tree.pool("a-0", f"7 12 {name} 99 edu_open [edu]\n")
            pin, = books.Snapshot(str(self.tree.root)).pins()
            self.assertEqual((pin.task, pin.pid, pin.caller),
                             (shown, 99, "edu_open [edu]"))
        self.tree.pool("a-0", "7 12 with\nlines 99 edu_open\n")
        self.assertEqual(books.Snapshot(str(self.tree.root)).pins(), [])

    def test_longest_first(self):
        self.tree.pool("a-0", "7 1 x 1 f\n3 2 x 1 f\n")
        self.tree.pool("b-1", "5 3 x 1 f\n")
        self.assertEqual([pin.seconds for pin in books.Snapshot(
            str(self.tree.root)).pins()], [7, 5, 3])

    def test_pool_goes_while_it_is_read(self):
        self.tree.pool("a-0")
        self.tree.pool("b-1")
        (self.tree.root / "a-0/longterm").unlink()
        self.assertEqual(list(books.Snapshot(str(self.tree.root)).pools),
                         ["b-1"])

    def test_not_loaded(self):
        with self.assertRaisesRegex(books.Failure, "not loaded"):
            books.Snapshot(f"{self.tree.root}-not")

    def test_not_root(self):
        error = OSError(errno.EACCES, "no", books.ROOT)
        self.assertRegex(str(books.refused(error)), "be root")

    def test_odd(self):
        error = OSError(errno.ENOMEM, "No memory", "x/stats")
        self.assertEqual(str(books.refused(error)),
                         "cannot read x/stats: No memory")


class Rates(unittest.TestCase):
    def row(self, now, before):
        found, = rates.rows(now, before)
        return found

    def test_between_two(self):
        row = self.row(
            snapshot(14.0, a=dict(pages=9, migrated=130, directed=20,
                                  refused_pinned=8, failed_driver=2)),
            snapshot(10.0, a=dict(migrated=100, directed=10)))
        self.assertEqual((row.pages, row.moves, row.moved, row.failed),
                         (9, 150, 10.0, 2.5))
        self.assertEqual(row.why(), [("pinned", 2.0), ("failed", 0.5)])

    def test_first_reading(self):
        row = self.row(snapshot(1.0, a=dict(migrated=5)), None)
        self.assertEqual((row.moves, row.moved, row.failed), (5, None, None))

    def test_new_pool(self):
        row = self.row(snapshot(3.0, a=dict(migrated=5)), snapshot(1.0))
        self.assertEqual(row.moved, 2.5)

    def test_another_pool_of_this_name(self):
        row = self.row(snapshot(3.0, a=dict(migrated=5, allocated=2)),
                       snapshot(1.0, a=dict(migrated=4, allocated=9)))
        self.assertEqual(row.moved, 2.5)

    def test_orders(self):
        found = rates.rows(
            snapshot(1.0, a=dict(pages=1, migrated=9),
                     b=dict(pages=2, refused_target=1), c=dict(unpublished=1)),
            snapshot(0.0))
        for order, names in (("moves/s", "abc"), ("failures/s", "bac"),
                             ("pages", "bac"), ("unpublished", "cab"),
                             ("pool", "abc")):
            self.assertEqual("".join(row.name for row in sorted(
                found, key=rates.ORDERS[order])), names, order)

    def test_reasons_are_the_books(self):
        header = (TOP.parent.parent / "include/linux/movable_pool.h")
        text = header.read_text() if "refused_pinned" in header.read_text() \
            else "".join(path.read_text() for path in
                         header.parent.glob("movable_*.h"))
        have = set(re.findall(r"\bunsigned long ((?:refused|failed)_\w+);",
                              text))
        self.assertEqual(have, set(rates.REASONS))


class Screen(unittest.TestCase):
    def many(self, count, pins=0):
        pools = {f"pool-{number}": dict(
            pages=number * 1000, migrated=number, refused_pinned=number,
            refused_target=1) for number in range(count)}
        now = snapshot(2.0, **pools)
        if count:
            now.pools["pool-0"].pins = books.pins("pool-0", "".join(
                f"{number} 1 task 2 f\n" for number in range(pins)))
        return now, snapshot(1.0)

    def test_fits(self):
        for pools in (0, 1, 3, 200):
            for pins in (0, 1, 50):
                for width in (1, 19, 20, 40, 80, 250):
                    for height in (1, 3, 4, 5, 8, 12, 24, 70):
                        lines = screen.screen(view(), *self.many(pools, pins),
                                              width, height)
                        self.assertLessEqual(len(lines), height)
                        self.assertLessEqual(max(map(len, lines)), width)

    def test_whole(self):
        lines = screen.screen(view(), *self.many(3, 2), 100, 24)
        self.assertEqual(len(lines), 24)
        self.assertEqual(lines[0], "movable_pool by moves/s, in 1.0 s: 3 pools, "
                         "3,000 pages, 3.0 moves/s, 6.0 failures/s, "
                         "0 deferred")
        self.assertEqual(lines[2].split(), list(screen.HEAD))
        self.assertEqual(lines[4].split(None, 7), [
            "pool-2", "mops", "2,000", "0", "2", "2.0", "3.0",
            "pinned 2.0, target 1.0"])
        text = "\n".join(lines)
        self.assertIn("longest pins", text)
        self.assertIn("pinned: a driver has pinned the page", lines[-2])
        self.assertEqual(lines[-1], screen.KEYS)

    def test_scroll(self):
        eye = view("pool")
        now, before = self.many(50)
        self.assertIn("more", "\n".join(
            screen.screen(eye, now, before, 80, 20)))
        eye.top = 1000
        lines = screen.screen(eye, now, before, 80, 20)
        self.assertNotIn("more", "\n".join(lines))
        self.assertIn("pool-9", "\n".join(lines))

    def test_help(self):
        eye = view()
        eye.help = True
        text = "\n".join(screen.screen(eye, *self.many(1), 80, 24))
        for reason, _ in rates.REASONS.values():
            self.assertIn(f"  {reason} ", text)

    def test_numbers(self):
        for value, said in ((None, "-"), (0.0, "0"), (0.25, "0.2"),
                            (99.94, "99.9"), (99.96, "100"), (1e6,
                            "1,000,000"), (12, "12")):
            self.assertEqual(screen.number(value), said)

    def test_plain(self):
        lines = screen.plain(view(), *self.many(2, 20), 80)
        self.assertEqual(sum("task" in line for line in lines), 21)
        self.assertTrue(all(len(line) <= 80 for line in lines))


class Keys(unittest.TestCase):
    def test_in_pieces(self):
        here = window.Window.__new__(window.Window)
        here.rest = b""
        self.assertEqual(list(here.keys(b"s\033[Ax")), ["s", "up", "x"])
        self.assertEqual(list(here.keys(b"\033[")), [])
        self.assertEqual(list(here.keys(b"Bq")), ["down", "q"])
        self.assertEqual(list(here.keys(b"jk")), ["down", "up"])


class Terminal:
    """The program on one; what it has written."""

    def __init__(self, test, root, *options, **environment):
        self.master, slave = pty.openpty()
        test.addCleanup(os.close, self.master)
        self.resize(80, 24)
        self.found = termios.tcgetattr(self.master)
        self.process = subprocess.Popen(
            [*PROGRAM, "--root", str(root), "--interval", "0.1", *options],
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=on_terminal.begin,
            env=dict({"TERM": "xterm", "PATH": "/usr/bin:/bin",
                      "LANG": "C.UTF-8"}, **environment))
        os.close(slave)
        test.addCleanup(self.process.wait)
        test.addCleanup(self.process.kill)
        self.text = ""

    def resize(self, columns, lines):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, keys):
        os.write(self.master, keys.encode())

    def read(self, seconds):
        """Return: whether there is more to come."""
        if select.select([self.master], [], [], seconds)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError:
                return False
            self.text += data.decode(errors="replace")
            return bool(data)
        return True

    def until(self, holds):
        """What was written since, when it is so."""
        start = len(self.text)
        deadline = time.monotonic() + PATIENCE
        while not holds(self.text[start:]):
            if time.monotonic() > deadline or not self.read(0.2):
                raise AssertionError(
                    f"never so: {self.text[start:][-2000:]!r}")
        return self.text[start:]

    def shows(self, words):
        return self.until(lambda text: words in ESCAPE.sub("", text))

    def stopped(self):
        """Who continues it sooner does so for nothing."""
        state = pathlib.Path(f"/proc/{self.process.pid}/stat")
        deadline = time.monotonic() + PATIENCE
        while ") T " not in state.read_text():
            if time.monotonic() > deadline:
                raise AssertionError("it does not stop")
            time.sleep(0.01)

    def ended(self):
        """Its status, when all is read."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read(0.1)
        while select.select([self.master], [], [], 0.1)[0]:
            if not self.read(0):
                break
        return self.process.wait(PATIENCE)


class OnTerminal(unittest.TestCase):
    def setUp(self):
        self.tree = Tree(self)
        self.tree.pool("a-0", "7 12 task 99 edu_open\n", pages=5)
        self.tree.pool("b-1", pages=6)

    def left_as_found(self, here):
        self.assertTrue(here.text.endswith(window.LEAVE))
        self.assertEqual(here.text.count(window.ENTER),
                         here.text.count(window.LEAVE))
        self.assertEqual(termios.tcgetattr(here.master), here.found)

    def test_keys(self):
        here = Terminal(self, self.tree.root)
        here.shows("by moves/s")
        self.assertNotEqual(termios.tcgetattr(here.master), here.found)
        here.press("s")
        here.shows("by failures/s")
        here.press("p")
        here.shows("PAUSED")
        here.press("p")
        here.until(lambda text: "by failures/s" in text
                   and "PAUSED" not in text)
        here.press("?")
        here.shows("unpublished allocated, but not movable yet")
        here.press("?")
        here.shows("longest pins")
        here.press("q")
        self.assertEqual(here.ended(), 0)
        self.left_as_found(here)

    def test_size(self):
        here = Terminal(self, self.tree.root, "--interval", "600")
        here.shows("by moves/s")
        here.resize(30, 10)
        text = here.until(lambda text: text.endswith(window.BELOW) and
                          "movable_pool by moves/s: 2 poo\033" in text)
        lines = ESCAPE.sub("", text.rpartition(window.HOME)[2]).split("\r\n")
        self.assertEqual(len(lines), 10)
        self.assertLessEqual(max(map(len, lines)), 30)
        here.press("q")
        self.assertEqual(here.ended(), 0)

    def test_pools_come_and_go(self):
        here = Terminal(self, self.tree.root)
        here.shows("a-0")
        self.tree.pool("c-2", migrated=1000)
        here.shows("c-2")
        shutil.rmtree(self.tree.root / "a-0")
        here.shows("2 pools")
        shutil.rmtree(self.tree.root)
        here.shows("there are no pools")
        here.press("q")
        self.assertEqual(here.ended(), 0)

    def test_ended_by_others(self):
        for number, status in ((signal.SIGTERM, 128 + signal.SIGTERM),
                               (signal.SIGHUP, 128 + signal.SIGHUP),
                               (signal.SIGINT, 130)):
            here = Terminal(self, self.tree.root)
            here.shows("by moves/s")
            here.process.send_signal(number)
            self.assertEqual(here.ended(), status)
            self.left_as_found(here)

    def test_stopped_and_continued(self):
        here = Terminal(self, self.tree.root)
        here.shows("by moves/s")
        here.press("\x1a")
        here.until(lambda text: text.endswith(window.LEAVE))
        here.stopped()
        self.assertEqual(termios.tcgetattr(here.master), here.found)
        here.process.send_signal(signal.SIGCONT)
        here.shows("by moves/s")
        here.press("q")
        self.assertEqual(here.ended(), 0)
        self.left_as_found(here)

    def test_fault_of_ours(self):
        """Numbers that are none: it ends, and the terminal is whole."""
        here = Terminal(self, self.tree.root)
        here.shows("by moves/s")
        (self.tree.root / "a-0/stats").write_text("pages many\n")
        self.assertEqual(here.ended(), 1)
        self.assertIn(window.LEAVE, here.text)
        self.assertIn("ValueError", here.text)
        self.assertEqual(termios.tcgetattr(here.master), here.found)

    def test_colour(self):
        self.tree.pool("a-0", pages=5, refused_pinned=1)
        painted = re.compile(r"\033\[3\d;?\d*m")
        for environment, expected in (({}, True), ({"NO_COLOR": "1"}, False)):
            here = Terminal(self, self.tree.root, **environment)
            here.shows("by moves/s")
            self.tree.pool("a-0", pages=5, refused_pinned=5000)
            here.shows("pinned: a driver")
            self.tree.pool("a-0", pages=5, refused_pinned=1)
            self.assertEqual(bool(painted.search(here.text)), expected)
            here.press("q")
            here.ended()


class AsText(unittest.TestCase):
    def setUp(self):
        self.tree = Tree(self)

    def start(self, *options):
        return subprocess.Popen(
            [*PROGRAM, "--root", str(self.tree.root), *options], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def test_rates(self):
        """So many, in the time that it says itself."""
        self.tree.pool("a-0", pages=5)
        process = self.start("--count", "2", "--interval", "1")
        first = process.stdout.readline()
        self.assertIn("0 moves/s", first)
        self.tree.pool("a-0", pages=5, migrated=700, refused_pinned=30)
        rest, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0)
        seconds = float(re.search(r"in ([\d.]+) s", rest).group(1))
        row = re.findall(r"^a-0 .*$", rest, re.M)[-1].split()
        self.assertEqual(row[4], "700")
        self.assertAlmostEqual(float(row[5]) * seconds, 700, delta=70)
        self.assertIn("pinned: ", rest)
        self.assertNotIn("\033", first + rest)

    def test_no_pools(self):
        process = self.start("--once", "--interval", "0.1")
        self.assertIn("there are no pools", process.communicate()[0])

    def test_nothing_there(self):
        shutil.rmtree(self.tree.root)
        process = self.start("--once")
        self.assertEqual(process.communicate()[1],
                         f"error: no {self.tree.root}: the module "
                         "movable_pool is not loaded\n")
        self.assertEqual(process.returncode, 2)

    def test_bad_options(self):
        for options in (["--interval", "0"], ["--count", "0"],
                        ["--sort", "luck"]):
            process = self.start(*options)
            self.assertIn(options[0], process.communicate()[1])
            self.assertEqual(process.returncode, 2)

    def test_by_make(self):
        """Where there are no pools, it says so; where there are, what."""
        done = subprocess.run(
            ["make", "-s", "top", "COUNT=1", "INTERVAL=0.1"],
            cwd=TOP.parent.parent, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        self.assertRegex(done.stdout + done.stderr, "movable_pool by|"
                         "^error: .*(not mounted|not loaded|be root)")

    def test_reader_goes(self):
        self.tree.pool("a-0")
        process = self.start("--interval", "0.1")
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.wait(PATIENCE), 2)
        self.assertEqual(process.stderr.read(), "")
        process.stderr.close()


if __name__ == "__main__":
    unittest.main()
