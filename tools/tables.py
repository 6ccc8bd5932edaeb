# SPDX-License-Identifier: GPL-2.0
"""Tables of figures, and numbers that are to be reached."""


def number(value, digits=0):
    return "-" if value is None else f"{value:,.{digits}f}"


def aligned(lines, rule):
    """Of rows of texts, the first of them titles."""
    widths = [max(map(len, column)) for column in zip(*lines)]
    for count, line in enumerate(lines):
        yield "  ".join(text.rjust(width) if place else text.ljust(width)
                        for place, (text, width)
                        in enumerate(zip(line, widths))).rstrip()
        if not count:
            yield rule * (sum(widths) + 2 * len(widths) - 2)


class Goal:
    """A number to reach: ours is at most, or at least, so much."""

    def __init__(self, about, ours, limit, unit="", least=False):
        self.about = about
        self.ours = ours
        self.limit = limit
        self.unit = unit
        self.least = least

    def reached(self):
        if self.least:
            return self.ours >= self.limit
        return self.ours <= self.limit

    def line(self):
        digits = 2 if self.unit == " x" else 0
        return (f"  {'yes' if self.reached() else 'NO':<5}{self.about:<52}"
                f"{self.ours:>8,.{digits}f}{self.unit} of at "
                f"{'least' if self.least else 'most'} "
                f"{self.limit:,.{digits}f}{self.unit}")


def reached(title, goals):
    """Lines, or none."""
    lines = [goal.line() for goal in goals]
    return [title, *lines] if lines else []
