# SPDX-License-Identifier: GPL-2.0
"""make docs: Documentation/ as HTML, made as the kernel makes its own.

conf.py, the extensions and kernel-doc are the kernel's, fetched or those of the
source that KSRC= names.  The documents are built where they would lie in a
kernel, in Documentation/mm/movable_pool, so what fits here fits there.  A
warning is an error.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import cache
import fetch
from cache import Failure, TREE, excerpt, say, step

SOURCE = TREE / "Documentation"
PLACE = "Documentation/mm/movable_pool"
SPHINX = pathlib.Path("/usr/bin/sphinx-build")
SERIOUS = re.compile(r"\b(WARNING|ERROR|SEVERE|CRITICAL|Error)\b")


def stage(source, area, kernel):
    """The documents, where the kernel would have them."""
    place = area / PLACE
    shutil.copytree(source, place)
    # 7.2 wants one, for its own list of them.
    if (kernel / "MAINTAINERS").exists():
        (area / "MAINTAINERS").symlink_to(kernel / "MAINTAINERS")
    return place


def sphinx(kernel, place, output):
    """What Sphinx complains about."""
    if not SPHINX.exists():
        raise Failure("python3-sphinx is not installed: run tools/setup docs")
    done = subprocess.run(
        [SPHINX, "-q", "-W", "--keep-going", "-b", "html",
         "-c", kernel / "Documentation",
         "-D", f"kerneldoc_srctree={TREE}",
         "-D", "project=movable_pool", "-D", "version=", "-D", "release=",
         "-d", place.parent / "doctrees", place, output],
        env=dict(os.environ, srctree=str(kernel), LC_ALL="C.UTF-8"),
        # Where conf.py finds kernel-doc from.
        cwd=kernel / "Documentation", text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = [line.replace(f"{place}/", "Documentation/").replace(f"{TREE}/", "")
             for line in done.stdout.splitlines()]
    if not done.returncode:
        return []
    return [line for line in lines if SERIOUS.search(line)] or lines


def build(kernel=None, source=SOURCE, name="docs"):
    """(complaints, where the HTML is)."""
    kernel = kernel or fetch.source()
    output = cache.tree_dir() / name
    with tempfile.TemporaryDirectory(prefix="movable-pool-") as area, \
            cache.lock("docs"):
        shutil.rmtree(output, ignore_errors=True)
        place = stage(source, pathlib.Path(area), kernel)
        return sphinx(kernel, place, output), output


def tree(name):
    """A kernel's source, if it is one."""
    path = pathlib.Path(name).resolve()
    if not (path / "Documentation/conf.py").is_file():
        raise Failure(f"KSRC={name} is not the source of a kernel: "
                      "it has no Documentation/conf.py")
    return path


def main():
    parser = argparse.ArgumentParser(description="make docs")
    parser.add_argument("--ksrc", type=tree, help="a kernel's source")
    complaints, output = build(parser.parse_args().ksrc)
    if complaints:
        step("FAIL", "Sphinx complains:")
        excerpt(complaints)
        return 1
    say(f"{len(list(SOURCE.glob('*.rst')))} documents: {output}/index.html")
    return 0


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())
