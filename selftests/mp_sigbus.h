/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_SIGBUS_H
#define _SELFTESTS_MP_SIGBUS_H

/* Touching memory that may not be there. */

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

#ifndef BUS_MCEERR_AR
#define BUS_MCEERR_AR	4
#endif

static sigjmp_buf mp_sigbus_back;
static int mp_sigbus_code;
static void *mp_sigbus_addr;

static inline void mp_sigbus_come(int signal, siginfo_t *info, void *context)
{
	mp_sigbus_code = info->si_code;
	mp_sigbus_addr = info->si_addr;
	siglongjmp(mp_sigbus_back, 1);
}

/* Return: 0, or the si_code of the SIGBUS that reading @addr brings. */
static inline int mp_sigbus_at(void *addr)
{
	struct sigaction action = {
		.sa_sigaction = mp_sigbus_come,
		.sa_flags = SA_SIGINFO,
	};
	struct sigaction old;

	mp_sigbus_code = 0;
	sigaction(SIGBUS, &action, &old);
	if (!sigsetjmp(mp_sigbus_back, 1))
		__atomic_load_n((char *)addr, __ATOMIC_RELAXED);
	sigaction(SIGBUS, &old, NULL);
	return mp_sigbus_code;
}

#endif /* _SELFTESTS_MP_SIGBUS_H */
