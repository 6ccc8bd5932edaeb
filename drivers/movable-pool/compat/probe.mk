# SPDX-License-Identifier: GPL-2.0
# What does this kernel offer?  Found out by compiling, for distributions bring
# changes to old versions.  Sets mp-have to the names of the files of
# mp-probe-dirs that compile, and mp-have-flags to -DMP_HAVE_NAME for each.

mp-probe-flags = $(NOSTDINC_FLAGS) $(LINUXINCLUDE) \
	-include $(srctree)/include/linux/compiler_types.h \
	$(KBUILD_CPPFLAGS) $(KBUILD_CFLAGS) $(KBUILD_CFLAGS_MODULE) \
	-Werror=incompatible-pointer-types -Werror=int-conversion \
	-DKBUILD_MODNAME='"probe"' -DKBUILD_BASENAME='"probe"'

mp-probes = $(addsuffix /*.c,$(mp-probe-dirs))
mp-probe-ask = \
	for probe in $(mp-probes); do \
		$(CC) $(mp-probe-flags) -fsyntax-only $$probe 2>/dev/null && \
		basename $$probe .c & \
	done; wait

# Who builds often may keep the answers: MP_PROBED is a directory for those of
# one kernel and compiler.  A new question, or flag, is asked; and no answer at
# all is not believed.
ifdef MP_PROBED
mp-probe-flags-told = $(filter-out -fmacro-prefix-map=%,$(mp-probe-flags))
mp-probe-know = \
	kept=$(MP_PROBED)/$$({ cat $(mp-probes); \
		echo $(mp-probe-flags-told); } | sha1sum | cut -c-40); \
	if [ ! -s $$kept ]; then \
		mkdir -p $(MP_PROBED); \
		{ $(mp-probe-ask); } >$$kept.$$$$; \
		mv $$kept.$$$$ $$kept; \
	fi; \
	cat $$kept
else
mp-probe-know = $(mp-probe-ask)
endif

# Sorted, for they end in any order, and another command line means to compile
# everything again.  A clean needs no answers.
ifeq ($(findstring Makefile.clean,$(MAKEFILE_LIST)),)
mp-have := $(sort $(shell $(mp-probe-know)))
endif

mp-have-flags := $(shell echo $(addprefix -DMP_HAVE_,$(mp-have)) | tr a-z A-Z)
mp-has = $(filter $(1),$(mp-have))
