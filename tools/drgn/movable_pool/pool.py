# SPDX-License-Identifier: GPL-2.0
"""Pools: what they say of themselves, and which pages are theirs.

A pool has no list of its pages, so all of memory is walked, as
drivers/movable-pool/walk.c does, once for all pools.
"""
import drgn

from .kernel import Failure
from .memmap import Memmap
from .page import Handles, Page
from .word import Word

MOVABLE = 0x2                   # PAGE_MAPPING_MOVABLE, the VM's
ADDRESS = (1 << 64) - 1         # where it wraps
MANY = 1 << 16                  # a list longer than this is a broken one
BALLOON = 0x4                   # MOVABLE_POOL_BALLOON
SHUT = 1 << 30                  # MP_POOL_SHUT
EVENT = "MP_"                   # enum mp_event
EVENTS_END = "MP_NR_EVENTS"
# debugfs has these first, the others as the enum has them.
AHEAD = ("unpublished",)
REFUSALS = ("refused_pinned", "refused_referenced", "refused_driver",
            "failed_driver", "refused_unready", "refused_target")


class Pool:
    """One pool."""

    def __init__(self, kernel, address):
        self.kernel = kernel
        self.address = address
        self.object = drgn.Object(kernel.prog, "struct movable_pool",
                                  address=address)
        one = self.object
        self.name = one.name.string_().decode()
        self.backing = one.backing.name.string_().decode()
        self.about = one.backing.about.string_().decode()
        self.why = one.why.string_().decode()
        self.cached = bool(one.backing.cached)
        self.loose = bool(one.backing.loose)
        self.balloon = bool(one.flags.value_() & BALLOON)
        self.has_freed = bool(one.word_async)
        # The kernel's own balloon infrastructure has the pages.
        self.kernels = bool(one.kernel_balloon)
        self.mark = self.owners_mark()
        self.movable = self.movers_mark()

    def owners_mark(self):
        """What each page has in page->private, or page->mapping."""
        if self.cached:
            return self.object.cache.inode.i_mapping.value_()
        if self.kernels:
            return self.object.kernel_balloon.info.address_of_().value_()
        return self.address

    def movers_mark(self):
        """What each page has in page->mapping, by which the VM knows it as one
        that moves; None where it knows by other means."""
        if self.backing == "mops":
            return MOVABLE | self.kernel.variable(
                "mp_mops", "struct movable_operations").address_
        if self.backing == "aops":
            return MOVABLE | self.kernel.variable(
                "mp_nonlru_inode", "struct inode *").i_mapping.value_()
        return None

    def counted_at(self):
        """The address of the count of its pages."""
        return self.object.nr_pages.counter.address_

    def movers(self):
        """How many are at work; they may also be others who hold the pool."""
        return self.object.busy.counter.value_() & ~SHUT

    def books(self):
        """{name: number}, in the order that debugfs has them in."""
        names = [name[len(EVENT):].lower() for name, _
                 in self.kernel.prog.type("enum mp_event").enumerators
                 if name != EVENTS_END]
        sums = [0] * len(names)
        base = self.object.counters.value_()
        for cpu in self.kernel.cpus():
            at = base + self.kernel.per_cpu(cpu) & ADDRESS
            for place, count in enumerate(self.kernel.words(at, len(names))):
                sums[place] += count
        counts = {name: signed(count) for name, count in zip(names, sums)}
        books = {"pages": self.object.nr_pages.counter.value_()}
        for name in (*AHEAD, *names):
            books.setdefault(name, counts[name])
        books["unpublished"] = max(0, books["unpublished"])
        return books

    def longterm(self):
        """The handles that have long-term pins, one for each pin."""
        head = self.object.longterm.pins
        return [drgn.container_of(node, "struct movable_pin", "node")
                .mp.value_() for node in listed(self.kernel, head)]


def signed(count):
    """Counters wrap: one goes up on a CPU and down on another."""
    count &= ADDRESS
    return count - (1 << 64) if count >> 63 else count


def in_flight(books):
    """(moves, isolations) that have begun and not ended."""
    moves = books["attempted"] - books["migrated"] - books["directed"] - sum(
        books[name] for name in REFUSALS)
    isolations = books["isolated"] - books["migrated"] - books["putback"] \
        - books["released"]
    return moves, isolations


def listed(kernel, head):
    """The nodes of a struct list_head, but for its head."""
    node, seen = head.next, 0
    while node.value_() != head.address_:
        seen += 1
        if seen > MANY:
            raise drgn.FaultError("a list does not end", node.value_())
        yield node
        node = node.next.read_()


def pools(kernel):
    """All pools, the oldest first."""
    head = kernel.variable("mp_pools", "struct list_head")
    if head is None:
        raise Failure("the module movable_pool is not loaded")
    return [Pool(kernel, drgn.container_of(
        node, "struct movable_pool", "node").value_())
        for node in listed(kernel, head)]


def state(kernel, handle):
    """The word of a handle, given by address or as struct movable_page *."""
    if isinstance(handle, drgn.Object):
        handle = handle.value_()
    return Word(kernel.word(handle))


def pages(pool):
    """The pages of a pool, in order of their frames."""
    return walk(Memmap(pool.kernel), [pool])[pool.address]


def walk(memmap, wanted):
    """{address of the pool: its pages}, once over memory."""
    found = {pool.address: [] for pool in wanted}
    private = {pool.mark: pool for pool in wanted if not pool.cached}
    mapping = {pool.mark: pool for pool in wanted if pool.cached}
    for first, some in memmap.chunks():
        hits = [(which, private[word]) for which, word
                in enumerate(some.column(memmap.private)) if word in private]
        if mapping:
            hits += [(which, mapping[word]) for which, word in enumerate(
                some.column(memmap.mapping)) if word in mapping]
        for which, pool in hits:
            page = owned(pool, first + which, some, which)
            if page:
                found[pool.address].append(page)
    handles = Handles(memmap.kernel.prog, drgn.FaultError)
    for some in found.values():
        for page in some:
            page.read_word(handles)
    return found


def owned(pool, pfn, some, which):
    """The page, if it is the pool's; its word is not read."""
    memmap = some.memmap
    field = memmap.mapping if pool.cached else memmap.private
    # PG_private tells the two kinds apart, as in link.h.
    if some.word(which, field) != pool.mark:
        return None
    if some.flag(which, "private") != pool.cached and not pool.kernels:
        return None
    page = Page(pool, pfn, some, which)
    # In page cache, one without a link waits to be let go.
    return page if page.handle or not pool.cached else None


def again(memmap, page):
    """The page as it is now; None if it is not the pool's any more, or changes
    while it is looked at."""
    before = one(memmap, page)
    if before:
        before.read_word(Handles(memmap.kernel.prog, drgn.FaultError))
        after = one(memmap, page)
        if after and after.link == before.link:
            return before
    return None


def one(memmap, page):
    some = memmap.read(page.pfn, 1)
    return some and owned(page.pool, page.pfn, some, 0)
