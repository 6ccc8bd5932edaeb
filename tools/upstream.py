# SPDX-License-Identifier: GPL-2.0
"""make patch: the framework as a series of patches for a kernel tree.

The patches are made anew each time, of the sources here and the texts in
upstream/, in a small git tree that has only the files they touch.
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
import cover
import fetch
import hunks
import series
from cache import Failure, TREE, say, step

AUTHOR = "movable_pool developers <movable-pool@example.org>"
SETTING = "movablepool.author"
PERSON = re.compile(r"(.+) <(\S+@\S+)>$")
PATCH = re.compile(r"\d{4}-[\w.-]+\.patch$")
HEAD = re.compile(r"^Subject: \[PATCH", re.M)


def author():
    """Who the patches are from: git config movablepool.author."""
    done = subprocess.run(["git", "config", "--get", SETTING], cwd=TREE,
                          text=True, stdout=subprocess.PIPE)
    person = done.stdout.strip() or AUTHOR
    if not PERSON.match(person):
        raise Failure(f"git config {SETTING} is '{person}', which is not "
                      "'Name <address>'")
    return person


def date():
    """That of the last commit: the same tree gives the same patches."""
    done = subprocess.run(["git", "log", "-1", "--format=%cI"], cwd=TREE,
                          text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    return done.stdout.strip() or os.environ.get("SOURCE_DATE_EPOCH",
                                                 "1970-01-01T00:00:00Z")


class Repository:
    """The small tree in which the series is made."""

    def __init__(self, area, person):
        self.area = pathlib.Path(area)
        name, address = PERSON.match(person).groups()
        when = date()
        self.environment = dict(
            os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1",
            GIT_AUTHOR_NAME=name, GIT_AUTHOR_EMAIL=address,
            GIT_COMMITTER_NAME=name, GIT_COMMITTER_EMAIL=address,
            GIT_AUTHOR_DATE=when, GIT_COMMITTER_DATE=when)
        # Inside a hook of git these would lead to the tree outside.
        for variable in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
            self.environment.pop(variable, None)
        self.git("init", "-q", "-b", "series")

    def git(self, *words, text=""):
        done = subprocess.run(["git", *words], cwd=self.area, input=text,
                              text=True, env=self.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            why = (done.stderr.strip().splitlines() or ["no reason given"])[0]
            raise Failure(f"git {words[0]}: {why}")
        return done.stdout

    def take(self, tree, names):
        """The files of a kernel tree, those that are there."""
        for name in names:
            if (tree / name).is_file():
                self.write(name, (tree / name).read_text())
        self.commit("base")

    def write(self, name, text):
        path = self.area / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if text.startswith("#!"):
            path.chmod(0o755)

    def edit(self, name, changes, where):
        path = self.area / name
        if not path.is_file():
            raise Failure(f"{where}: the kernel tree has no {name}")
        path.write_text(hunks.apply(changes, path.read_text(),
                                    f"{where}: {name}"))

    def apply(self, path):
        try:
            self.git("apply", "--index", "-", text=path.read_text())
        except Failure as failure:
            raise Failure(f"{path.name} does not apply to this kernel: "
                          f"{failure}")

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "--cleanup=whitespace", "-F", "-",
                 text=message)


def write(tree, out, person):
    """The series against that tree, into a directory; its files."""
    plan = series.Series()
    if (tree / "drivers/movable-pool").exists():
        raise Failure(f"KSRC={tree} has drivers/movable-pool already: the "
                      "series is for a tree without it (make unlink?)")
    with tempfile.TemporaryDirectory(prefix="movable-pool-") as area:
        repository = Repository(area, person)
        repository.take(tree, plan.touched())
        repository.git("tag", "base")
        for path in plan.kernel_patches:
            repository.apply(path)
            repository.commit(series.mail(path))
        texts = plan.texts()
        for patch in plan.patches:
            make(repository, patch, texts[patch.name], person)
        repository.git(
            "format-patch", "-q", "--numbered", "--full-index",
            "--no-signature", "--zero-commit", "--cover-letter",
            "--cover-from-description=none", "-o", str(out), "base")
    return finish(sorted(out.glob("*.patch")), plan)


def make(repository, patch, texts, person):
    """One commit."""
    for name, text in texts.items():
        repository.write(name, text)
    for name, changes in patch.edits.items():
        for hunk in changes:
            hunk.new = [line.replace("@AUTHOR@", person) for line in hunk.new]
        repository.edit(name, changes, f"upstream/edits/{patch.name}.txt")
    if patch.diff:
        repository.apply(patch.diff)
    repository.commit(patch.message())


def finish(paths, plan):
    """The cover letter's text, and the tags of what is to be discussed."""
    letter, *patches = paths
    letter.write_text(cover.letter(letter.read_text(), plan))
    for path, patch in zip(patches[len(plan.kernel_patches):], plan.patches):
        if patch.rfc:
            path.write_text(HEAD.sub("Subject: [RFC PATCH", path.read_text(),
                                     count=1))
    return paths


def replace(out, tree, person):
    """The same, into a directory that is empty or has an older series."""
    if out.is_dir() and any(out.iterdir()) and not is_series(out):
        raise Failure(f"OUT={out} is neither empty nor an older series: say "
                      "another directory")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as area:
        paths = write(tree, pathlib.Path(area), person)
        if out.is_dir():
            shutil.rmtree(out)
        out.mkdir()
        return [pathlib.Path(shutil.move(str(path), out / path.name))
                for path in paths]


def is_series(out):
    """Patches alone, and their cover letter is ours."""
    if not all(PATCH.match(path.name) for path in out.iterdir()):
        return False
    letter = out / "0000-cover-letter.patch"
    return letter.is_file() and cover.subject() in letter.read_text()


def base():
    """The files of Debian's source that the series touches."""
    plan = series.Series()
    return fetch.series_base(plan.needed())


def main():
    parser = argparse.ArgumentParser(description="make patch")
    parser.add_argument("--tree", default="", help="KSRC")
    parser.add_argument("--out", default="", help="OUT")
    options = parser.parse_args()
    out = pathlib.Path(options.out or cache.tree_dir() / "series").absolute()
    tree = series.check_tree(options.tree) if options.tree else base()
    person = author()
    paths = replace(out, tree, person)
    for path in paths:
        say(f"  {path.name}")
    step("written", f"{len(paths) - 1} patches and a cover letter to {out}")
    step("from", f"{person} (git config {SETTING}); not signed off")
    step("next", f"git am --empty=drop {out}/*.patch")


if __name__ == "__main__":
    with cache.explained():
        sys.exit(main())
