# SPDX-License-Identifier: GPL-2.0
"""The map as SVG: a square unit for a page, a cell for a pageblock.

In a cell the pages stand on each other by what they are, as in LAYERS, in rows
from the bottom up, so that a picture can be read back to numbers.  What moved
between two captures has a colour of its own, and arrows lead from blocks of the
first to blocks of the second.
"""
import collections
import xml.sax.saxutils

from memmap import figures, moves
from memmap.records import FREE

LICENCE = "SPDX-License-Identifier: GPL-2.0"
WIDTH = 64 * (16 + 2)           # of a grid: blocks of 512, a pixel for a page
GAP = 2                         # units between cells
MARGIN = 20
LABELS = 80                     # where a grid begins, right of its addresses
LINE = 18                       # height of a line of text
ARROWS = 200                    # at most, the largest
RIGHT = LABELS + WIDTH
SPACE = 60                      # between two grids
# From the bottom up: name, colour, what it is.  Blocks are as FREE at first.
LAYERS = (
    ("kernel", "#6b5b5b", "kernel"),
    ("slab", "#8d7777", "slab"),
    ("table", "#b09a9a", "page tables"),
    ("driver", "#7a4b6b", "drivers' pages that processes map"),
    ("offline", "#9a9a9a", "offline by pages, balloons"),
    ("poisoned", "#000000", "poisoned"),
    ("held", "#b2182b", "pool, may not move"),
    ("pool", "#2166ac", "pool"),
    ("moved", "#f4a01c", "pool, in another place before or after"),
    ("anon", "#b8b04a", "memory of processes"),
    ("mapped", "#d0c96f", "files that they map"),
    ("file", "#e4df9f", "other files"),
    ("huge", "#c08f2f", "huge pages"),
)
FREE_LAYER = (FREE, "#dcefdc", "free")
STYLE = "font-family:sans-serif;font-size:13px"
# Letters that arrows do not cross out.
RULES = ("text{paint-order:stroke;stroke:#fff;stroke-width:3px}"
         ".address{text-anchor:end;font-size:9px}")


def cell_size(capture):
    """(width, height), as near to a square as pages fill it, and higher."""
    order = capture.block.bit_length() - 1
    return 1 << order // 2, 1 << order - order // 2


def layers(capture, number, moved):
    """Pages of each layer in a block; moved are pages of pools that moved."""
    block = capture.blocks[number]
    found = collections.Counter(block.kinds)
    for key, pages in block.owned.items():
        found["held" if capture.holds(key) else "pool"] += pages
    # What moved may be held by now.
    for layer in ("pool", "held"):
        part = min(moved, found[layer])
        found[layer] -= part
        found["moved"] += part
        moved -= part
    return found


def pieces(begin, end, width):
    """Rectangles (x, row, width, rows) of pages begin to end, rows counted
    from the bottom."""
    while begin < end:
        row, x = divmod(begin, width)
        if x or end - begin < width:
            length = min(width - x, end - begin)
            yield x, row, length, 1
            begin += length
        else:
            rows = (end - begin) // width
            yield 0, row, width, rows
            begin += rows * width


class Grid:
    """All blocks of a capture, in rows in which there is memory."""

    def __init__(self, capture, columns, moved):
        self.capture = capture
        self.columns = columns
        self.moved = moved      # pages that moved, by block
        self.cell = cell_size(capture)
        rows = sorted({number // columns for number, block
                       in capture.blocks.items() if block.present()})
        self.rows = {row: place for place, row in enumerate(rows)}

    def size(self):
        return (self.columns * (self.cell[0] + GAP),
                max(1, len(self.rows)) * (self.cell[1] + GAP))

    def corner(self, number):
        row, column = divmod(number, self.columns)
        return (column * (self.cell[0] + GAP),
                self.rows[row] * (self.cell[1] + GAP))

    def addresses(self, top, scale):
        """(words, y) of the rows that have room for them."""
        height = (self.cell[1] + GAP) * scale
        each = max(1, round(LINE / height))
        for row, place in list(self.rows.items())[::each]:
            address = row * self.columns * self.capture.block_bytes()
            yield f"{address >> 20:,} MiB", top + place * height + 10

    def centre(self, number):
        x, y = self.corner(number)
        return x + self.cell[0] / 2, y + self.cell[1] / 2

    def path(self, number, begin, end):
        """Pages begin to end of a block, as parts of an SVG path."""
        left, top = self.corner(number)
        width, height = self.cell
        return "".join(
            f"M{left + x} {top + height - row - rows}h{w}v{rows}h-{w}z"
            for x, row, w, rows in pieces(begin, end, width))

    def paths(self):
        """{layer: [paths of a row of blocks]}"""
        found = collections.defaultdict(lambda: collections.defaultdict(str))
        for number in sorted(self.capture.blocks):
            present = self.capture.blocks[number].present()
            if not present:
                continue
            row = number // self.columns
            found[FREE][row] += self.path(number, 0, present)
            pages = layers(self.capture, number, self.moved[number])
            at = 0
            for layer, _, _ in LAYERS:
                if pages[layer]:
                    found[layer][row] += self.path(number, at,
                                                   at + pages[layer])
                    at += pages[layer]
        return {layer: list(rows.values()) for layer, rows in found.items()}

    def lines(self):
        found = self.paths()
        for layer, colour, what in (FREE_LAYER, *LAYERS):
            if layer in found:
                yield (f'<path class="{layer}" fill="{colour}" d="'
                       + "\n".join(found[layer])
                       + f'"><title>{text(what)}</title></path>')


