/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MP_TEST_COMPAT_H
#define _MP_TEST_COMPAT_H

/* What the test driver needs from kernels that spell it differently. */

/* Empty a range of frames by moving what is in it; then they are free. */
int mp_test_compat_evict(unsigned long pfn, unsigned long count);

/* One shrinker: @count says how many there are, @scan frees at most @nr. */
int mp_test_compat_shrinker_add(unsigned long (*count)(void),
				unsigned long (*scan)(unsigned long nr));
void mp_test_compat_shrinker_remove(void);

#endif /* _MP_TEST_COMPAT_H */
