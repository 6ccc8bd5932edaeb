# SPDX-License-Identifier: GPL-2.0
"""Code that Documentation/ shows and that no file of the tree has: it compiles.

What follows a comment ".. compiled: NAME" is a module of that name.  One whose
name ends in "_before" is in the form of 6.1, all others are for any kernel.
"""
import pathlib
import re
import tempfile
import textwrap

import build
from cache import TREE

BLOCK = re.compile(r"^\.\. compiled: (\w+)\n\n\.\. code-block:: c\n\n"
                   r"((?:[ \t].*\n|\n)+)", re.M)
OLD = "_before"
KBUILD = "ccflags-y += -I{tree}/include\n{objects}"


def blocks(document):
    """(name, code) of each."""
    for name, code in BLOCK.findall(document):
        yield name, textwrap.dedent(code).strip() + "\n"


def documented():
    """The same of all documents, by name."""
    return dict(block for path in sorted((TREE / "Documentation").glob("*.rst"))
                for block in blocks(path.read_text()))


def is_for(name, version):
    return version == "6.1" or not name.endswith(OLD)


def complaints(kernel, codes):
    """What the compiler has to say about modules, by name."""
    with tempfile.TemporaryDirectory(prefix="movable-pool-") as name:
        area = pathlib.Path(name)
        for module, code in codes.items():
            (area / f"{module}.c").write_text(
                code + 'MODULE_DESCRIPTION("from Documentation/");\n')
        (area / "Kbuild").write_text(KBUILD.format(
            tree=TREE,
            objects="".join(f"obj-m += {module}.o\n" for module in codes)))
        # They call what no module has: your GPU's functions, and ours, which
        # is not built here.
        done = build.make([*build.kbuild(kernel, area, "normal"),
                           "KBUILD_MODPOST_WARN=1",
                           "KCFLAGS=-Wno-missing-prototypes "
                           "-Wno-missing-declarations"])
        lines = [line.replace(f"{area}/", "")
                 for line in done.stdout.splitlines()]
    wrong = [line for line in lines if build.WARNING.search(line)
             and not build.UNKNOWN.search(line)
             and not build.HARMLESS.search(line)]
    return wrong or (lines[-build.SCREEN:] if done.returncode else [])
