# SPDX-License-Identifier: GPL-2.0
"""make compile_commands.json: how each file of the modules is compiled, for
clangd, from what kbuild has left beside the objects.

The kernel's own gen_compile_commands.py reads that.  The objects are not in
this tree but in the cache, of sources that are copies: names are made those of
the tree.  What only gcc knows is left out.
"""
import argparse
import json
import re
import subprocess
import sys
import tempfile

import build
import cache
import fetch
import kernels
from cache import Failure, TREE, say

NAME = "compile_commands.json"
SCRIPT = "scripts/clang-tools/gen_compile_commands.py"
# Options of gcc's that clang refuses, and the list of headers that was read.
UNKNOWN = re.compile(r"\s(-mpreferred-stack-boundary=\S+|-mindirect-branch\S*|"
                     r"-mfunction-return=\S+|-mrecord-mcount|"
                     r"-fno-allow-store-data-races|-fconserve-stack|"
                     r"-ftrivial-auto-var-init=\S+|-fmin-function-alignment=\S+|"
                     r"-fstrict-flex-arrays=\S+|-fzero-init-padding-bits=\S+|"
                     r"-fdiagnostics-show-context=\S+|-fsanitize=\S+|"
                     r"-mstack-protector-guard-symbol=\S+|"
                     r"--param=\S+|-Wp,-MMD,\S+)")


def read(where, area):
    """What the script makes of the objects in an area, if names in it are
    relative to that place."""
    with tempfile.NamedTemporaryFile(suffix=".json") as output:
        done = subprocess.run(
            ["/usr/bin/python3", fetch.source() / SCRIPT, "-d", where,
             "-o", output.name, "--log_level", "ERROR", area], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise Failure(f"{SCRIPT} failed:\n{done.stdout}")
        found = json.loads(output.read().decode())
    return [entry for entry in found if entry["file"].startswith(f"{area}/")
            and not entry["file"].endswith(".mod.c")]


def for_tree(entries, area):
    """The same of the tree's files, for clang."""
    def renamed(text):
        return re.sub(re.escape(str(area)) + r"(?=[/\s]|$)", str(TREE), text)

    return [{"directory": renamed(entry["directory"]),
             "command": UNKNOWN.sub("", renamed(entry["command"])),
             "file": renamed(entry["file"])} for entry in entries]


def database(kernel):
    """All entries, of modules that are built now: by make in the kernel's
    directory or, since 6.13, in the modules'."""
    return build.modules(kernel, "normal", keep=lambda area: for_tree(
        read(kernel.kdir, area) or read(area, area), area))


def main():
    parser = argparse.ArgumentParser(description=f"make {NAME}")
    parser.add_argument("--kernel", default=kernels.DEFAULT)
    kernel = kernels.get(parser.parse_args().kernel)
    entries = database(kernel)
    with open(TREE / NAME, "w", encoding="utf-8") as file:
        json.dump(entries, file, indent=1)
    say(f"{NAME}: {len(entries)} files, as for {kernel.release}")


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())
