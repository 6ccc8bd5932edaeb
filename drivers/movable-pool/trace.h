/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM movable_pool

#if !defined(_MOVABLE_POOL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _MOVABLE_POOL_TRACE_H

/*
 * Tracepoints, movable_pool in tracefs (tracing.rst).
 *
 * Each event is where the books are written that it is of, and never after the
 * last touch of the pool: who traces may look at it.  What is handed over are
 * pointers that the caller has anyway, so that nothing is computed while an
 * event is off; what an event tells is made of them in TP_fast_assign().
 *
 * The order of events is that of what they tell, frame by frame: the frame that
 * an event gives up is named before anybody else can have it, and a new one
 * before anybody can move or free it.
 *
 * The pool's name is an array, cut off where that ends and padded with zeroes,
 * so that programs can have it as a key; a string of any length is spelled in
 * several ways, kernel by kernel.
 */

#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/migrate_mode.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "internal.h"

/*
 * What has become of an attempt: those of the books, with numbers for filters
 * that do not change when books are added.
 */
#define MP_TRACE_DONE			0
#define MP_TRACE_REFUSED_PINNED		1
#define MP_TRACE_REFUSED_REFERENCED	2
#define MP_TRACE_REFUSED_DRIVER		3
#define MP_TRACE_FAILED_DRIVER		4
#define MP_TRACE_REFUSED_UNREADY	5
#define MP_TRACE_REFUSED_TARGET		6

#define MP_TRACE_NAME		32
#define MP_TRACE_CLOCK_SHIFT	4

#define show_mp_result(result, done) \
	__print_symbolic(result, \
		{ MP_TRACE_DONE,		done }, \
		{ MP_TRACE_REFUSED_PINNED,	"refused_pinned" }, \
		{ MP_TRACE_REFUSED_REFERENCED,	"refused_referenced" }, \
		{ MP_TRACE_REFUSED_DRIVER,	"refused_driver" }, \
		{ MP_TRACE_FAILED_DRIVER,	"failed_driver" }, \
		{ MP_TRACE_REFUSED_UNREADY,	"refused_unready" }, \
		{ MP_TRACE_REFUSED_TARGET,	"refused_target" })

#define show_mp_mode(mode) \
	__print_symbolic(mode, \
		{ MIGRATE_ASYNC,	"async" }, \
		{ MIGRATE_SYNC_LIGHT,	"sync_light" }, \
		{ MIGRATE_SYNC,		"sync" })

TRACE_DEFINE_ENUM(MIGRATE_ASYNC);
TRACE_DEFINE_ENUM(MIGRATE_SYNC_LIGHT);
TRACE_DEFINE_ENUM(MIGRATE_SYNC);

DECLARE_EVENT_CLASS(mp_page,
		    TP_PROTO(const struct movable_pool *pool,
			     struct page *page),
		    TP_ARGS(pool, page),
		    TP_STRUCT__entry(__array(char, pool, MP_TRACE_NAME)
				     __field(unsigned long, pfn)
				     __field(int, nid)),
		    TP_fast_assign(mp_trace_name(__entry->pool, pool);
				   __entry->pfn = page_to_pfn(page);
				   __entry->nid = page_to_nid(page);),
		    TP_printk("pool=%s pfn=%lu nid=%d", __entry->pool,
			      __entry->pfn, __entry->nid));

/* The pool has a page more; its handle does not name it yet. */
DEFINE_EVENT(mp_page, mp_alloc,
	     TP_PROTO(const struct movable_pool *pool, struct page *page),
	     TP_ARGS(pool, page));

/* It may move, from now on. */
DEFINE_EVENT(mp_page, mp_publish,
	     TP_PROTO(const struct movable_pool *pool, struct page *page),
	     TP_ARGS(pool, page));

/* The VM gives an isolated page back unmoved. */
DEFINE_EVENT(mp_page, mp_putback,
	     TP_PROTO(const struct movable_pool *pool, struct page *page),
	     TP_ARGS(pool, page));

/* The pool has a page less; its frame is not free yet. */
DEFINE_EVENT(mp_page, mp_free,
	     TP_PROTO(const struct movable_pool *pool, struct page *page),
	     TP_ARGS(pool, page));

/* The VM wants to take hold of a page. */
TRACE_EVENT(mp_isolate,
	    TP_PROTO(const struct movable_pool *pool, struct page *page,
		     enum mp_event event),
	    TP_ARGS(pool, page, event),
	    TP_STRUCT__entry(__array(char, pool, MP_TRACE_NAME)
			     __field(unsigned long, pfn)
			     __field(int, nid)
			     __field(int, result)),
	    TP_fast_assign(mp_trace_name(__entry->pool, pool);
			   __entry->pfn = page_to_pfn(page);
			   __entry->nid = page_to_nid(page);
			   __entry->result = mp_trace_result(event);),
	    TP_printk("pool=%s pfn=%lu nid=%d result=%s", __entry->pool,
		      __entry->pfn, __entry->nid,
		      show_mp_result(__entry->result, "isolated")));

/*
 * The end of an attempt to move a page, good or bad.  @began: 0 if nobody
 * listened when it began.
 */
