// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that a device reads and writes: pinned for the time of a transfer.
 */

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/movable_dma.h>
#include <linux/pfn.h>

#include "fault.h"
#include "internal.h"

/* Why there is no mapping: out of the device's reach, or out of resources? */
static int mp_dma_error(struct device *dev, struct page *page)
{
	u64 last = (u64)PFN_PHYS(page_to_pfn(page)) + PAGE_SIZE - 1;

	return last > dma_get_mask(dev) ? -ERANGE : -EIO;
}

static int mp_dma_map(struct device *dev, struct page *page,
		      enum dma_data_direction dir, dma_addr_t *addr)
{
	if (mp_fail(MP_FAIL_DMA_MAP))
		return -EIO;
	*addr = dma_map_page(dev, page, 0, PAGE_SIZE, dir);
	return dma_mapping_error(dev, *addr) ? mp_dma_error(dev, page) : 0;
}

/**
 * movable_page_dma_map() - hold a page for a device to read or write
 * @mp: handle with a page
 * @dev: the device, with its DMA mask set
 * @dir: who will write to it
 * @addr: set to the address for the device
 *
 * The page is pinned, and does not move, until movable_page_dma_unmap().
 *
 * Context: May sleep.  Not in a driver op, nor under a lock that one takes.
 * Return: 0; with the page not pinned: -ERANGE if the device cannot reach it
 * and nothing stands between (a pool's policy can see to that); -EIO if it
 * could not be mapped for another reason; otherwise as movable_page_pin().
 */
int movable_page_dma_map(struct movable_page *mp, struct device *dev,
			 enum dma_data_direction dir, dma_addr_t *addr)
{
	int err = movable_page_pin(mp);

	if (err)
		return err;
	err = mp_dma_map(dev, movable_page_page(mp), dir, addr);
	if (err)
		movable_page_unpin(mp);
	return err;
}
EXPORT_SYMBOL_GPL(movable_page_dma_map);

/**
 * movable_page_dma_unmap() - the transfer is over
 * @mp: as movable_page_dma_map()
 * @dev: as movable_page_dma_map()
 * @dir: as movable_page_dma_map()
 * @addr: what it set
 *
 * What the device has written can be read from now on, and the page moves.
 *
 * Context: Any but NMI, as dma_unmap_page(): there may be a bounce buffer.
 */
void movable_page_dma_unmap(struct movable_page *mp, struct device *dev,
			    enum dma_data_direction dir, dma_addr_t addr)
{
	dma_unmap_page(dev, addr, PAGE_SIZE, dir);
	movable_page_unpin(mp);
}
EXPORT_SYMBOL_GPL(movable_page_dma_unmap);
