# SPDX-License-Identifier: GPL-2.0
"""What commands write into README.md, between marks that stay there."""
from cache import Failure, TREE

README = TREE / "README.md"


def block(lines):
    """As it was printed."""
    return "\n".join(["```text", *(line.rstrip() for line in lines),
                      "```"]) + "\n"


class Place:
    """What stands between two lines."""

    def __init__(self, what, verb):
        self.what = what
        self.begin = f"<!-- {what}: written by {verb} -->\n"
        self.end = f"<!-- end of the {what} -->\n"

    def has(self, text):
        return self.begin + text + self.end in README.read_text()

    def write(self, text):
        before, begin, rest = README.read_text().partition(self.begin)
        _, end, after = rest.partition(self.end)
        if not begin or not end:
            raise Failure(f"README.md lacks the marks around its {self.what}")
        README.write_text(before + begin + text + end + after)
