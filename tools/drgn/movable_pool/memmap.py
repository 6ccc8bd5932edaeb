# SPDX-License-Identifier: GPL-2.0
"""struct page, of all frames there are.

They are looked at as words, thousands at a time: an object of drgn's for each
takes a thousand times as long.  Where the fields are, debug information says,
so that no kernel's version matters.
"""
import drgn

from .kernel import Failure

CHUNK = 1 << 15                 # frames read at a time
PIECE = 1 << 9                  # where some of a chunk are not there
# The same word: page->index has a name of the folio's since 6.16.
INDEX = ("index", "__folio_index")
ISOLATED = ("PG_isolated", "PG_movable_ops_isolated")


class Memmap:
    """Where the fields of struct page are, and where the frames'."""

    def __init__(self, kernel):
        self.kernel = kernel
        page = kernel.prog.type("struct page")
        self.size = page.size
        self.flags = offset(page, "flags")
        self.mapping = offset(page, "mapping")
        self.private = offset(page, "private")
        self.index = offset(page, *INDEX)
        self.refs = offset(page, "_refcount")
        self.base = start(kernel)
        names = dict((name, value) for name, value
                     in kernel.prog.type("enum pageflags").enumerators)
        self.bits = {"isolated": first(names, *ISOLATED),
                     "locked": first(names, "PG_locked"),
                     "private": first(names, "PG_private"),
                     "checked": first(names, "PG_checked",
                                      "PG_owner_priv_1"),
                     "hwpoison": names.get("PG_hwpoison")}
        if self.size % 8:
            raise Failure(f"struct page of {self.size} bytes is not known")

    def address(self, pfn):
        return self.base + pfn * self.size

    def chunks(self):
        """(first frame, their struct pages), of all that there are."""
        end = self.kernel.number("max_pfn")
        for pfn in range(0, end, CHUNK):
            count = min(CHUNK, end - pfn)
            whole = self.read(pfn, count)
            if whole:
                yield pfn, whole
                continue
            for at in range(pfn, pfn + count, PIECE):
                piece = self.read(at, min(PIECE, pfn + count - at))
                if piece:
                    yield at, piece

    def read(self, pfn, count):
        """Where there is no memory there need be no struct page."""
        try:
            data = self.kernel.prog.read(self.address(pfn),
                                         count * self.size)
        except drgn.FaultError:
            return None
        return Pages(self, data)


class Pages:
    """Some struct pages, side by side."""

    def __init__(self, memmap, data):
        self.memmap = memmap
        self.words = memoryview(data).cast("Q")
        self.halves = memoryview(data).cast("I")
        self.stride = memmap.size // 8

    def column(self, field):
        """This word of each."""
        return self.words[field // 8::self.stride].tolist()

    def word(self, which, field):
        return self.words[which * self.stride + field // 8]

    def half(self, which, field):
        return self.halves[which * self.stride * 2 + field // 4]

    def flag(self, which, name):
        bit = self.memmap.bits[name]
        return bit is not None and bool(
            self.word(which, self.memmap.flags) >> bit & 1)


def offset(kind, *names):
    for name in names:
        try:
            return drgn.offsetof(kind, name)
        except LookupError:
            continue
    raise Failure(f"struct page of this kernel has no {' or '.join(names)}")


def first(names, *wanted):
    return next((names[name] for name in wanted if name in names), None)


def start(kernel):
    """Where the first frame's struct page is."""
    if kernel.variable("vmemmap_base", "unsigned long") is None:
        raise Failure("where struct pages are is known on x86-64 alone")
    return kernel.number("vmemmap_base")
