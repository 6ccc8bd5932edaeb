# SPDX-License-Identifier: GPL-2.0
"""What capture.c writes, read again.  Documentation/map.rst describes it."""
import collections

from cache import Failure

VERSION = 1
# The kinds of frames that no pool owns, by whether the kernel can move what is
# there.
FREE = "free"
MOVABLE = ("anon", "mapped", "file", "huge")
FIXED = ("kernel", "slab", "table", "driver", "offline", "poisoned")
KINDS = (FREE, *MOVABLE, *FIXED)
# States of a pool's pages: those that may be moved, and those that may not.
LOOSE = ("live", "moving", "locked")
HELD = ("pinned", "longterm", "private", "poisoned")
STATES = LOOSE + HELD
IMMOVABLE = "none"              # the backing of pools whose pages never move
NAME = 8                        # characters of a page's name

Zone = collections.namedtuple("Zone", "node name first spanned")
Run = collections.namedtuple("Run", "pool state first count names")


class Pool:
    """Of a driver: its name, what moves its pages, and its books."""

    def __init__(self, name, backing, books):
        self.name = name
        self.backing = backing
        self.books = books

    def holds(self, state):
        """Whether a page in that state stays where it is."""
        return self.backing == IMMOVABLE or state in HELD


class Block:
    """What is in one pageblock, or in several: numbers of pages."""

    def __init__(self):
        self.kinds = collections.Counter()
        self.owned = collections.Counter()      # by (pool's number, state)

    def add(self, other):
        self.kinds.update(other.kinds)
        self.owned.update(other.owned)

    def present(self):
        return sum(self.kinds.values()) + sum(self.owned.values())

    def of(self, kinds):
        return sum(self.kinds[kind] for kind in kinds)

    def of_pools(self, numbers):
        return sum(pages for (number, _), pages in self.owned.items()
                   if number in numbers)


class Capture:
    """All of memory, once."""

    def __init__(self):
        self.time = 0.0
        self.seconds = 0.0      # that it took
        self.release = ""
        self.page = 0           # bytes
        self.block = 0          # pages in a pageblock
        self.frames = 0
        self.zones = []
        self.buddies = {}       # {(node, zone): free blocks by order}
        self.pools = []
        self.runs = []
        self.blocks = collections.defaultdict(Block)

    def block_bytes(self):
        return self.block * self.page

    def fixed(self, block):
        """Pages in it that the kernel cannot move."""
        return block.of(FIXED) + sum(
            pages for (number, state), pages in block.owned.items()
            if self.pools[number].holds(state))

    def holds(self, key):
        number, state = key
        return self.pools[number].holds(state)

    def last(self):
        """The number of the last block that has memory, and 1."""
        return max((number for number, block in self.blocks.items()
                    if block.present()), default=-1) + 1


class Reader:
    """From lines to captures: a word, and what belongs to it."""

    def __init__(self):
        self.capture = None
        self.number = 0

    def feed(self, line):
        """Returns the capture that this line ends, or None."""
        self.number += 1
        word, *rest = line.split() or [""]
        handler = getattr(self, "on_" + word.replace("-", "_"), None)
        if not handler:
            raise Failure(f"line {self.number}: '{word[:20]}' is no word of a "
                          f"capture, version {VERSION}")
        if not self.capture and word != "memory-map":
            raise Failure(f"line {self.number}: no capture has begun")
        try:
            return handler(*rest)
        except (KeyError, IndexError, TypeError, ValueError):
            raise Failure(f"line {self.number}: '{line.strip()[:60]}' is no "
                          "line of a capture") from None

    def on_memory_map(self, version):
        if self.capture:
            raise Failure(f"line {self.number}: a capture begins before the "
                          "one before it has ended")
        if version != str(VERSION):
            raise Failure(f"a capture of version {version}; version {VERSION} "
                          "is known here")
        self.capture = Capture()

    def on_time(self, seconds):
        self.capture.time = float(seconds)

    def on_release(self, name):
        self.capture.release = name

    def on_page(self, size):
        self.capture.page = positive(size)

    def on_block(self, pages):
        self.capture.block = positive(pages)
        if self.capture.block & (self.capture.block - 1):
            raise ValueError

    def on_frames(self, number):
        self.capture.frames = int(number)

    def on_zone(self, node, name, first, spanned):
        self.capture.zones.append(Zone(int(node), name, int(first),
                                       int(spanned)))

    def on_buddy(self, node, name, *numbers):
        self.capture.buddies[int(node), name] = list(map(int, numbers))

    def on_pool(self, number, name, backing, *books):
        if int(number) != len(self.capture.pools):
            raise ValueError
        self.capture.pools.append(Pool(name, backing, dict(counted(books))))

    def on_pages(self, pool, state, first, count, names=""):
        run = Run(int(pool), state, int(first), positive(count), names)
        if (state not in STATES or run.pool >= len(self.capture.pools)
                or len(names) not in (0, run.count * NAME)):
            raise ValueError
        self.capture.runs.append(run)
        block = self.capture.block
        for number in range(run.first // block,
                            (run.first + run.count - 1) // block + 1):
            begin = max(run.first, number * block)
            end = min(run.first + run.count, (number + 1) * block)
            self.capture.blocks[number].owned[run.pool, state] += end - begin

    def on_blocks(self, first, count, *kinds):
        found = dict(counted(kinds))
        if sum(found.values()) > self.capture.block or set(found) - set(KINDS):
            raise ValueError
        for number in range(int(first), int(first) + positive(count)):
            self.capture.blocks[number].kinds.update(found)

    def on_end(self, seconds):
        done, self.capture = self.capture, None
        if not done.block or not done.page:
            raise ValueError
        done.seconds = float(seconds)
        return done


def positive(text):
    value = int(text)
    if value <= 0:
        raise ValueError
    return value


def counted(words):
    """"name=number" each."""
    for word in words:
        name, _, number = word.partition("=")
        yield name, int(number)


def read(lines):
    """All captures there are."""
    reader = Reader()
    for line in lines:
        done = reader.feed(line)
        if done:
            yield done
    if reader.capture:
        raise Failure("the capture is cut short: its last line is not 'end'")


def load(path):
    """The captures of a file, of which there must be one."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            found = list(read(file))
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from None
    except Failure as failure:
        raise Failure(f"{path}: {failure}") from None
    if not found:
        raise Failure(f"{path} has no capture in it")
    return found
