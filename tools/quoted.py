# SPDX-License-Identifier: GPL-2.0
"""What make check asks of documents: they lead somewhere, and quote what is so.

Returns as the checks of sources.py do.
"""
import os
import re

import commands
import docs
import documents
import matrix
from cache import TREE
from tree import text

LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
# Documents that quote a driver.
QUOTED = (("Documentation/balloon.rst", "samples/balloon"),
          ("Documentation/first-driver.rst", "samples/first"),
          ("Documentation/mapped.rst", "samples/buffers"),
          ("Documentation/directed.rst", "samples/edu"))
QUOTE = re.compile(r"\.\. code-block:: c\n\n((?:[ \t].*\n|\n)+)")
# What a module says of itself.
DECLARED = ("//", "MODULE_", "MOVABLE_POOL_")


def links(files):
    """Links between documents lead somewhere"""
    names = files.ending(".md")
    return names, [f"{name}: {target}" for name in names
                   for target in LINK.findall(text(name))
                   if "://" not in target and not os.path.exists(
                       os.path.join(TREE, os.path.dirname(name), target))]


def documentation(_files):
    """Sphinx makes HTML of Documentation/ and has no warning"""
    names = sorted(path.name for path in docs.SOURCE.glob("*.rst"))
    return names, docs.build()[0]


def shown_commands(_files):
    """Commands that documents show are run by a test"""
    return commands.all_complaints()


def errors(_files):
    """errors.rst has each error of each function, as its comment does"""
    return ["errors.rst"], documents.errors()


def states(_files):
    """The picture of states has the transitions there are"""
    return ["page-states.dot"], documents.states()


def readme_driver(_files):
    """The driver in README.md is the one that is built and tested"""
    source = text("samples/first/movable_first.c")
    same = f"```c\n{source}```" in text("README.md")
    return ["README.md"], [] if same else ["README.md: the driver differs"]


def first_driver(_files):
    """The first driver is documented whole, and has the lines it promises"""
    lines = [line for line in text("samples/first/movable_first.c").splitlines()
             if line and not line.startswith(DECLARED)]
    title = f"Your first driver, in {len(lines)} lines"
    said = text("Documentation/first-driver.rst")
    return ["first-driver.rst"], [
        f"first-driver.rst: not in it: {line}" for line in (title, *lines)
        if line not in said]


def tutorial(_files):
    """What Documentation/ quotes of a driver is in it"""
    return [name for name, _ in QUOTED], [
        f"{name}: not in {driver}: {line}" for name, driver in QUOTED
        for line in misquoted(text(name), driver)]


def misquoted(document, driver):
    """First lines of quotes that are not in the driver's source."""
    source = squeezed("".join(path.read_text() for path in sorted(
        (TREE / driver).glob("*.c"))))
    quotes = QUOTE.findall(document)
    wrong = [quote.split("\n")[0].strip() for quote in quotes
             if squeezed(quote) not in source]
    return wrong if quotes else ["nothing is quoted"]


def squeezed(code):
    """The words alone, each after one space."""
    return " ".join(code.split())


def readme_kernels(_files):
    """README.md's table of kernels is the last run of make test-all"""
    return ["README.md"], matrix.complaints()


CHECKS = (links, documentation, shown_commands, errors, states, first_driver,
          readme_driver, tutorial, readme_kernels)
