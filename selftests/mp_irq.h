/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_IRQ_H
#define _SELFTESTS_MP_IRQ_H

/* Which CPU a device's interrupts, and so its driver's work, come to. */

#include "mp_file.h"

/* Return: this line's interrupt, if it is one of @device's; or -ENOENT. */
static inline int mp_irq_of(const char *line, const char *device)
{
	int irq;

	if (!strstr(line, device) || sscanf(line, " %d:", &irq) != 1)
		return -ENOENT;
	return irq;
}

/*
 * All of @device's, to the CPUs of @mask.  Some interrupt controllers change
 * only when the next interrupt comes.  Return: 0 or an error.
 */
static inline int mp_irqs_to(const char *device, const char *mask)
{
	FILE *irqs = fopen("/proc/interrupts", "re");
	int err = irqs ? -ENOENT : -errno, irq;
	char line[512], path[64];

	while (irqs && fgets(line, sizeof(line), irqs)) {
		irq = mp_irq_of(line, device);
		if (irq < 0)
			continue;
		snprintf(path, sizeof(path), "/proc/irq/%d/smp_affinity", irq);
		err = mp_write_file(path, mask);
		if (err)
			break;
	}
	if (irqs)
		fclose(irqs);
	return err;
}

#endif /* _SELFTESTS_MP_IRQ_H */
