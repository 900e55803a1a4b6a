/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

/* Every parameter of verpd.conf(5), one row each: reading, checking, printing,
   the sample file and the manual page's check go by these rows. */

typedef enum SettingType {
	SETTING_STRING,   /* char * */
	SETTING_LIST,     /* char **, never NULL */
	SETTING_INTEGER,  /* unsigned */
	SETTING_MODE,     /* unsigned, octal */
	SETTING_DURATION, /* int64_t, seconds */
	SETTING_SIZE,     /* uint64_t, octets */
	SETTING_BOOL,     /* bool */
	SETTING_FRACTION, /* double, 0 to 1 */
	SETTING_LADDER,   /* Ladder; a maximum forbids "forever" */
} SettingType;

typedef struct Setting {
	const char *section; /* "", "policy", "breaker", "stream",
				"pattern", or one of
				those below */
	const char *name;
	SettingType type;
	size_t offset;        /* in the struct that the section is */
	const char *fallback; /* the default as it would be written, items of
			       a list set apart by blanks; NULL: made in code */
	int64_t min;          /* of numbers; 0 to 0 is any */
	int64_t max;
	/* Whether VALUE (one item of a list) will do; NULL takes all. */
	bool (*check)(const char *value, GError **error);
	const char *doc; /* one line */
} Setting;

/* Sections of one word that bear a name or not are two sorts. */
#define SECTION_POLICY_RULE "policy \"name\""

extern const Setting settings_table[];
extern const unsigned settings_table_len;

/* Whether it may have several values, or none. */
static inline bool setting_is_list(const Setting *row)
{
	return row->type == SETTING_LIST || row->type == SETTING_LADDER;
}

/* The row, or NULL. */
const Setting *setting_find(const char *section, const char *name);

/* VP_ERROR_SYNTAX: "VALUE" is not WHAT; always false. */
bool setting_refuse(GError **error, const char *value, const char *what);

/* Sets the field of BASE, the struct that the row's section is, from VALUES
   (one, unless it is a list).  VP_ERROR_SYNTAX says what is wrong, without
   the name. */
bool setting_set(const Setting *row, void *base, const char *const *values,
    unsigned n_values, GError **error);
/* The default into BASE; nothing for a row without one. */
void setting_set_fallback(const Setting *row, void *base);
/* The value as verpd.conf would have it; g_free() it. */
char *setting_format(const Setting *row, const void *base);
/* The value of a numeric row. */
int64_t setting_number(const Setting *row, const void *base);
