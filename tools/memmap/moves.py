# SPDX-License-Identifier: GPL-2.0
"""What of pools has moved between two captures.

A page is known again by its name, which is its handle's.  It has moved if it is
in another frame; unless the driver has freed it meanwhile and used the handle
for another page: so what is found is exact if no pool has freed a page, and
nothing went on while the captures were made.  Pages without a name (balloons,
captures without) are counted by block: how many more or fewer there are.
"""
import collections

from memmap.records import NAME


class Moves:
    """By block: numbers of pages."""

    def __init__(self):
        self.flows = collections.Counter()      # by (from, to)
        self.left = collections.Counter()
        self.arrived = collections.Counter()
        self.moved = 0          # pages that are in another frame
        self.stayed = 0
        self.new = 0            # named pages that were not there before
        self.gone = 0
        self.nameless = 0       # by which blocks differ
        self.exact = True
        self.by_owner = collections.Counter()   # moved, by pool's name


def frames(capture, number):
    """The frame of each page with a name, and whether a name is twice there:
    a page that moved while they were listed."""
    found, twice = {}, False
    for run in capture.runs:
        if run.pool != number or not run.names:
            continue
        for at in range(run.count):
            name = run.names[at * NAME:(at + 1) * NAME]
            twice = twice or name in found
            found[name] = run.first + at
    return found, twice


def nameless(capture, number):
    """Pages without a name, by block."""
    found = collections.Counter()
    for run in capture.runs:
        if run.pool != number or run.names:
            continue
        for pfn in range(run.first, run.first + run.count):
            found[pfn // capture.block] += 1
    return found


def join_named(moves, before, after, old, new):
    """old, new: the pool's number in each."""
    was, twice = frames(before, old)
    now, again = frames(after, new)
    moves.exact = moves.exact and not twice and not again and (
        before.pools[old].books.get("freed")
        == after.pools[new].books.get("freed"))
    for name, pfn in now.items():
        if name not in was:
            moves.new += 1
        elif was[name] == pfn:
            moves.stayed += 1
        else:
            source, target = was[name] // before.block, pfn // after.block
            moves.flows[source, target] += 1
            moves.left[source] += 1
            moves.arrived[target] += 1
            moves.by_owner[after.pools[new].name] += 1
            moves.moved += 1
    moves.gone += len(was.keys() - now.keys())


def join_nameless(moves, before, after, old, new):
    was, now = nameless(before, old), nameless(after, new)
    for block in was.keys() | now.keys():
        more = now[block] - was[block]
        moves.arrived[block] += max(0, more)
        moves.left[block] += max(0, -more)
        moves.nameless += abs(more)


def join(before, after):
    """Both of the same boot of the same machine."""
    moves = Moves()
    numbers = {pool.name: number for number, pool in enumerate(before.pools)}
    for new, pool in enumerate(after.pools):
        old = numbers.get(pool.name)
        if old is not None:
            join_named(moves, before, after, old, new)
            join_nameless(moves, before, after, old, new)
    return moves


def sentence(moves):
    """What is known of them, for people."""
    if not moves.moved and not moves.nameless:
        return "no page of a pool has moved"
    parts = []
    if moves.moved:
        about = "" if moves.exact else "at most "
        parts.append(f"{about}{moves.moved:,} pages of pools have moved, "
                     f"{moves.stayed:,} have not")
    if moves.nameless:
        parts.append("pages without names: blocks differ by "
                     f"{moves.nameless:,} in all")
    return "; ".join(parts)
