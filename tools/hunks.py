# SPDX-License-Identifier: GPL-2.0
"""Small changes of text, kept as a person would write them.

    # a remark
    == drivers/Makefile
     obj-$(CONFIG_RESCTRL) += resctrl/
    +obj-$(CONFIG_MOVABLE_POOL) += movable-pool/

As in a patch, " " is what stays, "-" goes and "+" comes; an empty line ends a
hunk.  There are no line numbers: what a hunk looks for has to be there exactly
once, wherever that is, so it is noticed when it is not there any more.
"""
import re

from cache import Failure

FILE = re.compile(r"== (\S+)$")


class Hunk:
    """One change: lines that are looked for, and those in their place."""

    def __init__(self, lines):
        self.old = [line[1:] for line in lines if line[0] in " -"]
        self.new = [line[1:] for line in lines if line[0] in " +"]

    def apply(self, text, where):
        lines = text.split("\n")
        size = len(self.old)
        found = [at for at in range(len(lines) - size + 1)
                 if lines[at:at + size] == self.old]
        if len(found) != 1:
            raise Failure(f"{where}: found {len(found)} times instead of once: "
                          + " / ".join(self.old))
        lines[found[0]:found[0] + size] = self.new
        return "\n".join(lines)


def parse(text, where):
    """{file: its hunks, in order}"""
    files, lines, target = {}, [], None
    for number, line in enumerate(text.split("\n") + [""], 1):
        begins = FILE.match(line)
        if lines and (not line or begins):
            target.append(Hunk(lines))
            lines = []
        if begins:
            target = files.setdefault(begins.group(1), [])
        elif line and line[0] in " +-" and target is not None:
            lines.append(line)
        elif line and line[0] != "#":
            raise Failure(f"{where}:{number}: not a line of a hunk: {line}")
    return files


def read(path):
    return parse(path.read_text(), path.name)


def apply(hunks, text, where):
    for hunk in hunks:
        text = hunk.apply(text, where)
    return text
