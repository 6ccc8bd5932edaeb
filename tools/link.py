# SPDX-License-Identifier: GPL-2.0
"""make link, make unlink: the framework in a kernel tree, to work on it there.

A link to the driver's directory, one to each header, and two lines by which
the tree finds Kconfig and Makefile.  The sources are those of this tree, with
compat/, so any kernel that is supported will do.
"""
import argparse
import os
import pathlib
import shutil
import sys

import cache
import series
from cache import Failure, TREE, step

DRIVER = "drivers/movable-pool"
HEADERS = "include/linux"
# A line of a kernel's file, and where: before the last line that is so, or at
# the end.
HOOKS = (("drivers/Kconfig", f'source "{DRIVER}/Kconfig"', "endmenu"),
         ("drivers/Makefile", "obj-$(CONFIG_MOVABLE_POOL) += movable-pool/",
          ""))


def links():
    """(name in both trees, as the kernel's and as ours)"""
    yield DRIVER
    for path in sorted((TREE / HEADERS).glob("movable_*.h")):
        yield f"{HEADERS}/{path.name}"


def is_ours(path):
    """A link into this tree."""
    return path.is_symlink() and \
        TREE in pathlib.Path(os.path.abspath(os.readlink(path))).parents


def link(tree):
    """All of it, or nothing: what could stand in the way is looked at first."""
    for name in links():
        path = tree / name
        if os.path.lexists(path) and not is_ours(path):
            raise Failure(f"KSRC={tree} has a {name} that is no link into "
                          "this tree: is the series applied there?")
    hooked = {tree / name: hook((tree / name).read_text(), line, before,
                                tree / name)
              for name, line, before in HOOKS}
    for name in links():
        path = tree / name
        if os.path.lexists(path):
            path.unlink()
        path.symlink_to(TREE / name)
    for path, text in hooked.items():
        put(path, text)


def put(path, text):
    """A new file: the old one may have other names, in other trees."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text)
    shutil.copymode(path, partial)
    partial.replace(path)


def hook(text, line, before, path):
    """The text with that line, once."""
    lines = text.splitlines()
    if line in lines:
        return text
    if before and before not in lines:
        raise Failure(f"{path} has no line '{before}'")
    at = len(lines) - lines[::-1].index(before) - 1 if before else len(lines)
    return "\n".join(lines[:at] + [line] + lines[at:]) + "\n"


def unlink(tree):
    """As it was: links into this tree, and the two lines."""
    gone = 0
    for name, line, _ in HOOKS:
        path = tree / name
        lines = path.read_text().splitlines()
        if line in lines and is_ours(tree / DRIVER):
            lines.remove(line)
            put(path, "\n".join(lines) + "\n")
    for path in [tree / DRIVER, *(tree / HEADERS).glob("movable_*.h")]:
        if is_ours(path):
            path.unlink()
            gone += 1
    return gone


def main():
    parser = argparse.ArgumentParser(description="make link, make unlink")
    parser.add_argument("--undo", action="store_true")
    parser.add_argument("tree", help="KSRC")
    options = parser.parse_args()
    if not options.tree:
        raise Failure("which kernel tree? Say KSRC=directory")
    tree = series.check_tree(pathlib.Path(options.tree).absolute())
    if options.undo:
        if not unlink(tree):
            raise Failure(f"KSRC={tree} has no links into this tree")
        step("unlinked", f"{tree} is as it was")
        return
    link(tree)
    step("linked", f"{DRIVER} and the headers into {tree}")
    step("next", "make menuconfig there: Device Drivers, MOVABLE_POOL")


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())
