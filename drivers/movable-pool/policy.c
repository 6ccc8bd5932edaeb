// SPDX-License-Identifier: GPL-2.0
/*
 * Where the pages of a pool may be: struct movable_policy.
 *
 * The VM picks destinations by rules of its own and knows none of a pool's:
 * compaction stays in the zone, unplug, CMA and soft offline take any node and
 * zone.  What it offers is looked at when it is offered; what is allocated here
 * is right from the start.
 */

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/movable_pool.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/topology.h>

#include "fault.h"
#include "internal.h"

#define MP_GFP_ZONES	(__GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM)

static bool mp_policy_zone_valid(gfp_t zone)
{
	return !zone || zone == __GFP_DMA || zone == __GFP_DMA32;
}

/* Memory of a node may come and go; one that has none now is an oversight. */
static bool mp_policy_nodes_valid(const nodemask_t *nodes)
{
	return nodes_empty(*nodes) ||
	       nodes_intersects(*nodes, node_states[N_MEMORY]);
}

/**
 * mp_policy_valid() - can there be pages that follow the policy?
 * @attr: of a new pool
 *
 * Context: Any.
 * Return: whether; if not, it has been said.
 */
bool mp_policy_valid(const struct movable_pool_attr *attr)
{
	const struct movable_policy *policy = attr->policy;

	if (!policy)
		return true;
	if (attr->flags & MOVABLE_POOL_BALLOON) {
		pr_err_ratelimited("%s: a balloon takes pages from anywhere, it has no policy\n",
				   attr->name);
		return false;
	}
	if (mp_policy_zone_valid(policy->zone) &&
	    mp_policy_nodes_valid(&policy->nodes) &&
	    (!policy->dma_mask || policy->dma_mask >= PAGE_SIZE - 1))
		return true;
	pr_err_ratelimited("%s: no page can follow the policy: nodes %*pbl, DMA mask %#llx, zone %#x\n",
			   attr->name, nodemask_pr_args(&policy->nodes),
			   policy->dma_mask,
			   (__force unsigned int)policy->zone);
	return false;
}

/* Is there anything it forbids? */
bool mp_policy_restricts(const struct movable_policy *policy)
{
	return policy->zone || policy->dma_mask || !nodes_empty(policy->nodes);
}

static bool mp_policy_allows_node(const struct movable_policy *policy, int nid)
{
	return nodes_empty(policy->nodes) || node_isset(nid, policy->nodes);
}

static bool mp_policy_allows_address(const struct movable_policy *policy,
				     struct page *page)
{
	u64 last = (u64)PFN_PHYS(page_to_pfn(page)) + PAGE_SIZE - 1;

	return !policy->dma_mask || last <= policy->dma_mask;
}

static bool mp_policy_allows_zone(const struct movable_policy *policy,
				  struct page *page)
{
	return !policy->zone || page_zonenum(page) <= gfp_zone(policy->zone);
}

/**
 * mp_policy_allows_page() - mp_policy_allows() where there is a policy
 * @pool: the pool
 * @page: any page that does not go away meanwhile
 *
 * Context: Any.
 */
bool mp_policy_allows_page(const struct movable_pool *pool, struct page *page)
{
	const struct movable_policy *policy = &pool->policy;

	return mp_policy_allows_node(policy, page_to_nid(page)) &&
	       mp_policy_allows_address(policy, page) &&
	       mp_policy_allows_zone(policy, page);
}

static struct page *mp_policy_get(const struct movable_pool *pool, int nid,
				  gfp_t gfp)
{
	struct page *page;

	if (mp_fail(MP_FAIL_ALLOC_PAGE))
		return NULL;
	/* Without a node, where the task's own memory would come from. */
	page = nid == NUMA_NO_NODE ? alloc_page(gfp) :
				     alloc_pages_node(nid, gfp, 0);
	if (!page || mp_policy_allows(pool, page))
		return page;
	__free_page(page);
	return NULL;
}

/*
 * No zone ends at most devices' masks.  As dma_direct_alloc() does: what the
 * policy's zone gives is tried first, then lower ones, which are small.
 */
static struct page *mp_policy_get_low(const struct movable_pool *pool, int nid,
				      gfp_t gfp)
{
	const gfp_t lower[] = { __GFP_DMA32, __GFP_DMA };
	gfp_t zone = pool->policy.zone;
	struct page *page;
	int i;

	if (zone)
		gfp = (gfp & ~MP_GFP_ZONES) | zone;
	page = mp_policy_get(pool, nid, gfp);
	if (!pool->policy.dma_mask)
		return page;
	for (i = 0; i < ARRAY_SIZE(lower) && !page; i++)
		if (zone != __GFP_DMA && zone != lower[i])
			page = mp_policy_get(pool, nid,
					     (gfp & ~MP_GFP_ZONES) | lower[i]);
	return page;
}

/* One allowed node after the other, in a circle; @nid is one of them. */
static struct page *mp_policy_get_round(const struct movable_pool *pool,
					int nid, gfp_t gfp)
{
	const nodemask_t *nodes = &pool->policy.nodes;
	struct page *page = NULL;
	int i;

	for (i = nodes_weight(*nodes); i-- && !page;
	     nid = next_node_in(nid, *nodes))
		if (node_state(nid, N_MEMORY))
			page = mp_policy_get_low(pool, nid,
						 gfp | __GFP_THISNODE);
	return page;
}

/*
 * As the page allocator does, but not on to nodes that are not allowed: what
 * any of them has free comes before reclaim.
 */
static struct page *mp_policy_get_near(const struct movable_pool *pool,
				       int nid, gfp_t gfp)
{
	const nodemask_t *nodes = &pool->policy.nodes;
	struct page *page;

	if (nodes_empty(*nodes))
		return mp_policy_get_low(pool, nid, gfp);
	if (nid == NUMA_NO_NODE)
		nid = numa_mem_id();
	if (!node_isset(nid, *nodes))
		nid = next_node_in(nid, *nodes);
	page = mp_policy_get_round(pool, nid, gfp & ~__GFP_DIRECT_RECLAIM);
	if (!page && gfpflags_allow_blocking(gfp))
		page = mp_policy_get_round(pool, nid, gfp);
	return page;
}

/**
 * mp_policy_alloc() - a new page where the pool may have one
 * @pool: the pool
 * @nid: of this node, if that has one; NUMA_NO_NODE: of any
 * @gfp: as for alloc_page(); with __GFP_THISNODE of @nid only
 *
 * Nothing is said in the log when there is none.
 *
 * Context: As @gfp says.
 * Return: the page, or NULL.
 */
struct page *mp_policy_alloc(const struct movable_pool *pool, int nid,
			     gfp_t gfp)
{
	gfp |= __GFP_NOWARN;
	if (gfp & __GFP_THISNODE)
		return mp_policy_get_low(pool, nid, gfp);
	return mp_policy_get_near(pool, nid, gfp);
}
