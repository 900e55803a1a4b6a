/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VERPD_STATUS_H
#define VERPD_STATUS_H

#include <verpd/verdict.h> /* VP_API */

#ifdef __cplusplus
extern "C" {
#endif

/* What a call came to. */
enum vp_status {
	VP_STATUS_OK,
	VP_STATUS_SYNTAX,    /* what was given cannot be read or written */
	VP_STATUS_LIMIT,     /* it is too long or out of range */
	VP_STATUS_CONFIG,    /* a keys file, pattern or rule is wrong */
	VP_STATUS_NOT_FOUND, /* there is no such file */
	VP_STATUS_TEMPORARY, /* the system failed; try again */
	VP_STATUS_UNPROVEN,  /* an address that is no token of ours */
	VP_STATUS_EXPIRED,   /* a token of ours that is too old */
};
#define VP_STATUS_COUNT (VP_STATUS_EXPIRED + 1)

/* One short sentence.  Never NULL, also for values out of range; static. */
VP_API const char *vp_status_text(enum vp_status status);

/* What was wrong, more precisely: "keys:3: not base64".  Calls that take one
   write it when they fail, and only then.  Cut to fit; never a key's text. */
#define VP_ERROR_SIZE 512
struct vp_error {
	char text[VP_ERROR_SIZE];
};

#ifdef __cplusplus
}
#endif

#endif
