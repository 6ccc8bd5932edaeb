# SPDX-License-Identifier: GPL-2.0
"""What a guest is given of this machine's: programs, and a tree of files.

Both as {path in the guest: path here}, for Guest.add_file().
"""
import hashlib
import re
import shutil
import subprocess
import tarfile

import cache
from cache import Failure

LIBRARY = re.compile(r"(?:\S+ => )?(/\S+) \(0x")
# What ldd says of a program that needs no libraries.
STATIC = "not a dynamic executable"


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
