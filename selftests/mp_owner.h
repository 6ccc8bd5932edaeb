/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_OWNER_H
#define _SELFTESTS_MP_OWNER_H

/* What another thread of the owner's does, for mp_once_start(). */

#include "mp_once.h"

static inline int mp_owner_pin(struct mp_worker *w)
{
	return mp_do(w->fd, w->pool, MP_TEST_PIN, w->first, w->count);
}

static inline int mp_owner_pin_longterm(struct mp_worker *w)
{
	return mp_do(w->fd, w->pool, MP_TEST_PIN_LONGTERM, w->first, w->count);
}

/* Its memory is poisoned right after. */
static inline int mp_owner_free(struct mp_worker *w)
{
	return mp_do_flags(w->fd, w->pool, MP_TEST_BURY, MP_TEST_FREE,
			   w->first, w->count);
}

static inline int mp_owner_destroy(struct mp_worker *w)
{
	return mp_destroy(w->fd, w->pool);
}

#endif /* _SELFTESTS_MP_OWNER_H */
