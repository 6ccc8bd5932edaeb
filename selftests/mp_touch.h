/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_TOUCH_H
#define _SELFTESTS_MP_TOUCH_H

/* Memory that may give a signal when it is touched: 0, or the signal. */

#include <linux/types.h>
#include <setjmp.h>
#include <signal.h>

static __thread sigjmp_buf mp_touch_back;

static inline void mp_touch_caught(int sig)
{
	siglongjmp(mp_touch_back, sig);
}

static inline int mp_touch(__u64 *word, int write)
{
	const struct sigaction catch = { .sa_handler = mp_touch_caught };
	struct sigaction bus, segv;
	__u64 value;
	int sig;

	sigaction(SIGBUS, &catch, &bus);
	sigaction(SIGSEGV, &catch, &segv);
	sig = sigsetjmp(mp_touch_back, 1);
	if (!sig) {
		value = __atomic_load_n(word, __ATOMIC_RELAXED);
		if (write)
			__atomic_store_n(word, value, __ATOMIC_RELAXED);
	}
	sigaction(SIGBUS, &bus, NULL);
	sigaction(SIGSEGV, &segv, NULL);
	return sig;
}

static inline int mp_touch_read(void *addr)
{
	return mp_touch(addr, 0);
}

/* With what is there already. */
static inline int mp_touch_write(void *addr)
{
	return mp_touch(addr, 1);
}

#endif /* _SELFTESTS_MP_TOUCH_H */
