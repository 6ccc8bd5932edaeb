# SPDX-License-Identifier: GPL-2.0
"""The tree's files, as git sees them: what is ignored is not there."""
import pathlib
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
