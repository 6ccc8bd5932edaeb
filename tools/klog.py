# SPDX-License-Identifier: GPL-2.0
"""Judges a kernel log: what in it must not be there.

A test that provokes a warning on purpose announces it by writing to
/dev/kmsg, before and after:

    mp-expect-begin: <regular expression>
    mp-expect-end

Between these lines a WARNING, or a mere report, whose text matches must appear,
and only such.  Announcements may be nested; the end is that of the last.  What
may appear, but need not, begins with mp-allow-begin.
"""
import itertools
import re

STAMP = re.compile(r"^(?:<\d+>)?\[\s*\d+\.\d+\](?:\[\s*[TC]\d+\])? ?")
COMPLAINT = re.compile(
    r"WARNING:|BUG:|BUG at|Oops|Call [Tt]race|Kernel panic"
    r"|INFO: task .* blocked"
    r"|INFO: rcu|rcu: INFO|self-detected stall|detected stalls|soft lockup"
    r"|hard LOCKUP|Bad page|bad page state|Bad rss-counter|list_(add|del) corr"
    r"|general protection fault|[Uu]nable to handle|UBSAN:|KASAN:|KCSAN:"
    r"|Internal error:|SError Interrupt|synchronous external abort"
    r"|KFENCE:|kmemleak: \d+ new|possible circular locking"
    r"|inconsistent lock state|sleeping function called|refcount_t:"
    r"|suspicious RCU usage|ODEBUG:|Slab corruption|Object .* overwritten")
CUT_HERE = "[ cut here ]"
BEGIN, END = "mp-expect-begin: ", "mp-expect-end"
ALLOW = "mp-allow-begin: "
TRACE_END = re.compile(r"---\[ end (trace|Kernel panic)")
STACK_END = re.compile(r"</TASK>|---\[ end |^={20}")
ARM64_STACK = "Call trace:"     # with nothing to say where it ends
# What may be announced, besides warnings.  A stack that no BUG or the like
# introduces is only a report: OOM.
REPORTS = ("Call Trace:", ARM64_STACK, "kmemleak: ", "BUG: KCSAN: ")
REGISTERS = re.compile(r"^((R[A-Z0-9]{2}|FS|CS|CR2|DR\d|PKRU|Code|"
                       r"Hardware name|Modules linked in):"
                       r"|(pstate|pc|lr|sp|x\d+) ?: )")
LONGEST = 400                   # lockdep shows a stack for each lock of a chain
# Data races of the kernel's own code are not ours to mend: a report is ours if
# one of our modules is in it.
RACE = re.compile(r"BUG: KCSAN: (data-race|assert: race|.*unknown)")
# Who looks for pages to move looks at any page without a lock, and again with
# the lock when it has found one.  What the kernel writes to a page, though it
# was us who asked for it, races with these by design, as it does for its own
# drivers; but not what we write ourselves.
SCANNER = re.compile(r" (isolate_migratepages_block|set_migratetype_isolate)"
                     r"( |$)")
OURS = re.compile(r"\[(movable_\w+|mp_\w+)\]")
# Below this, a stack is that of whoever was interrupted.
INTERRUPT = re.compile(r"^ asm_(sysvec_|common_interrupt)")

OUT_OF_TREE, UNSIGNED, WARNED = 1 << 12, 1 << 13, 1 << 9


def complaints(text):
    """What is wrong in this log, as a list of excerpts (lists of lines)."""
    lines = [STAMP.sub("", line) for line in text.splitlines()]
    found, windows, at = [], [], 0
    while at < len(lines):
        line, length = lines[at], 1
        if line.startswith(BEGIN):
            windows.append(Expectation(line[len(BEGIN):]))
        elif line.startswith(ALLOW):
            windows.append(Expectation(line[len(ALLOW):], met=True))
        elif line.startswith(END) and windows:
            found += windows.pop().missing()
        elif CUT_HERE in line or COMPLAINT.search(line):
            excerpt = lines[at:at + extent(lines, at)]
            length = len(excerpt)
            if not any(window.met_by(excerpt) for window in windows) and \
                    not others_race(excerpt):
                found.append(readable(excerpt))
        at += length
    return found + [[f"no {END} followed: {window.text}"]
                    for window in windows]


def others_race(excerpt):
    """Only of a report that is there to its end can one say so."""
    if not RACE.search(excerpt[0]) or not excerpt[-1].startswith("=" * 20):
        return False
    if SCANNER.search(excerpt[0]) and not OURS.search(excerpt[0]):
        return True
    return not any(OURS.search(line) for line in racing(excerpt))


def racing(excerpt):
    """The lines of a race's report that are about those who race."""
    interrupted = False
    for line in excerpt:
        interrupted &= line.startswith(" ")
        interrupted |= bool(INTERRUPT.match(line))
        if not interrupted:
            yield line


def extent(lines, start):
    """How many lines belong to the complaint that begins here."""
    if lines[start] == ARM64_STACK:
        return stack_extent(lines, start)
    end = TRACE_END if CUT_HERE in lines[start] else STACK_END
    for count, line in enumerate(lines[start + 1:start + LONGEST], 1):
        # 5.10's stacks have no end, but what comes next has a beginning.
        if line.startswith((BEGIN, ALLOW, END)) or CUT_HERE in line:
            return count
        if end.search(line):
            return count + 1
    # No end in sight (UML): nothing but a stack surely belongs to it.
    return stack_extent(lines, start)


def stack_extent(lines, start):
    """This line, and the frames below it."""
    frames = itertools.takewhile(lambda line: line.startswith(" "),
                                 lines[start + 1:start + LONGEST])
    return 1 + len(list(frames))


def readable(excerpt):
    """Without registers; who wants them reads the log itself."""
    kept = [line for line in excerpt
            if CUT_HERE not in line and not REGISTERS.match(line)]
    return kept or excerpt


class Expectation:
    """A warning that a test announced."""

    def __init__(self, text, met=False):
        self.text = text
        self.pattern = re.compile(text)
        self.met = met

    def met_by(self, excerpt):
        if not excerpt[0].startswith(REPORTS) and \
                not any("WARNING:" in line for line in excerpt[:4]):
            return False
        if not any(self.pattern.search(line) for line in excerpt):
            return False
        self.met = True
        return True

    def missing(self):
        return [] if self.met else [
            [f"the warning a test announced never came: {self.text}"]]


def tainted(taint, text):
    """Why this taint value is wrong, or None."""
    allowed = OUT_OF_TREE | UNSIGNED
    if BEGIN in text:
        allowed |= WARNED
    if taint & ~allowed:
        return f"the kernel is tainted: {taint} (allowed bits: {allowed})"
    return None
