/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _MOVABLE_POOL_COMPAT_BALLOON_H
#define _MOVABLE_POOL_COMPAT_BALLOON_H

/*
 * What a kernel's own balloon drivers would count, and show to others, for each
 * page.  Its balloon infrastructure does so itself, where that is used
 * (balloon_kernel.c).
 */

#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/vmstat.h>

/* CONFIG_MEMORY_BALLOON is CONFIG_BALLOON since 7.0 */
#if defined(CONFIG_MEMORY_BALLOON) || defined(CONFIG_BALLOON)
#define MP_HAVE_BALLOON_EVENTS
#endif
#if defined(CONFIG_BALLOON_COMPACTION) || defined(CONFIG_BALLOON_MIGRATION)
#define MP_HAVE_BALLOON_MIGRATE_EVENT
#endif

static inline void mp_compat_balloon_inflated(unsigned int n)
{
#ifdef MP_HAVE_BALLOON_EVENTS
	count_vm_events(BALLOON_INFLATE, n);
#endif
}

static inline void mp_compat_balloon_deflated(unsigned int n)
{
#ifdef MP_HAVE_BALLOON_EVENTS
	count_vm_events(BALLOON_DEFLATE, n);
#endif
}

static inline void mp_compat_balloon_migrated(void)
{
#ifdef MP_HAVE_BALLOON_MIGRATE_EVENT
	count_vm_event(BALLOON_MIGRATE);
#endif
}

/* The node's count of such pages. */
static inline void mp_compat_balloon_in(struct page *page)
{
#ifdef MP_HAVE_NR_BALLOON_PAGES			/* since 6.16 */
	inc_node_page_state(page, NR_BALLOON_PAGES);
#endif
}

static inline void mp_compat_balloon_out(struct page *page)
{
#ifdef MP_HAVE_NR_BALLOON_PAGES
	dec_node_page_state(page, NR_BALLOON_PAGES);
#endif
}

/* Not to be read by dumps, hibernation, /proc/kcore. */
static inline void mp_compat_set_offline(struct page *page)
{
	__SetPageOffline(page);
}

static inline void mp_compat_clear_offline(struct page *page)
{
	__ClearPageOffline(page);
}

#endif /* _MOVABLE_POOL_COMPAT_BALLOON_H */