TRACE_EVENT(mp_migrate,
	    TP_PROTO(const struct movable_pool *pool, struct page *dst,
		     struct page *src, enum migrate_mode mode, bool owner,
		     enum mp_event event, u32 began),
	    TP_ARGS(pool, dst, src, mode, owner, event, began),
	    TP_STRUCT__entry(__array(char, pool, MP_TRACE_NAME)
			     __field(unsigned long, pfn)
			     __field(unsigned long, to)
			     __field(u64, ns)
			     __field(int, mode)
			     __field(int, owner)
			     __field(int, result)),
	    TP_fast_assign(mp_trace_name(__entry->pool, pool);
			   __entry->pfn = page_to_pfn(src);
			   __entry->to = page_to_pfn(dst);
			   __entry->ns = mp_trace_since(began);
			   __entry->mode = mode;
			   __entry->owner = owner;
			   __entry->result = mp_trace_result(event);),
	    TP_printk("pool=%s pfn=%lu to=%lu mode=%s by=%s result=%s ns=%llu",
		      __entry->pool, __entry->pfn, __entry->to,
		      show_mp_mode(__entry->mode),
		      __entry->owner ? "owner" : "vm",
		      show_mp_result(__entry->result, "moved"),
		      __entry->ns));

/* A page has a new frame, which its handle does not name yet. */
TRACE_EVENT(mp_moved,
	    TP_PROTO(const struct movable_pool *pool, struct page *dst,
		     struct page *src),
	    TP_ARGS(pool, dst, src),
	    TP_STRUCT__entry(__array(char, pool, MP_TRACE_NAME)
			     __field(unsigned long, old_pfn)
			     __field(unsigned long, new_pfn)
			     __field(int, old_nid)
			     __field(int, new_nid)),
	    TP_fast_assign(mp_trace_name(__entry->pool, pool);
			   __entry->old_pfn = page_to_pfn(src);
			   __entry->new_pfn = page_to_pfn(dst);
			   __entry->old_nid = page_to_nid(src);
			   __entry->new_nid = page_to_nid(dst);),
	    TP_printk("pool=%s old_pfn=%lu new_pfn=%lu old_nid=%d new_nid=%d",
		      __entry->pool, __entry->old_pfn, __entry->new_pfn,
		      __entry->old_nid, __entry->new_nid));

/* A page is wanted in place for long; @err: 0 if it is pinned so now. */
TRACE_EVENT(mp_pin_longterm,
	    TP_PROTO(const struct movable_pool *pool, struct movable_page *mp,
		     void *caller, int err),
	    TP_ARGS(pool, mp, caller, err),
	    TP_STRUCT__entry(__array(char, pool, MP_TRACE_NAME)
			     __field(unsigned long, pfn)
			     __field(void *, caller)
			     __field(int, err)),
	    TP_fast_assign(mp_trace_name(__entry->pool, pool);
			   __entry->pfn = movable_page_pfn(mp);
			   __entry->caller = caller;
			   __entry->err = err;),
	    TP_printk("pool=%s pfn=%lu caller=%ps err=%d", __entry->pool,
		      __entry->pfn, __entry->caller, __entry->err));

/* And is not any more. */
TRACE_EVENT(mp_unpin_longterm,
	    TP_PROTO(const struct movable_pool *pool, struct movable_page *mp,
		     void *caller, unsigned long since),
	    TP_ARGS(pool, mp, caller, since),
	    TP_STRUCT__entry(__array(char, pool, MP_TRACE_NAME)
			     __field(unsigned long, pfn)
			     __field(void *, caller)
			     __field(unsigned int, ms)),
	    TP_fast_assign(mp_trace_name(__entry->pool, pool);
			   __entry->pfn = movable_page_pfn(mp);
			   __entry->caller = caller;
			   __entry->ms = jiffies_to_msecs(jiffies - since);),
	    TP_printk("pool=%s pfn=%lu caller=%ps ms=%u", __entry->pool,
		      __entry->pfn, __entry->caller, __entry->ms));

#ifndef TRACE_HEADER_MULTI_READ
static inline void mp_trace_name(char *name, const struct movable_pool *pool)
{
	strscpy_pad(name, pool->name, MP_TRACE_NAME);
}

/*
 * For the time that a move takes: in 16 ns, never 0, and back at the beginning
 * after 68 s.  So small it fits in a hole of struct mp_move, which is filled
 * with zeroes anyway where CONFIG_INIT_STACK_ALL_ZERO is set, as is usual.
 */
static inline u32 mp_trace_clock(void)
{
	return (u32)(ktime_get_ns() >> MP_TRACE_CLOCK_SHIFT) ?: 1;
}

/* Return: ns since @began, 0 if nobody listened then. */
static inline u64 mp_trace_since(u32 began)
{
	u32 now = mp_trace_clock();

	return began ? (u64)(now - began) << MP_TRACE_CLOCK_SHIFT : 0;
}

static inline int mp_trace_result(enum mp_event event)
{
	switch (event) {
	case MP_REFUSED_PINNED:
		return MP_TRACE_REFUSED_PINNED;
	case MP_REFUSED_REFERENCED:
		return MP_TRACE_REFUSED_REFERENCED;
	case MP_REFUSED_DRIVER:
		return MP_TRACE_REFUSED_DRIVER;
	case MP_FAILED_DRIVER:
		return MP_TRACE_FAILED_DRIVER;
	case MP_REFUSED_UNREADY:
		return MP_TRACE_REFUSED_UNREADY;
	case MP_REFUSED_TARGET:
		return MP_TRACE_REFUSED_TARGET;
	default:
		return MP_TRACE_DONE;
	}
}
#endif /* TRACE_HEADER_MULTI_READ */

#endif /* _MOVABLE_POOL_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
