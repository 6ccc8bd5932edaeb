# SPDX-License-Identifier: GPL-2.0
# The verbs of this tree.  As an external module, `make -C KDIR M=$PWD` reads
# Kbuild instead and needs nothing of what is here.

KDIR    ?= /lib/modules/$(shell uname -r)/build
KERNEL  ?= 6.1
FLAVOUR ?=
BACKING ?=
ONLY    ?=
WITHOUT ?=
CMDLINE ?=
JOBS    ?= 1
ROWS    ?=
RUNS    ?= 3
ROUNDS  ?=
WRITE   ?=
SHORT   ?=
KERNELS ?=
LONG    ?=
DURATION ?= 60
DRIVER  ?=
SCRIPT  ?=
SEED    ?=
DESTDIR ?=
INSTALL_MOD_PATH ?= $(DESTDIR)
KSRC    ?=
INTERVAL ?=
COUNT   ?=
OUT     ?=
SVG     ?=
FROM    ?=
TO      ?=
EVERY   ?= 1
PYTHON  := /usr/bin/python3 -B

.PHONY: modules modules_install install _headers _writable
.PHONY: kernels kunit test test-all test-series test-tools cross
.PHONY: coverage demo map
.PHONY: demo-balloon demo-numa demo-ramdisk model mutants stress bench check
.PHONY: try package test-package patch link unlink docs compile_commands.json
.PHONY: newcomer top clean help

modules: _headers
	@$(MAKE) -C "$(KDIR)" M="$(CURDIR)" modules

_headers:
	@[ -d "$(KDIR)" ] || { echo "error: no kernel headers in $(KDIR):" \
		"install linux-headers-$$(uname -r), or say KDIR=directory" \
		"(make test and make demo need none)" >&2; exit 1; }

# What is installed is the framework: samples and tests are not built, and of
# Module.symvers the framework's part is left.
core = $(MAKE) -C "$(KDIR)" M="$(CURDIR)" MOVABLE_POOL_CORE=1
to = $(abspath $(INSTALL_MOD_PATH))
# What the kernel will say it is; Debian's headers have another name beside.
release = $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
	"$(KDIR)/include/generated/utsrelease.h" 2>/dev/null)
place = $(to)/lib/modules/$(release)
version = $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)

_writable: _headers
	@[ -n "$(release)" ] || { echo "error: $(KDIR) does not say which" \
		"kernel it is for: it has not been prepared" >&2; exit 1; }
	@[ -z "$(DESTDIR)" ] || [ "$(abspath $(DESTDIR))" = "$(to)" ] || { \
		echo "error: DESTDIR and INSTALL_MOD_PATH are two places:" \
		"say one of them" >&2; exit 1; }
	@there="$(place)"; \
	until [ -e "$$there" ]; do there=$$(dirname "$$there"); done; \
	[ -d "$$there" ] && [ -w "$$there" ] || { \
		echo "error: cannot write to $(place): be root, or say" \
		"DESTDIR=directory" >&2; exit 1; }

# A distribution's headers want modules signed, but lack its key, and may lack
# what kbuild needs to run depmod.
key = $(shell sed -n 's/^CONFIG_MODULE_SIG_KEY="\(.*\)"/\1/p' "$(KDIR)/.config")
has_key = $(filter pkcs11:%,$(key))$(wildcard $(KDIR)/$(key) $(key))

modules_install: _writable
	+@$(core) modules
	+@$(core) INSTALL_MOD_PATH="$(to)" \
		$(if $(has_key),,CONFIG_MODULE_SIG_ALL=) modules_install
	@$(if $(to),:,PATH="$$PATH:/usr/sbin:/sbin" depmod "$(release)")

install: modules_install
	@tools/for-drivers install Module.symvers "$(version)" \
		"$(place)/movable-pool"
	@echo "  INSTALL $(place)/movable-pool"

kernels:
	@tools/setup kernels "$(ROWS)"
	@$(PYTHON) tools/kernels.py $(ROWS)

kunit:
	@tools/setup kunit
	@$(PYTHON) tools/kunit.py $(if $(ONLY),--only "$(ONLY)")

test:
	@tools/setup test "$(KERNEL)$(if $(FLAVOUR),-$(FLAVOUR))" "$(ONLY)"
	@$(PYTHON) tools/run-tests.py --kernel "$(KERNEL)" \
		$(if $(FLAVOUR),--flavour "$(FLAVOUR)") \
		$(if $(BACKING),--backing "$(BACKING)") $(if $(ONLY),--only "$(ONLY)") \
		$(if $(WITHOUT),--without "$(WITHOUT)") \
		$(if $(CMDLINE),--cmdline="$(CMDLINE)")

