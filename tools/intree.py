# SPDX-License-Identifier: GPL-2.0
"""Sources of this tree as they are in a kernel tree: without compat/.

unifdef decides what compat/ asks about (upstream/has.h), Coccinelle puts the
kernel's own calls in place of its helpers (upstream/calls.ini), and names,
paths and a few sentences that speak of other kernels change by what
upstream/series.ini and upstream/words.txt say.  All else stays as it is.
"""
import configparser
import os
import pathlib
import posixpath
import re
import subprocess
import tempfile

import hunks
from cache import Failure, TREE

UPSTREAM = TREE / "upstream"
C = (".c", ".h")
INCLUDE = re.compile(r'^#include "([^"]+)"$', re.M)
PUBLIC = re.compile(r"^#include <(linux/movable_\w+\.h)>$", re.M)
QUOTED = re.compile(r'(^#include "[^"]+"\n)+', re.M)
GUARD = re.compile(r"^#ifndef (\w+)$", re.M)
LINUX = re.compile(r"^#include <linux/")
LEFT = re.compile(r"\bMP_HAVE_|\bMP_LACKS\b|\w*_compat_(?!ioctl)|compat/|"
                  r"kernel-patches|stock kernel|older kernel|"
                  r"\b[Tt]he bench\b|\bmake (check|kunit|test)\b")
BACKING = re.compile(r"\b[am]ops\b")
CAST = re.compile(r"(\(\w+_t\)) (?=\w)")
COLUMNS = 80
MESSAGE = re.compile(r'"[,;)]*$')
VERSION = re.compile(r"(?<![\d.])[4-7]\.\d{1,2}\b")
TAB = 8


def ini(path):
    """Names as they are written; "=" is all that divides."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str
    parser.read_string(path.read_text(), path.name)
    return parser


class Rules:
    """What becomes what."""

    def __init__(self, directory=UPSTREAM):
        series = ini(directory / "series.ini")
        self.paths = dict(series["paths"])
        self.names = [(re.compile(rf"\b{name}"), to)
                      for name, to in series["names"].items()]
        self.dropped = series["sources"]["dropped"].split()
        self.has = directory / "has.h"
        self.calls = ini(directory / "calls.ini")
        self.words = hunks.read(directory / "words.txt")
        self.lines = hunks.read(directory / "lines.txt")

    def place(self, name):
        """Where a file of ours is in the kernel tree."""
        for ours in sorted(self.paths, key=len, reverse=True):
            if name == ours or ours.endswith("/") and name.startswith(ours):
                return self.paths[ours] + name[len(ours):]
        return name

    def in_prose(self, text):
        """The same, of files that comments and documents speak of."""
        for ours, theirs in self.paths.items():
            text = re.sub(rf"(?<![\w/.-]){re.escape(ours)}(?=[\w*])", theirs,
                          text)
        return text


def included(name, text):
    """The files of ours that a file includes, by quotes."""
    for header in INCLUDE.findall(text):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name),
                                                 header))
        if (TREE / path).is_file():
            yield header, path


def needed(name, text):
    """All files of ours that a file includes."""
    yield from (path for _, path in included(name, text))
    for header in PUBLIC.findall(text):
        if (TREE / "include" / header).is_file():
            yield f"include/{header}"


def convert(rules, names):
    """{file of ours: its text in the kernel tree}"""
    texts = {name: (TREE / name).read_text() for name in names}
    code = {name: reworded(rules, name, resolved(rules, name, text))
            for name, text in texts.items() if name.endswith(C)}
    texts.update(inlined(rules, code))
    unused = set(rules.words) - set(texts)
    unused |= set(rules.lines) - {rules.place(name) for name in texts}
    if unused:
        raise Failure("upstream/words.txt, lines.txt: not part of the series: "
                      + ", ".join(sorted(unused)))
    made = {name: finished(rules, name, text) for name, text in texts.items()}
    guard(made)
    return made


def guard(texts):
    """No two headers keep each other out."""
    known = {}
    for name, text in texts.items():
        word = GUARD.search(text) if name.endswith(".h") else None
        if word and known.setdefault(word.group(1), name) != name:
            raise Failure(f"{name} and {known[word.group(1)]} have the same "
                          f"guard, {word.group(1)}")


def finished(rules, name, text):
    """The last steps, file by file."""
    if name.endswith(C):
        text = renamed(rules, with_paths(rules, name, text))
    else:
        text = reworded(rules, name, text)
    there = rules.place(name)
    text = hunks.apply(rules.lines.get(there, ()), rules.in_prose(text),
                       f"upstream/lines.txt: {there}")
    complain(name, text)
    return text.rstrip("\n") + "\n"


def resolved(rules, name, text):
    """What the kernel of the series has, is decided."""
    if "MP_HAVE_" not in text:
        return text
    done = subprocess.run(["unifdef", "-B", "-f", rules.has, "-"], input=text,
                          text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    if done.returncode > 1:
        raise Failure(f"unifdef cannot read {name}: {done.stderr.strip()}")
    return done.stdout


def reworded(rules, name, text):
    return hunks.apply(rules.words.get(name, ()), text,
                       f"upstream/words.txt: {name}")


def semantic_patch(calls):
    """For Coccinelle: each helper's call becomes the kernel's."""
    rules = []
    for call in calls.sections():
        names = [word for word in re.findall(r"\w+", call.partition("(")[2])
                 if word != "sizeof"]
        declared = f"expression {', '.join(names)};\n" if names else ""
        rules.append(f"@@\n{declared}@@\n- {call}\n+ {calls[call]['is']}\n")
    return "\n".join(rules)


def inlined(rules, texts):
    """Calls of compat's helpers are those of the kernel."""
    helpers = {re.search(r"\w+\((sizeof\(\*)?", call).group(): call
               for call in rules.calls.sections()}
    used = {name: [rules.calls[call] for start, call in helpers.items()
                   if start in text] for name, text in texts.items()}
    with tempfile.TemporaryDirectory(prefix="movable-pool-") as area:
        some = {name: f"{area}/{number}{os.path.splitext(name)[1]}"
                for number, name in enumerate(texts) if used[name]}
        for name, copy in some.items():
            pathlib.Path(copy).write_text(texts[name])
        rule = pathlib.Path(area) / "calls.cocci"
        rule.write_text(semantic_patch(rules.calls))
        spatch(rule, some.values())
        changed = {name: unspaced(pathlib.Path(copy).read_text(), texts[name])
                   for name, copy in some.items()}
    for name, text in changed.items():
        for call in used[name]:
            text = with_header(text, call["header"])
        texts[name] = text
    return texts


