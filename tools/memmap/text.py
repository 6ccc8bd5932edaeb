# SPDX-License-Identifier: GPL-2.0
"""The map in characters: one for a pageblock, or for several."""
import collections
import itertools

from memmap import figures
from memmap.records import FIXED, MOVABLE, Block
from terminal import Style

ROW = 64                        # characters
LABEL = 10                      # columns of an address
POOLS = "36"                    # colours
STUCK = "35"
# A block with pages that are held shows why, whatever else is in it.
HELD = (("longterm", "L", "long-term pins"), ("pinned", "P", "pinned pages"),
        ("private", "N", "pages not published"), ("poisoned", "X", "poisoned"))
# Blocks without pages of the pools shown: the most numerous kind that cannot
# move, else of those that can.
KINDS = {"kernel": ("k", "31", "kernel"), "slab": ("s", "31", "slab"),
         "table": ("t", "31", "page tables"),
         "driver": ("d", "31", "drivers' pages that processes map"),
         "offline": ("o", "31", "offline by pages, balloons"),
         "poisoned": ("x", "31", "poisoned"),
         "anon": ("a", "33", "memory of processes"),
         "mapped": ("m", "33", "files that they map"),
         "file": ("f", "33", "other files"),
         "huge": ("h", "33", "huge pages")}
NOTHING = (Block(),)


class Map(Style):
    """How to draw memory on this terminal."""

    def __init__(self, stream, pools="pages of pools"):
        super().__init__(stream)
        self.pools = pools
        self.row = ROW
        self.zoom = 1           # blocks in a character
        self.used = set()       # letters of the map drawn last
        self.owned = False      # whether it knows of pools

    def cell(self, capture, blocks, chosen):
        """A letter and its colour; chosen are numbers of pools.

        Of several blocks without pages of theirs, what most of them are."""
        together = blocks[0] if len(blocks) == 1 else sum_of(blocks)
        if not together.present():
            return " ", ""
        ours = together.of_pools(chosen)
        if ours:
            return self.of_pool(capture, together, chosen, ours)
        found = collections.Counter(map(self.of_others, blocks))
        return found.most_common(1)[0][0]

    def of_others(self, block):
        """Of pages that no pool shown has."""
        for kinds in (FIXED, MOVABLE):
            found = max(kinds, key=lambda kind: block.kinds[kind])
            if block.kinds[found]:
                return KINDS[found][:2]
        pools = sum(block.owned.values())
        return ((self.shade(pools, block.present()), "2") if pools
                else (self.free, "32"))

    def of_pool(self, capture, block, chosen, pages):
        states = {state for (number, state), count in block.owned.items()
                  if number in chosen and count}
        for state, letter, _ in HELD:
            if state in states:
                return letter, STUCK
        stuck = all(capture.holds(key) for key, count in block.owned.items()
                    if key[0] in chosen and count)
        return (self.shade(pages, block.present()),
                STUCK if stuck else POOLS)

    def cells(self, capture, chosen):
        """(number of the first block, [(letter, colour)]) of each row in which
        there is memory."""
        blocks = groups_of(capture, self.zoom)
        self.used = set()
        self.owned = bool(capture.pools)
        for first in range(0, max(blocks, default=-1) + 1, self.row):
            row = [self.cell(capture, blocks.get(number, NOTHING), chosen)
                   for number in range(first, first + self.row)]
            if any(letter != " " for letter, _ in row):
                self.used.update(letter for letter, _ in row)
                yield first * self.zoom, row

    def rows(self, capture, chosen=None, marked=()):
        """Lines of text; marked blocks are shown inversely."""
        chosen = every(capture) if chosen is None else chosen
        for first, row in self.cells(capture, chosen):
            address = first * capture.block_bytes() >> 20
            cells = [(letter, colour + (";7" if self.is_marked(
                first + at * self.zoom, marked) else ""))
                for at, (letter, colour) in enumerate(trimmed(row))]
            line = "".join(
                self.paint("".join(letter for letter, _ in some), colour)
                for colour, some in itertools.groupby(
                    cells, key=lambda cell: cell[1]))
            yield f"{address:{LABEL - 4}} MiB  {line}"

    def is_marked(self, block, marked):
        return any(number in marked
                   for number in range(block, block + self.zoom))

    def legend(self):
        """Lines, of what the map drawn last has in it."""
        free = f"{self.paint(self.free, '32')} free"
        yield (f"{free}   {self.paint(self.shades, POOLS)} {self.pools} in it: "
               "up to 25, 50, 75, 100 %" if self.owned else free)
        words = [f"{self.paint(letter, STUCK)} {what}"
                 for _, letter, what in HELD if letter in self.used]
        words += [f"{self.paint(letter, colour)} {what}"
                  for letter, colour, what in KINDS.values()
                  if letter in self.used]
        for at in range(0, len(words), 4):
            yield "   ".join(words[at:at + 4])

    def picture(self, capture, title, marked=(), indent="  "):
        """All of it, to be printed: title, map, legend, figures."""
        yield indent + self.bold(title)
        for row in self.rows(capture, marked=marked):
            yield f"{indent}{row}"
        for line in self.legend():
            yield f"{indent}{'':8}{line}"
        if self.zoom > 1:
            each = figures.size(capture, capture.block * self.zoom)
            yield f"{indent}{'':8}{each} in a character"
        yield f"{indent}{'':8}" + figures.sentence(capture)


def every(capture):
    return set(range(len(capture.pools)))


def fitting(capture, row, height):
    """So many blocks in a character that there are so few rows."""
    zoom = 1
    while rows_of(capture, row * zoom) > height:
        zoom *= 2
    return zoom


def rows_of(capture, blocks):
    """How many rows of so many blocks have memory."""
    return len({number // blocks for number, block in capture.blocks.items()
                if block.present()})


def groups_of(capture, zoom):
    """Lists of blocks, so many taken together."""
    found = collections.defaultdict(list)
    for number, block in capture.blocks.items():
        if block.present():
            found[number // zoom].append(block)
    return found


def sum_of(blocks):
    found = Block()
    for block in blocks:
        found.add(block)
    return found


def trimmed(row):
    """Without the spaces at its end."""
    while row and row[-1][0] == " ":
        row.pop()
    return row
