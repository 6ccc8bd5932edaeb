// SPDX-License-Identifier: GPL-2.0
/*
 * The device comes and goes.  Its pool has a policy: the device reaches
 * 256 MiB, so no page of it may be elsewhere, not when it is new nor after it
 * has moved.
 */

#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "edu.h"

#define EDU_VENDOR	0x1234
#define EDU_DEVICE	0x11e8

static bool anywhere;
module_param(anywhere, bool, 0444);
MODULE_PARM_DESC(anywhere, "pages may be where the device cannot reach them");

static void edu_free_pages(struct edu *edu)
{
	int i;

	for (i = 0; i < MOVABLE_EDU_PAGES; i++)
		if (movable_page_state(&edu->pages[i]) != MOVABLE_PAGE_EMPTY)
			WARN_ON(movable_page_free(&edu->pages[i]));
}

static void edu_release(struct kref *kref)
{
	struct edu *edu = container_of(kref, struct edu, kref);

	edu_free_pages(edu);
	movable_pool_destroy(edu->pool);
	kfree(edu);
}

void edu_put(struct edu *edu)
{
	kref_put(&edu->kref, edu_release);
}

static int edu_alloc_pages(struct edu *edu)
{
	int i, err = 0;

	for (i = 0; i < MOVABLE_EDU_PAGES && !err; i++) {
		err = movable_page_alloc(edu->pool, &edu->pages[i],
					 GFP_KERNEL | __GFP_ZERO);
		if (!err)
			err = movable_page_publish(&edu->pages[i]);
	}
	return err;
}

static int edu_open_pool(struct edu *edu)
{
	struct movable_policy policy = {
		.dma_mask = dma_get_mask(&edu->pdev->dev),
	};
	const struct movable_pool_attr attr = {
		.name = "edu",
		.policy = anywhere ? NULL : &policy,
	};

	edu->pool = movable_pool_create(&attr);
	return PTR_ERR_OR_ZERO(edu->pool) ?: edu_alloc_pages(edu);
}

static struct edu *edu_new(struct pci_dev *pdev)
{
	struct edu *edu = kzalloc(sizeof(*edu), GFP_KERNEL);
	int err;

	if (!edu)
		return ERR_PTR(-ENOMEM);
	kref_init(&edu->kref);
	mutex_init(&edu->lock);
	init_completion(&edu->done);
	edu->pdev = pdev;
	edu->mmio = pcim_iomap_table(pdev)[0];
	err = edu_open_pool(edu);
	if (!err)
		return edu;
	edu_put(edu);
	return ERR_PTR(err);
}

static int edu_enable(struct pci_dev *pdev)
{
	int err = pcim_enable_device(pdev) ?:
		  pcim_iomap_regions(pdev, BIT(0), "movable_edu") ?:
		  dma_set_mask_and_coherent(&pdev->dev,
					    DMA_BIT_MASK(EDU_MASK_BITS));

	if (err)
		return err;
	pci_set_master(pdev);
	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);
	return err < 0 ? err : 0;
}

static int edu_start_up(struct pci_dev *pdev, struct edu *edu)
{
	int err = request_irq(pci_irq_vector(pdev, 0), edu_interrupt,
			      IRQF_SHARED, "movable_edu", edu);

	if (err)
		return err;
	err = edu_device_add(edu);
	if (err)
		free_irq(pci_irq_vector(pdev, 0), edu);
	return err;
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int err = edu_enable(pdev);
	struct edu *edu;

	if (err)
		return err;
	edu = edu_new(pdev);
	err = PTR_ERR_OR_ZERO(edu);
	if (err)
		goto vectors;
	err = edu_start_up(pdev, edu);
	if (err)
		goto put;
	pci_set_drvdata(pdev, edu);
	return 0;
put:
	edu_put(edu);
vectors:
	pci_free_irq_vectors(pdev);
	return err;
}

/* Open files keep the pages, but nothing that is the device's. */
static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	edu_device_remove(edu);
	edu_transfers_end(edu);
	free_irq(pci_irq_vector(pdev, 0), edu);
	pci_free_irq_vectors(pdev);
	edu_put(edu);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(EDU_VENDOR, EDU_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = "movable_edu",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("DMA to pages that move, with QEMU's edu device");
MODULE_LICENSE("GPL");
MOVABLE_POOL_IMPORT();
