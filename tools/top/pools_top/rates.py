# SPDX-License-Identifier: GPL-2.0
"""What has happened between two readings, pool by pool."""

# As the books call them, and what that means: debugging.rst has more.
REASONS = {
    "refused_pinned": ("pinned", "a driver has pinned the page: pins are "
                       "long, or not all are let go"),
    "refused_referenced": ("referenced", "somebody has a reference beyond "
                           "his pin: a bio, a pipe, get_user_pages()"),
    "refused_driver": ("driver", "ops->migrate says not now, -EAGAIN"),
    "failed_driver": ("failed", "ops->migrate says any other error"),
    "refused_unready": ("unready", "the page is not published, or is being "
                        "freed"),
    "refused_target": ("target", "the pool's policy forbids the new frame"),
}
MOVES = ("migrated", "directed")


class Row:
    """One pool, now and since the last reading."""

    def __init__(self, now, before, seconds):
        stats = now.stats
        self.name = now.name
        self.backing = now.backing
        self.pages = stats.get("pages", 0)
        self.unpublished = stats.get("unpublished", 0)
        self.moves = total(stats, MOVES)
        # None: there is no reading before.
        self.moved = rate(stats, before, MOVES, seconds)
        self.reasons = {REASONS[name][0]: rate(stats, before, (name,), seconds)
                        for name in REASONS}
        self.failed = rate(stats, before, REASONS, seconds)

    def why(self):
        """(reason, a second), the most frequent first."""
        return sorted(((name, number) for name, number in self.reasons.items()
                       if number), key=lambda pair: -pair[1])


def total(stats, names):
    return sum(stats.get(name, 0) for name in names)


def rate(now, before, names, seconds):
    if before is None or not seconds:
        return None
    return (total(now, names) - total(before, names)) / seconds


def rows(now, before):
    """A pool that was not there before began with empty books; so did one that
    has less in them than before: it is another, of a module loaded anew."""
    seconds = now.when - before.when if before else 0
    found = []
    for name, books in now.pools.items():
        earlier = None
        if before:
            old = before.pools.get(name)
            earlier = old.stats if old and not younger(books, old) else {}
        found.append(Row(books, earlier, seconds))
    return found


def younger(books, old):
    return any(books.stats.get(name, 0) < old.stats.get(name, 0)
               for name in ("allocated", "freed", "attempted"))


# By what rows are sorted; names upwards, all else downwards.
ORDERS = {
    "moves/s": lambda row: (-(row.moved or 0), -row.moves, row.name),
    "failures/s": lambda row: (-(row.failed or 0), row.name),
    "pages": lambda row: (-row.pages, row.name),
    "unpublished": lambda row: (-row.unpublished, row.name),
    "pool": lambda row: row.name,
}
