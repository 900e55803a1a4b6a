/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#define VP_ERROR (vp_error_quark())

/* A caller asks one thing of an error: is there any use in trying again? */
typedef enum VpError {
	VP_ERROR_TEMPORARY, /* our own failure: 451, exit 75 */
	VP_ERROR_FULL,      /* no room on the disk: 452, exit 75 */
	VP_ERROR_SYNTAX,    /* what was given cannot be read */
	VP_ERROR_LIMIT,     /* a bound of bounds.h was reached */
	VP_ERROR_CONFIG,    /* an admin has to mend a file */
	VP_ERROR_NOT_FOUND, /* no such thing in the store */
	VP_ERROR_FATAL,     /* a sync failed: this process must not go on */
} VpError;

GQuark vp_error_quark(void);
