/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lines.h"

#include <string.h>

static const char *find(const char *from, const char *end, char c)
{
	const char *at = memchr(from, c, (size_t)(end - from));

	return at != NULL ? at : end;
}

Lines lines_of(const char *text, size_t len)
{
	/* no octets at all may be NULL */
	const char *start = len > 0 ? text : "";
	const char *end = start + len;

	return (Lines){
		.p = start,
		.end = end,
		.lf = find(start, end, '\n'),
		.cr_stop = start,
	};
}

/* Behind the line's end, which is at P.  A run of CRs is measured once, however
   many lines it is the end of. */
static const char *skip_end(Lines *lines, const char *p)
{
	if (p == lines->end)
		return p;
	if (lines->cr_stop < p)
		lines->cr_stop = p;
	while (lines->cr_stop < lines->end && *lines->cr_stop == '\r')
		lines->cr_stop++;
	if (lines->cr_stop < lines->end && *lines->cr_stop == '\n')
		return lines->cr_stop + 1;
	return p + 1; /* bare CRs: each ends a line */
}

bool lines_next(Lines *lines, const char **ret_line, size_t *ret_len)
{
	const char *stop;

	if (lines->p == lines->end)
		return false;
	if (lines->lf < lines->p)
		lines->lf = find(lines->p, lines->end, '\n');
	stop = find(lines->p, lines->lf, '\r');
	*ret_line = lines->p;
	*ret_len = (size_t)(stop - lines->p);
	lines->p = skip_end(lines, stop);
	return true;
}
