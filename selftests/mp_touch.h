/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_TOUCH_H
#define _SELFTESTS_MP_TOUCH_H

/* Memory that may give a signal when it is touched: 0, or the signal. */

#include <linux/types.h>
#include <setjmp.h>
#include <signal.h>

#ifndef BUS_MCEERR_AR
#define BUS_MCEERR_AR	4
#endif

static __thread sigjmp_buf mp_touch_back;
static __thread siginfo_t mp_touch_info;	/* of the last signal */

static inline void mp_touch_caught(int sig, siginfo_t *info, void *context)
{
	mp_touch_info = *info;
	siglongjmp(mp_touch_back, sig);
}

/* From now on either signal goes back to mp_touch_back. */
static inline void mp_touch_catch(struct sigaction *bus, struct sigaction *segv)
{
	const struct sigaction catch = {
		.sa_sigaction = mp_touch_caught,
		.sa_flags = SA_SIGINFO,
	};

	sigaction(SIGBUS, &catch, bus);
	sigaction(SIGSEGV, &catch, segv);
}

static inline int mp_touch(__u64 *word, int write)
{
	struct sigaction bus, segv;
	__u64 value;
	int sig;

	mp_touch_catch(&bus, &segv);
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

/* Return: 0, or the si_code of the SIGBUS that reading @addr brings. */
static inline int mp_touch_sigbus(void *addr)
{
	return mp_touch_read(addr) == SIGBUS ? mp_touch_info.si_code : 0;
}

#endif /* _SELFTESTS_MP_TOUCH_H */
