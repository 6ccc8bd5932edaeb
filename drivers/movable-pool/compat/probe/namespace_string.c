// SPDX-License-Identifier: GPL-2.0
/*
 * DEFAULT_SYMBOL_NAMESPACE is a string, not an identifier: since 6.13, and in
 * 6.12.y, where MODULE_IMPORT_NS() takes an identifier all the same.
 */
#define DEFAULT_SYMBOL_NAMESPACE "MOVABLE_POOL"
#include <linux/build_bug.h>
#include <linux/export.h>

/* What makes an identifier a string would put quotes around these quotes. */
#undef __EXPORT_SYMBOL
#define __EXPORT_SYMBOL(sym, license, ns) \
	static_assert(sizeof(license ns) == sizeof("MOVABLE_POOL"), #sym)

int probe;
_EXPORT_SYMBOL(probe, "");
