/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_BENCH_COMPAT_BALLOON_INFRA_H
#define _MP_BENCH_COMPAT_BALLOON_INFRA_H

#ifdef MP_HAVE_BALLOON_TOLD			/* since 7.0 */
#include <linux/balloon.h>
#else
#include <linux/balloon_compaction.h>
#endif

#endif /* _MP_BENCH_COMPAT_BALLOON_INFRA_H */
