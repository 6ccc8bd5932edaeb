# SPDX-License-Identifier: GPL-2.0
"""How fragmented memory is, by one capture.

"Of a block" is: of the size of a pageblock, order 9 on x86-64, which is a huge
page.
"""
import collections

from memmap.records import FREE

Figures = collections.namedtuple(
    "Figures", "free blocks whole possible unusable by_zone")


def free_in_blocks(numbers, order):
    """How many blocks of that order the page allocator could give."""
    return sum(number << (size - order)
               for size, number in enumerate(numbers) if size >= order)


def unusable(numbers, order):
    """The kernel's "unusable free space index", 0 to 1: the share of free
    pages that are in smaller pieces than this order has."""
    free = sum(number << size for size, number in enumerate(numbers))
    if not free:
        return 1.0
    return 1 - (free_in_blocks(numbers, order) << order) / free


def added(lists):
    """Free blocks by order, of several zones."""
    total = collections.Counter()
    for numbers in lists:
        total.update(dict(enumerate(numbers)))
    return [total[size] for size in range(max(total, default=-1) + 1)]


def of(capture):
    """free: pages.  blocks: free ones, as the page allocator counts, by
    /proc/buddyinfo; whole: the same, as the frames say.  possible: as many as
    the free pages would fill that are in blocks where nothing is that the
    kernel cannot move, all side by side.  unusable: of all zones together."""
    order = capture.block.bit_length() - 1
    found = capture.blocks.values()
    usable = sum(block.kinds[FREE] for block in found
                 if not capture.fixed(block))
    return Figures(
        free=sum(block.kinds[FREE] for block in found),
        blocks=free_in_blocks(added(capture.buddies.values()), order),
        whole=sum(block.kinds[FREE] == capture.block for block in found),
        possible=usable // capture.block,
        unusable=unusable(added(capture.buddies.values()), order),
        by_zone={zone: unusable(numbers, order)
                 for zone, numbers in capture.buddies.items()})


def size(capture, pages):
    """For people."""
    kibibytes = pages * capture.page >> 10
    for unit in ("KiB", "MiB"):
        if kibibytes < 10240 and (kibibytes % 1024 or not kibibytes):
            return f"{kibibytes:,} {unit}"
        kibibytes >>= 10
    return f"{kibibytes:,} GiB"


def block_size(capture):
    """Of a pageblock: "2 MiB"."""
    kibibytes = capture.block_bytes() >> 10
    return f"{kibibytes} KiB" if kibibytes % 1024 else \
        f"{kibibytes >> 10} MiB"


def sentence(capture):
    """Beside a picture."""
    found = of(capture)
    share = f"{found.unusable:.1%}".replace("%", " %")
    return (f"{size(capture, found.free)} free, {share} unusable for blocks of "
            f"{block_size(capture)}: {found.whole:,} free of "
            f"{found.possible:,} possible")
