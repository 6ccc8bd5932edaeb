/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_TEST_COMPAT_H
#define _MP_TEST_COMPAT_H

#include <linux/types.h>

struct page;

/* What the test modules need from kernels that spell it differently. */

/* Empty a range of frames by moving what is in it; then they are free. */
int mp_test_compat_evict(unsigned long pfn, unsigned long count);

/* Of a page with a reference: MP_FRAME_*, 0 where there is no such type. */
u64 mp_test_compat_look(struct page *page);

#endif /* _MP_TEST_COMPAT_H */