def text(words):
    return xml.sax.saxutils.escape(words)


def columns_for(captures):
    """So many blocks in a row that a picture is not much higher than wide."""
    last = max(capture.last() for capture in captures)
    columns = 64
    while columns < 512 and last > columns * columns / 2:
        columns *= 2
    return columns


def arrows(flows, source, target, distance):
    """Lines from the first grid to the second, which is so much lower."""
    most = max(flows.values(), default=0)
    for (begin, end), pages in sorted(flows.most_common(ARROWS)):
        x1, y1 = source.centre(begin)
        x2, y2 = target.centre(end)
        yield (f'<path class="arrow" d="M{x1:g} {y1:g}L{x2:g} '
               f'{y2 + distance:g}" stroke-opacity="'
               f'{0.1 + 0.4 * pages / most:.2f}"><title>{pages} pages'
               "</title></path>")


class Drawing:
    """What is below what, from the top down."""

    def __init__(self):
        self.y = MARGIN
        self.parts = []
        self.words = []         # above all else

    def write(self, words, bold=False):
        self.y += LINE
        weight = ' font-weight="bold"' if bold else ""
        self.words.append(f'<text x="{MARGIN}" y="{self.y}"{weight}>'
                          f"{text(words)}</text>")

    def grid(self, grid, name, scale):
        """Returns where its top is."""
        self.y += LINE // 2
        top = self.y
        self.parts += [f'<g class="{name}" transform="translate({LABELS} '
                       f'{top}) scale({scale:.6g})">', *grid.lines(), "</g>"]
        self.words += (
            f'<text class="address" x="{LABELS - 6}" y="{y:.0f}">{words}'
            "</text>" for words, y in grid.addresses(top, scale))
        self.y += round(grid.size()[1] * scale)
        return top

    def legend(self, used):
        """Squares and words, several in a line."""
        self.y += LINE // 2
        x = RIGHT               # so that a line begins
        for layer, colour, what in (FREE_LAYER, *LAYERS):
            if layer not in used:
                continue
            if x + 26 + 7 * len(what) > RIGHT:
                x = MARGIN
                self.y += LINE
            self.parts.append(
                f'<rect class="key" x="{x}" y="{self.y - 11}" width="12" '
                f'height="12" fill="{colour}" stroke="#777"/>'
                f'<text x="{x + 18}" y="{self.y}">{text(what)}</text>')
            x += 42 + 7 * len(what)

    def document(self):
        height = self.y + MARGIN
        width = RIGHT + MARGIN
        yield '<?xml version="1.0" encoding="utf-8"?>'
        yield f"<!-- {LICENCE} -->"
        yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
               f'height="{height}" viewBox="0 0 {width} {height}" '
               f'style="{STYLE}">')
        yield f"<style>{RULES}</style>"
        yield ('<defs><marker id="head" viewBox="0 0 6 6" refX="6" refY="3" '
               'markerWidth="5" markerHeight="5" orient="auto">'
               '<path d="M0 0L6 3L0 6z"/></marker></defs>')
        yield f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
        yield from self.parts
        yield from self.words
        yield "</svg>"


def used_by(grids):
    return {layer for grid in grids for layer in grid.paths()}


def draw(captures, titles):
    """Lines of a picture of one capture, or of two and what moved."""
    found = moves.join(*captures) if len(captures) == 2 else moves.Moves()
    columns = columns_for(captures)
    grids = [Grid(capture, columns, moved) for capture, moved
             in zip(captures, (found.left, found.arrived))]
    scale = WIDTH / max(grid.size()[0] for grid in grids)
    drawing = Drawing()
    tops = []
    for grid, title, name in zip(grids, titles, ("before", "after")):
        if tops:
            drawing.y += SPACE
        drawing.write(title, bold=True)
        drawing.write(figures.sentence(grid.capture))
        tops.append(drawing.grid(grid, name, scale))
    if len(tops) == 2 and found.flows:
        distance = (tops[1] - tops[0]) / scale
        drawing.parts += [
            '<g class="arrows" fill="none" stroke="#000" stroke-width="'
            f'{1 / scale:.3g}" marker-end="url(#head)" transform="translate('
            f'{LABELS} {tops[0]}) scale({scale:.6g})">',
            *arrows(found.flows, *grids, distance), "</g>"]
    drawing.y += LINE // 2
    if len(tops) == 2:
        drawing.write(moves.sentence(found) + arrows_shown(found))
    each = figures.block_size(captures[0])
    drawing.write(f"A cell is a block of {each} at its address, "
                  f"{columns} in a row; in it each unit of area is a page.")
    drawing.legend(used_by(grids))
    return list(drawing.document())


def arrows_shown(found):
    if not found.flows:
        return ""
    shown = sum(pages for _, pages in found.flows.most_common(ARROWS))
    return (f"; {min(ARROWS, len(found.flows)):,} arrows, from block to block, "
            f"are {shown / found.moved:.0%} of the moves").replace("%", " %")