def spatch(rule, copies):
    done = subprocess.run(
        ["spatch", "--sp-file", rule, "--no-includes", "--in-place",
         "--very-quiet", *copies], text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise Failure("Coccinelle: "
                      + (done.stdout.strip().splitlines() or ["failed"])[-1])


def unspaced(text, old):
    """Coccinelle puts a space after a cast, which the kernel does not."""
    known = set(old.splitlines())
    return "\n".join(line if line in known else CAST.sub(r"\1", line)
                     for line in text.split("\n"))


def with_header(text, header):
    """Included among the others of <linux/>, in order; once."""
    line = f"#include <{header}>"
    lines = text.split("\n")
    if line in lines:
        return text
    places = [at for at, words in enumerate(lines) if LINUX.match(words)]
    if not places:
        raise Failure(f"nowhere to include <{header}>")
    after = [at for at in places if lines[at] < line]
    lines.insert(after[-1] + 1 if after else places[0], line)
    return "\n".join(lines)


def with_paths(rules, name, text):
    """Includes by quotes lead to where the files are then."""
    here = posixpath.dirname(rules.place(name))
    for header, path in included(name, text):
        line = f'#include "{header}"\n'
        there = posixpath.relpath(rules.place(path), here)
        new = "" if path in rules.dropped else f'#include "{there}"\n'
        text = text.replace(line, new)
    return QUOTED.sub(lambda block: "".join(sorted(
        block.group().splitlines(True))), text).replace("\n\n\n", "\n\n")


def renamed(rules, text):
    """Names that end with a purpose; what is aligned to them stays so."""
    lines = text.split("\n")
    for at, old in enumerate(lines):
        new = old
        for name, to in rules.names:
            new = name.sub(to, new)
        lines[at] = new
        shift(lines, at + 1, open_column(old), open_column(new))
    return "\n".join(lines)


def shift(lines, at, old, new):
    """Lines that were aligned to a parenthesis follow it."""
    while old and new and old != new and at < len(lines):
        stripped = lines[at].lstrip("\t ")
        indent = lines[at][:len(lines[at]) - len(stripped)]
        if not stripped or len(indent.expandtabs(TAB)) != old:
            return
        lines[at] = "\t" * (new // TAB) + " " * (new % TAB) + stripped
        at += 1


def open_column(line):
    """The column after the last parenthesis that the line leaves open, or 0."""
    opened = []
    for column, letter in enumerate(line.expandtabs(TAB), 1):
        if letter == "(":
            opened.append(column)
        elif letter == ")" and opened:
            opened.pop()
    return opened[-1] if opened else 0


def complain(name, text):
    """About other kernels nothing may be left, nor of how it is tested here."""
    for number, line in enumerate(text.splitlines(), 1):
        if (LEFT.search(line) or VERSION.search(line)
                or not name.endswith(C) and BACKING.search(line)):
            raise Failure(f"{name}, as it is in the kernel tree, line "
                          f"{number}, still knows of other kernels: "
                          f"{line.strip()}")
        if (len(line.expandtabs(TAB)) > COLUMNS and name.endswith(C)
                and not MESSAGE.search(line)):
            raise Failure(f"{name}, as it is in the kernel tree, line "
                          f"{number}, is too long for {COLUMNS} columns: "
                          f"{line.strip()}")
