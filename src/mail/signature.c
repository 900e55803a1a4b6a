/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A signature, and the legal notes below it, speaks of addresses that are no
   longer in use and of people unknown, and means nobody. */

#include "signature.h"

#include "divider.h"

#include <string.h>

void signature_blank(const WordBook *book, char *text)
{
	static const char mark[] = "\n-- \n";
	char *begin = strstr(text, mark);
	const char *end, *returned;

	/* above it must be something said */
	if (begin == NULL || strspn(text, " \t\n") >= (size_t)(begin - text))
		return;
	end = divider_find(book, begin + strlen(mark), &returned);
	for (; begin < end; begin++)
		if (*begin != '\n')
			*begin = ' ';
}