stress:
	@tools/setup stress "$(KERNEL)$(if $(FLAVOUR),-$(FLAVOUR))"
	@$(PYTHON) tools/stress.py --kernel "$(KERNEL)" \
		--flavour "$(FLAVOUR)" --backing "$(BACKING)" \
		--duration "$(DURATION)" --seed "$(SEED)"

# ROWS= are kernels, to run again without all else.
test-all:
	@tools/setup test-all
	@$(PYTHON) tools/matrix.py --jobs "$(JOBS)" --rows "$(ROWS)"; \
	matrix=$$?; \
	[ -n "$(ROWS)" ] || { $(PYTHON) tools/test-package.py && \
		$(MAKE) -s test-series ALL=1; } && exit $$matrix

test-series:
	@tools/setup test-series $(if $(ALL),whole)
	@$(PYTHON) tools/test-series.py $(if $(ALL),--all)

patch:
	@tools/setup patch
	@$(PYTHON) tools/upstream.py --tree "$(KSRC)" --out "$(OUT)"

link:
	@$(PYTHON) tools/link.py "$(KSRC)"

unlink:
	@$(PYTHON) tools/link.py --undo "$(KSRC)"

bench:
	@tools/setup bench
	@$(PYTHON) tools/bench.py $(if $(KERNELS),--kernels "$(KERNELS)") \
		$(if $(PARTS),--parts "$(PARTS)") $(if $(SHORT),--short) \
		$(if $(WRITE),--write)

mutants:
	@tools/setup mutants
	@$(PYTHON) tools/mutants.py $(if $(ONLY),--only "$(ONLY)")

model:
	@tools/setup model
	@$(PYTHON) tools/model.py $(if $(LONG),--long)

coverage:
	@tools/setup coverage
	@$(PYTHON) tools/coverage.py $(if $(RUN),--run "$(RUN)")

test-tools:
	@tools/setup test-tools
	@$(PYTHON) tools/test-tools.py

cross:
	@tools/setup cross
	@$(PYTHON) tools/cross.py

try:
	@[ -n "$(DRIVER)" ] || { echo "error: say DRIVER=directory," \
		"as DRIVER=samples/first" >&2; exit 2; }
	@tools/setup demo "$(KERNEL)"
	@$(PYTHON) tools/trial.py --kernel "$(KERNEL)" "$(DRIVER)" \
		$(if $(SCRIPT),--script "$(SCRIPT)")

# Pools of the kernel that runs.
top:
	@tools/setup top
	@$(PYTHON) tools/top/pools_top \
		$(if $(INTERVAL),--interval "$(INTERVAL)") \
		$(if $(COUNT),--count "$(COUNT)")

newcomer:
	@tools/setup newcomer
	@$(PYTHON) tools/newcomer.py $(if $(WRITE),--write)

demo:
	@tools/setup demo "$(KERNEL)"
	@$(PYTHON) tools/demo.py --kernel "$(KERNEL)" \
		$(if $(SVG),--svg "$(SVG)") $(if $(WRITE),--write)

map:
	@tools/setup map
	@$(PYTHON) tools/map.py --every "$(EVERY)" $(if $(SVG),--svg "$(SVG)") \
		$(if $(FROM),--from "$(FROM)") $(if $(TO),--to "$(TO)") \
		$(if $(OUT),--out "$(OUT)")

demo-balloon:
	@tools/setup demo-balloon "$(KERNEL)"
	@$(PYTHON) tools/demo-balloon.py --kernel "$(KERNEL)" --runs "$(RUNS)" \
		$(if $(ROUNDS),--rounds "$(ROUNDS)") $(if $(WRITE),--write)

demo-numa:
	@tools/setup demo-numa "$(KERNEL)"
	@$(PYTHON) tools/demo-numa.py --kernel "$(KERNEL)" \
		$(if $(ROUNDS),--rounds "$(ROUNDS)") $(if $(WRITE),--write)

demo-ramdisk:
	@tools/setup demo-ramdisk "$(KERNEL)"
	@$(PYTHON) tools/demo-ramdisk.py --kernel "$(KERNEL)"

package:
	@tools/setup package
	@$(PYTHON) tools/package.py

