# SPDX-License-Identifier: GPL-2.0
"""A page of a pool's, its link, and the handle that leads to.

drivers/movable-pool/link.h explains the link; its bits are macros, too.
"""
from . import word

LOCK = 1 << 0
ISOLATED = 1 << 1
BALLOON = 1 << 2
FLAGS = LOCK | ISOLATED | BALLOON
HANDLE_ALIGN = 8


class Page:
    """What was seen of it, at one moment or near it."""

    def __init__(self, pool, pfn, pages, which):
        memmap = pages.memmap
        self.pool = pool
        self.pfn = pfn
        field = memmap.private if pool.cached else memmap.index
        self.link_at = memmap.address(pfn) + field
        self.link = 0 if pool.kernels else pages.word(which, field)
        self.mapping = pages.word(which, memmap.mapping)
        self.refs = pages.half(which, memmap.refs)
        self.locked = pages.flag(which, "locked")
        self.isolated = pages.flag(which, "isolated")
        self.checked = pages.flag(which, "checked")
        self.hwpoison = pages.flag(which, "hwpoison")
        self.balloon = pool.kernels or bool(self.link & BALLOON)
        self.handle = self.link & ~FLAGS
        self.word = None        # read later, with others'

    def read_word(self, handles):
        if self.handle and not self.balloon:
            self.word = handles.word(self.handle)

    def state(self):
        """As debugfs has it."""
        if self.hwpoison:
            return "poisoned"
        if self.word:
            return word.STATES[self.word.state]
        return "live" if self.balloon else "?"

    def pins(self):
        return self.word.pins if self.word else 0

    def remarks(self):
        """What else is the matter with it."""
        said = [(self.isolated, "isolated"), (self.locked, "locked")]
        if self.word:
            said += [(self.word.dying, "dying"),
                     (self.word.placed, "placed")]
        return " ".join(name for true, name in said if true)


class Handles:
    """Words of many handles: a piece of memory is read once for all in it."""

    SPAN = 4096

    def __init__(self, prog, fault):
        self.prog = prog
        self.fault = fault
        self.spans = {}

    def word(self, address):
        """None where there is no memory."""
        base = address & ~(self.SPAN - 1)
        if base not in self.spans:
            try:
                data = memoryview(self.prog.read(base, self.SPAN)).cast("Q")
            except self.fault:
                data = None
            self.spans[base] = data
        data = self.spans[base]
        return data and word.Word(data[(address - base) // HANDLE_ALIGN])
