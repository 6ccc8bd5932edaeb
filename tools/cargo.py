# SPDX-License-Identifier: GPL-2.0
"""What a guest is given of this machine's: programs, and a tree of files.

Both as {path in the guest: path here}, for Guest.add_file().
"""
import hashlib
import json
import os
import pathlib
import py_compile
import re
import shutil
import subprocess
import tarfile

import cache
from cache import Failure, TREE

LIBRARY = re.compile(r"(?:\S+ => )?(/\S+) \(0x")
# What ldd says of a program that needs no libraries.
STATIC = "not a dynamic executable"
PYTHON = "/usr/bin/python3"
# Where programs of the tree's that guests get are, and are there.
OURS = (TREE / "tools/drgn", TREE / "tools/top", TREE / "tools")
THERE = "/python"
# What Python itself imports no sooner than it needs it.
LATE = ("encodings.ascii", "encodings.latin_1", "locale", "runpy", "shutil",
        "traceback")
# What Python says it has loaded once it has these modules.
LOADED = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps(sorted({module.__file__ for module in sys.modules.values()
                         if getattr(module, "__file__", None)})))
"""


def program(name):
    """/programs/NAME, with the libraries it is linked to where it looks."""
    path = shutil.which(name, path=cache.sbin_path())
    if not path:
        raise Failure(f"a guest needs the program {name}, which is not "
                      "installed: run tools/setup test-all")
    files = {f"/programs/{name}": path}
    for library in libraries(path):
        files[library] = library
    return files


def libraries(path):
    """Their paths, the dynamic linker's among them."""
    done = subprocess.run(["ldd", path], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if STATIC in done.stdout:
        return []
    if done.returncode or "not found" in done.stdout:
        raise Failure(f"cannot find the libraries of {path}: "
                      + done.stdout.strip()[:200])
    return LIBRARY.findall(done.stdout)


def python(names):
    """Python, and all that these modules of its or of the tree's import.

    Compiled, for a guest takes longer for that than for what they do.
    """
    path = os.pathsep.join(map(str, OURS))
    done = subprocess.run(
        [PYTHON, "-B", "-c", LOADED, *LATE, *names], text=True,
        env=dict(os.environ, PYTHONPATH=path),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise Failure(f"a guest needs Python with {' '.join(names)}, which "
                      f"does not load: run tools/setup test\n{done.stderr}")
    files = {PYTHON: os.path.realpath(PYTHON)}
    for source in [PYTHON, *json.loads(done.stdout)]:
        if source.endswith(".py"):
            files[in_guest(source) + "c"] = compiled(source)
            continue
        files.setdefault(source, source)
        files.update((library, library) for library in libraries(source))
    return files


def in_guest(source):
    for place in OURS:
        if place in pathlib.Path(source).parents:
            return f"{THERE}/{pathlib.Path(source).relative_to(place)}"
    return source


def compiled(source):
    """A copy that Python takes without looking for its source."""
    target = cache.tree_dir() / f"python{source}c"
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        py_compile.compile(
            source, str(target), in_guest(source), doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    except py_compile.PyCompileError as error:
        raise Failure(str(error))
    return target


def headers(kernel):
    """The kernel's own headers: thousands of small files it came with."""
    places = [*kernel.root.glob("usr/src/linux-headers-*/include"),
              kernel.kdir / "include"]
    trees = [sorted(path for path in place.rglob("*.h")
                    if path.is_file() and not path.is_symlink())
             for place in places]
    return max(zip(map(len, trees), places, trees))[1:]


def sources(kernel, mebibytes):
    """/sources.tar of so many MiB, and /sources.sha256, made once."""
    place = (cache.root() / "cargo"
             / f"{kernel.release}-{kernel.package}-{mebibytes}")
    if not place.is_dir():
        with cache.filling(place) as partial:
            top, files = headers(kernel)
            pack(top, files, mebibytes << 20, partial)
    return {f"/{name}": place / name for name in ("sources.tar",
                                                  "sources.sha256")}


def pack(top, files, wanted, into):
    """The first files that are so many bytes, and a checksum of each."""
    total = 0
    with tarfile.open(into / "sources.tar", "w") as archive, \
            open(into / "sources.sha256", "w", encoding="ascii") as sums:
        for path in files:
            name = str(path.relative_to(top))
            archive.add(path, name)
            data = path.read_bytes()
            sums.write(f"{hashlib.sha256(data).hexdigest()}  {name}\n")
            total += len(data)
            if total >= wanted:
                return
    raise Failure(f"the headers in {top} are {total >> 20} MiB, of which "
                  f"{wanted >> 20} are wanted")
