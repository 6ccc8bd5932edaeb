/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_MP_BOOT_H
#define _SELFTESTS_MP_BOOT_H

/*
 * Suspend to disk on the bench's machines.  The serial number of the disk says
 * which of them this is, and is asked of the device at each read: it does not
 * come from the image.
 */

#include "mp_file.h"

/* "boot-1" or "boot-2"; empty on a machine that is not the bench's. */
static inline const char *mp_boot(void)
{
	static char serial[32];

	mp_read_file("/sys/block/vda/serial", serial, sizeof(serial));
	return serial;
}

/* Return: 0 on the other machine. */
static inline int mp_power_off_and_resume(void)
{
	return mp_write_file("/sys/power/disk", "shutdown") ?:
	       mp_write_file("/sys/power/state", "disk");
}

#endif /* _SELFTESTS_MP_BOOT_H */
