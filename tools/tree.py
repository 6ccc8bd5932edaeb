# SPDX-License-Identifier: GPL-2.0
"""The tree's files, as git sees them: what is ignored is not there."""
import pathlib
import re
import shutil
import subprocess

from cache import Failure, TREE


def files():
    """Their names, sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], cwd=TREE,
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if listed.returncode:
        raise Failure(f"git does not know this tree: {listed.stderr.strip()}")
    return sorted({name for name in listed.stdout.split("\0")
                   if name and (TREE / name).is_file()})


def copy(target):
    """All of it, in a directory that is not there yet."""
    for name in files():
        path = pathlib.Path(target) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TREE / name, path, follow_symlinks=False)


class Files:
    """The tree's files, by kind."""

    def __init__(self):
        self.all = files()

    def ending(self, *endings):
        return [name for name in self.all if name.endswith(endings)]

    def c(self):
        return self.ending(".c", ".h")

    def modules(self):
        """C that runs in the kernel."""
        return [name for name in self.c()
                if name.startswith(("drivers/", "include/", "samples/",
                                    "selftests/kmod/",
                                    "selftests/package/"))]

    def shell(self):
        return [name for name in self.all
                if re.match(r"#!.*\b(ba|da)?sh\b|(.*\n){0,2}# shellcheck "
                            r"shell=", head(name))]


def text(name):
    return (TREE / name).read_text(errors="replace")


def head(name):
    with open(TREE / name, errors="replace", encoding="utf-8") as file:
        return file.read(300)


def grep(names, pattern):
    """Lines that match, as file:line: text."""
    return [f"{name}:{number}: {line.strip()}" for name in names
            for number, line in enumerate(text(name).splitlines(), 1)
            if pattern.search(line)]
