# SPDX-License-Identifier: GPL-2.0
"""Where built and fetched things live, and how they get there whole.

Nothing is ever written into the source tree.  A directory in the cache is
filled under a temporary name and renamed when it is complete, so whoever
finds it under its real name may use it, whatever interrupted the run before.
"""
import contextlib
import errno
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import sys
import tempfile

TREE = pathlib.Path(__file__).resolve().parent.parent
FULL = (errno.ENOSPC, errno.EDQUOT)
NEARLY_FULL = 1 << 20           # bytes
EXCERPT = 30                    # lines


class Failure(Exception):
    """Something a person can act on, said in one sentence."""


def say(text=""):
    print(text, flush=True)


def step(what, detail=""):
    """One line of progress, aligned with its neighbours."""
    say(f"  {what:<9} {detail}")


def excerpt(lines):
    """What belongs to a failure, below its line, if it fits a screen."""
    for line in lines[:EXCERPT]:
        say(f"        | {line}")
    if len(lines) > EXCERPT:
        say(f"        | ... {len(lines) - EXCERPT} more lines")


@contextlib.contextmanager
def explained():
    """Turn the failures people meet into one sentence and an exit code."""
    try:
        yield
    except Failure as failure:
        sys.exit(f"error: {failure}")
    except OSError as error:
        if error.errno in FULL:
            sys.exit(f"error: the disk of {root()} is full; free some space "
                     "and run the same command again")
        raise
    except KeyboardInterrupt:
        sys.exit("\ninterrupted")


def full_disk(words=""):
    """For when another program failed: was it for want of space?

    To be asked before anything is cleaned up.  Programs say it in words, or
    in none at all; then the disk knows.
    """
    if "No space left on device" in words or "enough free space" in words \
            or shutil.disk_usage(root()).free < NEARLY_FULL:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def sbin_path():
    """Debian's plain users do not have sbin in their PATH."""
    return os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"


def plain_environment():
    """For make: out of reach of the make and the shell that called us."""
    environment = {name: value for name, value in os.environ.items()
                   if name in ("HOME", "TMPDIR", "CCACHE_DIR")}
    return dict(environment, PATH=sbin_path(), LC_ALL="C")


def given(path):
    """The file that a person means, who may be elsewhere (debian/)."""
    return pathlib.Path(os.environ.get("MOVABLE_POOL_HERE", ""), path)


def root():
    """The cache directory, made on first use."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    path = os.environ.get("MOVABLE_POOL_CACHE") or home + "/movable-pool"
    path = os.path.abspath(os.path.expanduser(path))
    if " " in path:
        raise Failure(f"make cannot work below '{path}', which has a space: "
                      "set MOVABLE_POOL_CACHE to a directory without one")
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise Failure(f"cannot create the cache {path}: {error.strerror}")
    return pathlib.Path(path)


def tree_dir():
    """The build area of this checkout; areas of vanished trees are dropped."""
    builds = root() / "build"
    builds.mkdir(exist_ok=True)
    for mark in builds.glob("*/tree"):
        if not os.path.isdir(mark.read_text()):
            shutil.rmtree(mark.parent, ignore_errors=True)
    digest = hashlib.sha256(str(TREE).encode()).hexdigest()[:8]
    area = builds / f"{TREE.name.replace(' ', '_')}-{digest}"
    area.mkdir(exist_ok=True)
    (area / "tree").write_text(str(TREE))
    return area


@contextlib.contextmanager
def lock(name):
    """One process at a time; a second one says what it waits for."""
    with open(root() / f"{name}.lock", "w", encoding="ascii") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            step("wait", f"another run holds {name}.lock")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def filling(target):
    """A fresh directory that becomes `target` if the body succeeds."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with lock("filling"):
        partial = pathlib.Path(tempfile.mkdtemp(
            prefix=f".{target.name}.", dir=target.parent))
        mine = flocked(partial)
    try:
        partial.chmod(0o755)
        yield partial
        if target.exists():
            shutil.rmtree(target)
        partial.rename(target)
    finally:
        os.close(mine)
        shutil.rmtree(partial, ignore_errors=True)


def flocked(directory):
    """Its file descriptor, locked as long as it is open; None if it is."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def sweep(directory):
    """Drop what a killed run left half filled, and nobody is filling now."""
    with lock("filling"):
        for partial in directory.glob(".*.????????"):
            orphan = flocked(partial)
            if orphan is not None:
                os.close(orphan)
                shutil.rmtree(partial, ignore_errors=True)


def read_json(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def write_json(path, value):
    """Written last, so that its presence says everything else is there."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(value, indent=1) + "\n")
    partial.replace(path)
