/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_COMPAT_BALLOON_INFRA_H
#define _MOVABLE_POOL_COMPAT_BALLOON_INFRA_H

/* The kernel's balloon infrastructure, wherever its header is. */
#if __has_include("linux/balloon.h")		/* since 7.0 */
#include <linux/balloon.h>
#else
#include <linux/balloon_compaction.h>
#endif

#endif /* _MOVABLE_POOL_COMPAT_BALLOON_INFRA_H */
