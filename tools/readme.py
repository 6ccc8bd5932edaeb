# SPDX-License-Identifier: GPL-2.0
"""What commands write into documents, between marks that stay there."""
from cache import Failure, TREE

# How a line is hidden from readers.
COMMENT = {".md": "<!-- {} -->\n", ".rst": ".. {}\n"}


def literal(lines):
    """As it was printed, in a .rst."""
    return "\n".join(["", "::", "",
                      *(f"    {line}".rstrip() for line in lines), "", ""])


def block(lines):
    """As it was printed, in a .md."""
    return "\n".join(["```text", *(line.rstrip() for line in lines),
                      "```"]) + "\n"


class Place:
    """What stands between two lines of a document."""

    def __init__(self, what, verb, path="README.md"):
        self.what = what
        self.path = TREE / path
        hidden = COMMENT[self.path.suffix]
        self.begin = hidden.format(f"{what}: written by {verb}")
        self.end = hidden.format(f"end of the {what}")

    def has(self, text):
        return self.begin + text + self.end in self.path.read_text()

    def parts(self):
        """Before, between and after the marks."""
        before, begin, rest = self.path.read_text().partition(self.begin)
        between, end, after = rest.partition(self.end)
        if not begin or not end:
            raise Failure(f"{self.path.name} lacks the marks around its "
                          f"{self.what}")
        return before + begin, between, end + after

    def write(self, text):
        before, _, after = self.parts()
        self.path.write_text(before + text + after)
