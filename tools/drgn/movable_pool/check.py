# SPDX-License-Identifier: GPL-2.0
"""What must hold of pools and their pages.

Nothing is locked, so a page in the midst of something may look as no page may,
and the walk over memory takes long enough for one to be freed, or moved to
where it is seen again.  So what looks wrong is read again, AGAIN times, and
counts if it was so each time; and that in LOOKS looks at everything.

Sums hold when nothing moves, comes or goes: they are compared if the books say
that nothing did while the pages were looked at.
"""
import collections
import time

import drgn

from . import word
from .memmap import Memmap
from .page import HANDLE_ALIGN, ISOLATED, LOCK
from .pool import again, in_flight, pools, walk

AGAIN = 5
LOOKS = 3
PAUSE = 0.02                    # seconds
TRIES = 20                      # a pool that goes away while it is read


class Verdict:
    """What was found of one pool."""

    def __init__(self, name, backing, pages):
        self.name = name
        self.backing = backing
        self.pages = pages
        self.compared = False   # sums were
        self.looks = 0
        self.wrong = []         # sentences


class Look:
    """All pools and pages, once."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.pools = pools(kernel)
        before = [pool.books() for pool in self.pools]
        self.memmap = Memmap(kernel)
        self.pages = walk(self.memmap, self.pools)
        self.books = {}
        for pool, books in zip(self.pools, before):
            # None: they changed meanwhile.
            self.books[pool.address] = books if pool.books() == books else None
        self.sharers = collections.defaultdict(list)
        for page in (page for some in self.pages.values() for page in some):
            if page.handle and not page.balloon:
                self.sharers[page.handle].append(page)

    def wrong(self, pool):
        """Sentences."""
        pages = self.pages[pool.address]
        said = [f"frame {page.pfn}: {why}" for page in pages
                for why in self.lasting(pool, page)]
        said += self.of_pins(pool, pages)
        books = self.books[pool.address]
        return said + (list(of_books(pool, pages, books)) if books else [])

    def lasting(self, pool, page):
        """What is wrong with a page whenever one looks."""
        said = list(self.of_page(pool, page))
        for _ in range(AGAIN):
            if not said:
                break
            now = again(self.memmap, page)
            said = [why for why in self.of_page(pool, now)
                    if why in said] if now else []
        return said

    def owners(self, handle):
        """How many pages lead to it, now."""
        now = [again(self.memmap, page) for page in self.sharers[handle]]
        return sum(bool(page) and page.handle == handle for page in now)

    def of_page(self, pool, page):
        if not page.refs:
            yield "nobody has a reference to it, so it is free"
        if page.hwpoison:
            return
        if page.link & LOCK and not pool.kernels:
            yield "its link lock is held"
        yield from of_mark(pool, page)
        if page.balloon:
            if not pool.balloon:
                yield "its link is that of a balloon's page"
            return
        if pool.loose and bool(page.link & ISOLATED) != page.isolated:
            yield ("its link says that the VM has it isolated, it says that "
                   "not" if page.link & ISOLATED else
                   "it is isolated, its link does not say so")
        yield from self.of_handle(pool, page)

    def of_handle(self, pool, page):
        if not page.handle:
            yield "it has no handle"
            return
        if page.handle % HANDLE_ALIGN or page.word is None:
            yield f"its link leads to {page.handle:#x}, where no handle is"
            return
        if len(self.sharers[page.handle]) > 1:
            owners = self.owners(page.handle)
            if owners > 1:
                yield f"handle {page.handle:#x} has {owners} pages"
        broken = page.word.broken()
        if broken:
            yield broken
        if page.word.has_freed != pool.has_freed:
            yield "its handle is of a pool of another kind"
        # A move in progress: the new page has the link before its number is
        # in the handle.
        if page.word.pfn != page.pfn and page.word.state != word.MOVING:
            yield f"its handle names frame {page.word.pfn}"

    def of_pins(self, pool, pages):
        """Long-term pins are pins."""
        of = {page.handle: page for page in pages}
        for handle, count in collections.Counter(pool.longterm()).items():
            page = of.get(handle)
            if not page:
                yield f"a long-term pin is of {handle:#x}, which has no page"
            elif page.word and page.word.pins < count:
                yield (f"frame {page.pfn}: its handle has {page.word.pins} "
                       f"pins, {count} of them for long")


def of_mark(pool, page):
    """Does the VM, or who never moves them, know it as what it is?"""
    if pool.backing == "none" and not page.checked:
        yield "it lacks the mark of pages that never move"
    if pool.movable is not None and page.mapping != pool.movable:
        yield "the VM does not know it as movable"


def of_books(pool, pages, books):
    """Sums, when nothing has changed them."""
    count = len(pages)
    unpublished = sum(bool(page.word) and page.word.state == word.PRIVATE
                      for page in pages)
    isolated = sum(page.isolated for page in pages)
    if books["pages"] != count:
        yield f"it counts {books['pages']} pages and has {count}"
    if books["allocated"] - books["freed"] != books["pages"]:
        yield (f"{books['allocated']} pages were allocated, "
               f"{books['freed']} freed, and it counts {books['pages']}")
    if books["unpublished"] != unpublished:
        yield (f"it counts {books['unpublished']} unpublished pages and has "
               f"{unpublished}")
    moves, movers = in_flight(books)[0], pool.movers()
    if not 0 <= moves <= movers:
        yield f"{moves} moves have not ended, and {movers} movers are at work"
    # The kernel's own isolations are not ours to see.
    if pool.loose and in_flight(books)[1] != isolated:
        yield (f"{in_flight(books)[1]} isolations have not ended, and "
               f"{isolated} pages are isolated")


def look(kernel):
    """A pool may go while it is read; but not time and again."""
    for left in reversed(range(TRIES)):
        try:
            seen = Look(kernel)
            return seen, {pool.address: list(seen.wrong(pool))
                          for pool in seen.pools}
        except drgn.FaultError:
            if not left:
                raise
            time.sleep(PAUSE)


def validate(kernel, looks=LOOKS):
    """A Verdict of each pool that was there all the time."""
    verdicts, lasting, names = {}, {}, {}
    for number in range(looks):
        seen, wrong = look(kernel)
        here = {pool.address: pool.name for pool in seen.pools}
        if not number:
            names, lasting = here, wrong
        for pool in seen.pools:
            verdict = verdicts.setdefault(pool.address, Verdict(
                pool.name, pool.backing, len(seen.pages[pool.address])))
            verdict.looks += 1
            verdict.compared |= bool(seen.books[pool.address])
        lasting = {address: [why for why in lasting[address]
                             if why in wrong[address]]
                   for address in lasting
                   if here.get(address) == names[address]}
        if not any(lasting.values()) and (number or all(
                verdicts[address].compared for address in lasting)):
            break
        time.sleep(PAUSE)
    for address, said in lasting.items():
        verdicts[address].wrong = said
    return [verdicts[address] for address in lasting]
