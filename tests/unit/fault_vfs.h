/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* The operating system as SQLite sees it, counted and made to fail.  Once
   installed it serves every connection opened afterwards. */

typedef enum FaultFile {
	FAULT_DATABASE,
	FAULT_WAL,
	FAULT_OTHER,
} FaultFile;
#define FAULT_FILES (FAULT_OTHER + 1)

typedef struct FaultVfs {
	unsigned syncs[FAULT_FILES]; /* that succeeded */
	unsigned writes[FAULT_FILES];
	unsigned open[FAULT_FILES]; /* files open now */
	/* The n-th sync or write of the file from now on fails; 0 none. */
	unsigned fail_sync[FAULT_FILES];
	unsigned fail_write; /* of any file */
	int write_code;      /* what it then returns: SQLITE_FULL... */
	int os_error;        /* the errno behind it */
} FaultVfs;

extern FaultVfs fault_vfs;

void fault_vfs_install(void);
void fault_vfs_reset(void);
