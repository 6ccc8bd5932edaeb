# SPDX-License-Identifier: GPL-2.0
"""The ways a driver can own pages, and guests in which they are measured.

The modules in bench/ measure: one is in charge, each of the others is a
subject, and the empty one is a subject that does nothing.
"""
from cache import Failure
from terminal import Progress

# Those with no module of ours in them come first: on a kernel where a page
# type has one owner it may be theirs only while movable_pool is not loaded.
PEERS = {
    "raw": "alloc_page()",
    "bare": "bare driver",
    "balloon": "kernel's balloon",
    "zsmalloc": "zsmalloc",
    "tmpfs": "page cache, tmpfs",
}
OURS = {
    "pool": "movable_pool",
    "pool-cache": "  in page cache",
    "pool-mapped": "  mapped",
    "pool-balloon": "  balloon",
}
TITLES = {**PEERS, **OURS}
# Where several CPUs are at work.
APART = {"pool-each": "  a pool for each CPU"}
# Of these only places are compared, and what moving them costs the VM.
PLACES = {"anon": "anonymous memory"}
NOTHING = "empty"
ALL_TITLES = {NOTHING: "nothing", **PLACES, **TITLES, **APART}
# Objects of any size, in pages.
OBJECTS = {"kmalloc": "kmalloc()", "zsmalloc-objects": "zsmalloc",
           "heap": "heap (a sample)"}
NAMES = {NOTHING: "nothing",
         **{name: name for name in (*PLACES, *TITLES, *APART, *OBJECTS)}}
# One of each kind: does it run at all?
FEW = (NOTHING, "raw", "anon", "pool")
# Distributions zero all pages, which is most of what a new one costs then.
NOT_ZEROED = "init_on_alloc=0"
OUR_MODULES = ("movable_pool", "mp_bench_pool", "mp_bench_pool_balloon")
# Whom ours are compared with comes just before: a kernel's own pages, which
# are in the way, become more.
LATER = (*PLACES, *OURS)
LATER_MODULES = (*OUR_MODULES, *(f"mp_bench_{name}" for name in PLACES))

# of_each() is run with the names of subjects, and then with those of ours.
SCRIPT = """
measure() {{ echo "$*" >run && sed 's/^/bench /' result || echo "error $*"; }}
of_each() {{
	for subject in "$@"; do
		case "$subject" in {asked}) ;; *) continue;; esac
{body}
	done
}}
load_modules || exit 1
{before}
cd /sys/kernel/debug/movable_bench
of_each $(cat subjects)
for module in {modules}; do insmod "/modules/$module.ko" || exit 1; done
of_each {ours}
cd /
for module in {backwards}; do rmmod "$module" || exit 1; done
unload_modules
"""


def script(body, asked, before="", ours=tuple(OURS), modules=OUR_MODULES):
    """Of a guest: @body is what is done with each $subject of those asked for.

    @ours are there when @modules are loaded, after the others were done with.
    """
    return SCRIPT.format(body=body.strip("\n"), before=before,
                         asked="|".join(asked), ours=" ".join(ours),
                         modules=" ".join(modules),
                         backwards=" ".join(reversed(modules)))


def there(modules, names):
    """Of these, the ones that this kernel can have."""
    return [name for name in names
            if name == NOTHING or name in OURS or name in APART
            or modules.module(f"mp_bench_{name}")]


def misplaced(subject, count, astray):
    """What is wrong if more than a few pages are not where they should be
    (bench/fill.c)."""
    if astray * 50 > count:
        yield (f"{subject}: {astray} of {count} pages are not where they "
               "should be")


def progress(style):
    return Progress(style, {"boot": "starting", **NAMES})


def insist(report, version, lacking=()):
    """That nothing is wrong in what a guest, or several, have reported."""
    report.problems += lacking
    if report.problems:
        raise Failure(f"{version}: " + "\n  ".join(report.problems))


def add_modules(guest, modules, names, ours=OUR_MODULES):
    """The peers and whoever else is asked for by name, and ours."""
    guest.add_modules(modules, ["mp_bench", *(
        f"mp_bench_{name}" for name in there(modules, names)
        if name != NOTHING and name not in OURS)])
    guest.carry_modules(modules, ours)