test-package:
	@tools/setup test-package
	@$(PYTHON) tools/test-package.py

check:
	@tools/setup check
	@$(PYTHON) tools/check.py

docs:
	@tools/setup docs
	@$(PYTHON) tools/docs.py $(if $(KSRC),--ksrc "$(KSRC)")

compile_commands.json:
	@tools/setup kernels
	@$(PYTHON) tools/clangd.py --kernel "$(KERNEL)"

clean:
	@[ ! -d "$(KDIR)" ] || $(MAKE) -s -C "$(KDIR)" M="$(CURDIR)" clean
	@[ ! -x /usr/bin/python3 ] || $(PYTHON) tools/build.py clean

help:
	@echo "make              build the modules for the running kernel"
	@echo "make KDIR=dir     build them for the kernel whose headers are in dir"
	@echo "make install      install the framework, and what drivers are built with; KDIR= DESTDIR="
	@echo "make modules_install  the framework alone"
	@echo "make demo         watch driver pages move, in a virtual machine; SVG=file: and drawn"
	@echo "make map          who has this machine's memory, block by block, live; for root"
	@echo "make map SVG=file  as a picture; OUT=file: kept; FROM=file TO=file: two such, and moves"
	@echo "make try DRIVER=dir  a driver of yours in a virtual machine, its pages moving"
	@echo "make top          pools of the kernel that runs, at a glance; INTERVAL=s COUNT=n"
	@echo "make newcomer     what README shows, typed on a machine that has nothing"
	@echo "make demo-balloon  a virtio balloon beside the kernel's; RUNS=n: n guests each"
	@echo "make demo-balloon ROUNDS=n  n rounds, and no page is lost"
	@echo "make demo-numa    a mapped buffer between two nodes; ROUNDS=n: n times to and fro"
	@echo "make demo-ramdisk  a file system on memory that moves and goes offline"
	@echo "make kunit        unit tests of the core, in seconds; ONLY=suite or test"
	@echo "make test         run the tests, in virtual machines; all but the rare ones"
	@echo "make test ONLY=x  run one group, set, program or test, or tests named for x"
	@echo "make test WITHOUT=x  all but the groups of the sets named"
	@echo "make test ONLY=fuzz CMDLINE=\"mp_seed=1 mp_calls=9000\"  add to the kernel's command line"
	@echo "make test-all     run all tests on every kernel; JOBS=n: n at a time; ROWS=kernels"
	@echo "make test-series  the patches for the kernel: git am, checkpatch; ALL=1: build, run"
	@echo "make patch KSRC=dir  write them against the kernel tree in dir; OUT=dir: where to"
	@echo "make link KSRC=dir  the framework into a kernel tree, by links"
	@echo "make unlink KSRC=dir  and out again"
	@echo "make stress       anything at once, at random; DURATION=10m SEED=n, as test"
	@echo "make cross        build modules and test programs for other machines"
	@echo "make bench        what pages cost, beside all else; PARTS=parts KERNELS=kernels SHORT=1"
	@echo "make coverage     lines of the framework no test runs; three kernels, an hour"
	@echo "make mutants      put old faults back and see the tests find them; ONLY=R9"
	@echo "make model        the handle's rules, checked by spin; LONG=1: GiB, minutes"
	@echo "make package      build Debian packages, and look at them with lintian"
	@echo "make test-package  install them in a root to throw away, build a driver there, load it"
	@echo "make kernels      fetch Debian's PC kernels; ROWS=kernels: fetch or build those"
	@echo "make check        style, static analysis, documentation comments"
	@echo "make docs         Documentation/ as HTML; KSRC=dir: as that kernel's source does it"
	@echo "make compile_commands.json  how modules are compiled, for clangd"
	@echo "make test-tools   test what fetches kernels and runs tests"
	@echo "make clean        drop what was built (fetched kernels are kept)"
	@echo ""
	@echo "test and the demos take KERNEL=version, 6.1 if not given; there is:"
	@echo "  $$($(PYTHON) tools/kernels.py --names)"
	@echo "test and stress take FLAVOUR=debug, kcsan or rt: that version, built to find"
	@echo "mistakes; stress takes uml, too."
	@echo "test takes BACKING=cache: kernel-data pools of pages in the page cache,"
	@echo "which all kernels have, and not what the kernel would have them use."
	@echo "What they fetch and build is in ~/.cache/movable-pool; set"
	@echo "MOVABLE_POOL_CACHE to have it elsewhere."
