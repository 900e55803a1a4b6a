/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A VFS that passes everything on to SQLite's own, counting syncs and writes
   and failing those it was asked to (see sqlite3_vfs in sqlite3.h). */

#include "fault_vfs.h"

#include <string.h>

#include <glib.h>
#include <sqlite3.h>

FaultVfs fault_vfs;

typedef struct File {
	sqlite3_file base;
	FaultFile kind;
	sqlite3_file *real; /* in the memory behind this struct */
} File;

static sqlite3_vfs *real_vfs;

static sqlite3_file *real_of(sqlite3_file *file)
{
	return ((File *)file)->real;
}

/* Counts down *COUNT; true when it just came to nothing. */
static bool is_due(unsigned *count)
{
	return *count > 0 && --*count == 0;
}

static int file_close(sqlite3_file *file)
{
	File *self = (File *)file;
	int rc = self->real->pMethods->xClose(self->real);

	fault_vfs.open[self->kind]--;
	return rc;
}

static int file_read(sqlite3_file *file, void *to, int len, sqlite3_int64 at)
{
	return real_of(file)->pMethods->xRead(real_of(file), to, len, at);
}

static int file_write(sqlite3_file *file, const void *from, int len,
    sqlite3_int64 at)
{
	if (is_due(&fault_vfs.fail_write))
		return fault_vfs.write_code;
	fault_vfs.writes[((File *)file)->kind]++;
	return real_of(file)->pMethods->xWrite(real_of(file), from, len, at);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
	FaultFile kind = ((File *)file)->kind;

	if (is_due(&fault_vfs.fail_sync[kind]))
		return SQLITE_IOERR_FSYNC;
	fault_vfs.syncs[kind]++;
	return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	return real_of(file)->pMethods->xFileSize(real_of(file), ret_size);
}

static int file_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_reserved(sqlite3_file *file, int *ret_reserved)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file),
	    ret_reserved);
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
	if (op == SQLITE_FCNTL_LAST_ERRNO && fault_vfs.os_error != 0) {
		*(int *)arg = fault_vfs.os_error;
		return SQLITE_OK;
	}
	return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int file_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_device(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int file_shm_map(sqlite3_file *file, int region, int size, int extend,
    void volatile **ret_map)
{
	return real_of(file)->pMethods->xShmMap(real_of(file), region, size,
	    extend, ret_map);
}

static int file_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	return real_of(file)->pMethods->xShmLock(real_of(file), offset, n,
	    flags);
}

static void file_shm_barrier(sqlite3_file *file)
{
	real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int file_shm_unmap(sqlite3_file *file, int do_delete)
{
	return real_of(file)->pMethods->xShmUnmap(real_of(file), do_delete);
}

/* Version 2: no memory-mapped pages, which no write would be seen of. */
static const sqlite3_io_methods file_methods = {
	.iVersion = 2,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_reserved,
	.xFileControl = file_control,
	.xSectorSize = file_sector,
	.xDeviceCharacteristics = file_device,
	.xShmMap = file_shm_map,
	.xShmLock = file_shm_lock,
	.xShmBarrier = file_shm_barrier,
	.xShmUnmap = file_shm_unmap,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
    int flags, int *ret_flags)
{
	File *self = (File *)file;
	int rc;

	self->real = (sqlite3_file *)(self + 1);
	self->kind = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? FAULT_DATABASE
		     : (flags & SQLITE_OPEN_WAL) != 0   ? FAULT_WAL
							: FAULT_OTHER;
	rc = real_vfs->xOpen(real_vfs, name, self->real, flags, ret_flags);
	self->base.pMethods = rc == SQLITE_OK ? &file_methods : NULL;
	fault_vfs.open[self->kind] += rc == SQLITE_OK;
	return rc;
}

static int vfs_last_error(sqlite3_vfs *vfs, int len, char *text)
{
	return fault_vfs.os_error != 0
		   ? fault_vfs.os_error
		   : real_vfs->xGetLastError(real_vfs, len, text);
}

void fault_vfs_install(void)
{
	static sqlite3_vfs vfs;

	if (real_vfs != NULL)
		return;
	real_vfs = sqlite3_vfs_find(NULL);
	/* What is not ours acts on the real one's own data. */
	vfs = *real_vfs;
	vfs.zName = "fault";
	vfs.pNext = NULL;
	vfs.szOsFile = (int)sizeof(File) + real_vfs->szOsFile;
	vfs.xOpen = vfs_open;
	vfs.xGetLastError = vfs_last_error;
	g_assert(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

void fault_vfs_reset(void)
{
	unsigned open[FAULT_FILES];

	memcpy(open, fault_vfs.open, sizeof(open));
	memset(&fault_vfs, 0, sizeof(fault_vfs));
	memcpy(fault_vfs.open, open, sizeof(open));
}
