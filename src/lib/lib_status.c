/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Our errors as the callers of the library see them. */

#include "lib_private.h"

#include "errors.h"
#include "text.h"

#include <string.h>

const char *vp_status_text(enum vp_status status)
{
	static const char *const texts[VP_STATUS_COUNT] = {
		[VP_STATUS_OK] = "success",
		[VP_STATUS_SYNTAX] = "it cannot be read or written",
		[VP_STATUS_LIMIT] = "too long or out of range",
		[VP_STATUS_CONFIG] = "a file or a setting is wrong",
		[VP_STATUS_NOT_FOUND] = "no such file or directory",
		[VP_STATUS_TEMPORARY] = "the system failed; try again",
		[VP_STATUS_UNPROVEN] = "not a token of ours",
		[VP_STATUS_EXPIRED] = "a token that has expired",
	};

	return (unsigned)status < VP_STATUS_COUNT ? texts[status]
						  : "unknown status";
}

static enum vp_status status_of(const GError *error)
{
	if (error->domain != VP_ERROR)
		return VP_STATUS_TEMPORARY;
	switch ((VpError)error->code) {
	case VP_ERROR_SYNTAX:
		return VP_STATUS_SYNTAX;
	case VP_ERROR_LIMIT:
		return VP_STATUS_LIMIT;
	case VP_ERROR_CONFIG:
		return VP_STATUS_CONFIG;
	case VP_ERROR_NOT_FOUND:
		return VP_STATUS_NOT_FOUND;
	case VP_ERROR_TEMPORARY:
	case VP_ERROR_FULL:
	case VP_ERROR_FATAL:
		break;
	}
	return VP_STATUS_TEMPORARY;
}

enum vp_status lib_fail(GError **wrong, struct vp_error *ret_error)
{
	enum vp_status status = status_of(*wrong);

	if (ret_error != NULL) {
		g_autofree char *text = text_printable((*wrong)->message,
		    strlen((*wrong)->message), VP_ERROR_SIZE - 1);

		g_strlcpy(ret_error->text, text, VP_ERROR_SIZE);
	}
	g_clear_error(wrong);
	return status;
}
