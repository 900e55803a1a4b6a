/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "list_reader.h"
#include "policy.h"

/* What a record of somebody's list says: whom not to mail, why, since when.
   Lists of services are known by the names of their columns or members. */

typedef enum ListService {
	SERVICE_ANY, /* none that is known: columns by their plain names */
	SERVICE_VERPD,
	SERVICE_SES,
	SERVICE_SENDGRID,
	SERVICE_MAILGUN,
	SERVICE_POSTMARK,
	SERVICE_MAILCHIMP,
	SERVICE_LISTMONK,
} ListService;
#define SERVICE_COUNT (SERVICE_LISTMONK + 1)

const char *list_service_name(ListService service); /* "ses"; "" for ANY */
int list_service_from_name(const char *name);       /* -1: there is none such */

typedef enum ListFate {
	FATE_HOLD,   /* suppressed, says the list */
	FATE_SOFT,   /* for what passes: soft bounces, blocks */
	FATE_ACTIVE, /* not suppressed at all */
	FATE_OVER,   /* was, and is over */
	FATE_WRONG,  /* cannot be told: see WRONG */
} ListFate;

typedef struct ListEntry {
	ListFate fate;
	const char *wrong;   /* FATE_WRONG: why */
	const char *address; /* as written; lent by the reader of entries */
	size_t address_len;
	int cause;          /* Cause, or -1: the list does not say */
	const char *stream; /* of our own lists; else NULL */
	int64_t since;      /* 0: it does not say */
	int64_t until;
	const char *note;
} ListEntry;

typedef struct ListEntries ListEntries;

/* SERVICE (SERVICE_ANY: found out) wrote the list.  FILE's name is a hint what
   is in it where the list does not say, or "". */
ListEntries *list_entries_new(ListService service, const char *file);
void list_entries_free(ListEntries *entries);

/* What RECORD says at NOW; lent until the next call.  Neither blank nor names
   nor wrong. */
ListEntry list_entries_read(ListEntries *entries, const ListRecord *record,
    int64_t now);
/* Of the records so far: whose list it is. */
ListService list_entries_service(const ListEntries *entries);

/* The address in LEN octets of a list, "ana@example.org" or "Ana
   <ana@example.org>": folded, and as it is written (may be NULL).  It is UTF-8,
   for what else it might be in can only be guessed.  VP_ERROR_SYNTAX or
   VP_ERROR_LIMIT. */
char *list_address_fold(const char *value, size_t len, char **ret_written,
    GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ListEntries, list_entries_free)
