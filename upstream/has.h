/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What drivers/movable-pool/compat/probe and its like would find in the kernel
 * that the series is for.  unifdef reads this.  A name that is missing here
 * stops the generator, unless [names] of series.ini makes it an option of the
 * kernel's configuration.
 */
#define MP_HAVE_CACHE_FOLIO 1
#define MP_HAVE_CONTIG_FLAGS 1
#define MP_HAVE_ERROR_REMOVE_FOLIO 1
#define MP_HAVE_FOLIO_BATCH 1
#define MP_HAVE_FOLIO_INDEX 1
#define MP_HAVE_FOLIO_LOCK_KILLABLE 1
#define MP_HAVE_FOLIO_MAPPED 1
#define MP_HAVE_FOLIO_MC_COPY 1
#define MP_HAVE_MEMSET_PAGE 1
#define MP_HAVE_NONLRU_TYPED 1
#define MP_HAVE_NR_BALLOON_PAGES 1
#define MP_HAVE_PAGE_MEMCG_CHECK 1
#define MP_HAVE_PAGE_TYPE 1
#define MP_HAVE_PAGES_BULK 1
#define MP_HAVE_PERMISSION_IDMAP 1
#define MP_HAVE_RECLAIMED_PAGES 1
#define MP_HAVE_REPLACE_FOLIO 1
#define MP_HAVE_SG_SEGMENT 1
#define MP_HAVE_SHRINKER_ALLOC 1
#define MP_HAVE_WQ_PERCPU 1

#undef MP_HAVE_NONLRU_UNMARK
#undef MP_HAVE_PAGES_BULK_ARRAY
#undef MP_HAVE_PAGEVEC_RELEASE
#undef MP_HAVE_PERMISSION_USERNS
#undef MP_HAVE_SHRINKER_NAME
