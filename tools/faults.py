# SPDX-License-Identifier: GPL-2.0
"""Sites that can fail: how often each was come to, and failed, in a run.

The test build of the module says so in the kernel's log whenever it goes
(drivers/movable-pool/fault.c).
"""
import re

LINE = re.compile(r"movable_pool: fault (\S+) (\d+) (\d+)$", re.M)


class Faults:
    """What all guests add up to: {site: [passes, failed]}."""

    def __init__(self):
        self.sites = {}

    def add(self, log):
        """The text of one guest's log; returns whether it had the list."""
        found = LINE.findall(log)
        for name, passes, failed in found:
            site = self.sites.setdefault(name, [0, 0])
            site[0] += int(passes)
            site[1] += int(failed)
        return bool(found)

    def table(self):
        """As lines, aligned."""
        rows = [("site", "passes", "failed")] + [
            (name, *map(str, counts)) for name, counts in self.sites.items()]
        widths = [max(map(len, column)) for column in zip(*rows)]
        for name, passes, failed in rows:
            yield (f"  {name:<{widths[0]}}  {passes:>{widths[1]}}  "
                   f"{failed:>{widths[2]}}")

    def never_failed(self):
        return [name for name, (_, failed) in self.sites.items() if not failed]
