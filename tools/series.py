# SPDX-License-Identifier: GPL-2.0
"""The patches of upstream/series.ini, as data: what each of them changes.

Texts only; git has no part in it (upstream.py).
"""
import pathlib
import re
import subprocess
import textwrap

import hunks
import intree
import named
from cache import Failure, TREE

UPSTREAM = intree.UPSTREAM
TOUCHED = re.compile(r"^(?:---|\+\+\+) [ab]/(\S+)", re.M)
ADDED = re.compile(r"^--- /dev/null\n\+\+\+ b/(\S+)", re.M)
MESSAGE_COLUMNS = 72
DOCUMENTS = "Documentation/mm/movable_pool"
SELFTESTS = "tools/testing/selftests/movable_pool"
DOCUMENT = re.compile(r"(?<![\w/.-])[\w-]+\.(?:rst|dot)\b")
# A table, a command; a heading.
AS_IT_IS = re.compile(r"\A |^-{3,}$", re.M)
# What a kernel tree has, and nothing else.
KERNEL_FILES = ("Makefile", "MAINTAINERS", "drivers/Kconfig",
                "drivers/Makefile", "mm/migrate.c")


class Patch:
    """One of the series."""

    def __init__(self, name, section):
        self.name = name
        self.subject = section.get("subject", "")
        self.rfc = section.get("rfc") == "yes"
        self.sources = section.get("sources", "").split()
        self.without = section.get("without", "").split()
        self.files = section.get("files", "").split()
        self.diff = TREE / section["patch"] if "patch" in section else None
        self.edits = {}
        if section.get("edits") == "yes":
            self.edits = hunks.read(UPSTREAM / "edits" / f"{name}.txt")

    def message(self):
        """Subject and body."""
        if self.diff:
            return mail(self.diff)
        path = UPSTREAM / "messages" / f"{self.name}.txt"
        return self.subject + "\n\n" + wrapped(unlicensed(path.read_text()))

    def listed(self):
        """The sources that the patterns mean."""
        left_out = {path for pattern in self.without
                    for path in TREE.glob(pattern)}
        for pattern in self.sources:
            found = sorted(set(TREE.glob(pattern)) - left_out)
            if not found:
                raise Failure(f"upstream/series.ini: {self.name}: there is no "
                              f"{pattern}")
            yield from (str(path.relative_to(TREE)) for path in found)


def unlicensed(text):
    """A text without its first line, which is about its licence."""
    return text.split("\n", 1)[1]


def mail(path):
    """Subject and body of a patch, as git am would have them."""
    done = subprocess.run(["git", "mailinfo", "/dev/stdout", "/dev/null"],
                          input=path.read_text(), text=True, check=True,
                          stdout=subprocess.PIPE)
    body, _, head = done.stdout.rpartition("Author: ")
    subject = re.search(r"^Subject: (.*)$", head, re.M)
    if not subject:
        raise Failure(f"{path.name} is no mail: it has no subject")
    return f"{subject.group(1)}\n\n{wrapped(body)}"


def wrapped(text):
    """Paragraphs in lines as long as those of a commit message."""
    filled = []
    for paragraph in re.split(r"\n{2,}", text.strip("\n")):
        item = re.match(r" *[-*] +", paragraph)
        indent = " " * len(item.group()) if item else ""
        if AS_IT_IS.search(paragraph) and not item:
            filled.append(paragraph)
            continue
        filled.append(textwrap.fill(
            " ".join(paragraph[len(indent):].split()), MESSAGE_COLUMNS,
            initial_indent=item.group() if item else "",
            subsequent_indent=indent, break_long_words=False,
            break_on_hyphens=False))
    return "\n\n".join(filled) + "\n"


class Series:
    """All of them."""

    def __init__(self):
        ini = intree.ini(UPSTREAM / "series.ini")
        self.version = ini["sources"]["kernel"]
        self.kernel_patches = sorted(
            (TREE / ini["sources"]["patches"]).glob("*.patch"))
        self.patches = [Patch(name.partition(" ")[2], ini[name])
                        for name in ini.sections()
                        if name.startswith("patch ")]
        self.made = None

    def diffs(self):
        """The patches that are in this tree as such."""
        return self.kernel_patches + [patch.diff for patch in self.patches
                                      if patch.diff]

    def touched(self):
        """Files of a kernel tree that the series changes, or might add."""
        named = {name for path in self.diffs()
                 for name in TOUCHED.findall(path.read_text())}
        for patch in self.patches:
            named |= set(patch.edits)
        return sorted(named)

    def needed(self):
        """Of these, those that a kernel tree must have."""
        added = {name for path in self.diffs()
                 for name in ADDED.findall(path.read_text())}
        added |= {name for patch in self.patches for name in patch.edits
                  if name.startswith("drivers/movable-pool/")}
        return sorted((set(self.touched()) | set(KERNEL_FILES)) - added
                      - {"dev/null"})

    def sources(self):
        """{patch: the sources that come with it}, headers with the first."""
        known, of = set(), {}
        for patch in self.patches:
            todo, mine = list(patch.listed()), []
            while todo:
                name = todo.pop(0)
                if name in known:
                    continue
                known.add(name)
                mine.append(name)
                text = (TREE / name).read_text()
                todo += intree.needed(name, text)
            of[patch.name] = mine
        return of

    def texts(self):
        """{patch: {file of the kernel tree: its text}}, edits left out."""
        if self.made is None:
            self.made = self.convert()
        return self.made

    def convert(self):
        rules = intree.Rules()
        of = self.sources()
        every = [name for names in of.values() for name in names
                 if name not in rules.dropped]
        converted = intree.convert(rules, every)
        made = {}
        for patch in self.patches:
            made[patch.name] = {
                rules.place(name): converted[name]
                for name in of[patch.name] if name in converted}
            for name in patch.files:
                made[patch.name][name] = (UPSTREAM / "files"
                                          / name).read_text()
        keep_tests(made)
        no_dead_references(made)
        return made


def keep_tests(made):
    """Of the tests that a document names, those that come with it."""
    texts = {name: text for some in made.values()
             for name, text in some.items()}
    there = {pathlib.PurePath(name).stem for name in texts
             if name.startswith(SELFTESTS) and name.endswith(".c")}
    there |= {suite for text in texts.values()
              for suite in named.SUITE.findall(text)}
    for some in made.values():
        for name in some:
            if name.startswith(DOCUMENTS) and name.endswith(".rst"):
                some[name] = named.without(some[name], there)


def no_dead_references(made):
    """A document speaks of those that are there, and the index has each."""
    texts = {pathlib.PurePath(name).name: text for texts in made.values()
             for name, text in texts.items() if name.startswith(DOCUMENTS)}
    for name, text in texts.items():
        dead = set(DOCUMENT.findall(text)) - set(texts)
        if dead:
            raise Failure(f"{DOCUMENTS}/{name} speaks of what is not there: "
                          + ", ".join(sorted(dead)))
    listed = set(re.findall(r"^   ([\w-]+)$", texts.get("index.rst", ""), re.M))
    there = {name[:-4] for name in texts if name.endswith(".rst")} - {"index"}
    if listed != there:
        raise Failure(f"{DOCUMENTS}/index.rst and the documents there differ: "
                      + ", ".join(sorted(listed ^ there)))


def check_tree(tree):
    """Is it a kernel's, and one without what the series brings?"""
    tree = pathlib.Path(tree)
    for name in KERNEL_FILES:
        if not (tree / name).is_file():
            raise Failure(f"KSRC={tree} is not a kernel tree: it has no {name}")
    return tree
