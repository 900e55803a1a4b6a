/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <gmime/gmime.h>

/* What a header says of what stands below it (RFC 2045, RFC 2183). */
typedef struct Content {
	char *type;                  /* its field as it came, or NULL */
	GMimeContentType *type_read; /* where that is not of the plain form */
	GMimeContentEncoding encoding;
	bool is_attachment;
} Content;

/* HEADER's lines end in LF; other damage makes less of it. */
void content_read(const char *header, size_t len, Content *ret_content);
void content_clear(Content *content);

/* "text/plain", in lower case, or FALLBACK; g_free() it. */
char *content_type(const Content *content, const char *fallback);
/* A parameter of its type; "" when there is none such.  g_free() it. */
char *content_parameter(const Content *content, const char *name);

/* LEN octets without their transfer encoding, or NULL when they need no
   decoding.  A broken encoding gives what it can.  g_byte_array_unref() it. */
GByteArray *content_decode(const Content *content, const char *octets,
    size_t len);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Content, content_clear)
