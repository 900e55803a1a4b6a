/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a value of each type is read into its field, and written again. */

#include "settings_table.h"

#include "errors.h"
#include "policy.h"
#include "units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool setting_refuse(GError **error, const char *value, const char *what)
{
	g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX, "\"%s\" is not %s", value,
	    what);
	return false;
}

static bool set_string(const Setting *row, char **field, const char *value,
    GError **error)
{
	if (row->check != NULL && !row->check(value, error))
		return false;
	g_free(*field);
	*field = g_strdup(value);
	return true;
}

static bool set_list(const Setting *row, char ***field,
    const char *const *values, unsigned n_values, GError **error)
{
	char **list;

	for (unsigned i = 0; i < n_values; i++)
		if (row->check != NULL && !row->check(values[i], error))
			return false;
	list = g_new0(char *, n_values + 1);
	for (unsigned i = 0; i < n_values; i++)
		list[i] = g_strdup(values[i]);
	g_strfreev(*field);
	*field = list;
	return true;
}

static char *number_text(const Setting *row, int64_t number)
{
	switch (row->type) {
	case SETTING_DURATION:
		return duration_format(number);
	case SETTING_SIZE:
		return size_format(number);
	case SETTING_MODE:
		return g_strdup_printf("0%03o", (unsigned)number);
	case SETTING_INTEGER:
		return g_strdup_printf("%" G_GINT64_FORMAT, number);
	case SETTING_STRING:
	case SETTING_LIST:
	case SETTING_BOOL:
	case SETTING_FRACTION:
	case SETTING_LADDER:
		break;
	}
	g_assert_not_reached();
}

static bool integer_parse(const char *value, unsigned base, int64_t *ret_number,
    GError **error)
{
	char *end = NULL;
	int64_t number;

	errno = 0;
	number = g_ascii_strtoll(value, &end, base);
	if (!g_ascii_isdigit(value[0]) || *end != '\0' || errno != 0)
		return setting_refuse(error, value,
		    base == 8 ? "an octal mode (such as 0660)" : "a number");
	*ret_number = number;
	return true;
}

static bool number_parse(const Setting *row, const char *value,
    int64_t *ret_number, GError **error)
{
	int64_t number = 0;
	bool is_read;

	if (row->type == SETTING_DURATION)
		is_read = duration_parse(value, &number, error);
	else if (row->type == SETTING_SIZE)
		is_read = size_parse(value, &number, error);
	else
		is_read = integer_parse(value,
		    row->type == SETTING_MODE ? 8 : 10, &number, error);
	if (!is_read)
		return false;
	if (number < row->min || number > row->max) {
		g_autofree char *min = number_text(row, row->min);
		g_autofree char *max = number_text(row, row->max);

		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "%s is not between %s and %s", value, min, max);
		return false;
	}
	*ret_number = number;
	return true;
}

static bool fraction_parse(const char *value, double *ret_fraction,
    GError **error)
{
	char *end = NULL;
	double fraction = g_ascii_strtod(value, &end);

	if (!g_ascii_isdigit(value[0]) || *end != '\0' ||
	    !(fraction >= 0 && fraction <= 1))
		return setting_refuse(error, value, "a number between 0 and 1");
	*ret_fraction = fraction;
	return true;
}

static bool bool_parse(const char *value, bool *ret_bool, GError **error)
{
	static const char *const yes[] = { "true", "yes", "on", NULL };
	static const char *const no[] = { "false", "no", "off", NULL };

	if (!g_strv_contains(yes, value) && !g_strv_contains(no, value))
		return setting_refuse(error, value, "yes or no");
	*ret_bool = g_strv_contains(yes, value);
	return true;
}

/* Rungs grow, and after one that lasts for ever there is none. */
static bool ladder_parse(const Setting *row, Ladder *ladder,
    const char *const *values, unsigned n_values, GError **error)
{
	Ladder read = { .n = n_values };
	int64_t *rungs = read.rungs;

	if (n_values == 0 || n_values > POLICY_RUNGS_MAX) {
		g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
		    "1 to %d rungs, not %u", POLICY_RUNGS_MAX, n_values);
		return false;
	}
	for (unsigned i = 0; i < n_values; i++) {
		if (row->max == 0 && strcmp(values[i], "forever") == 0)
			rungs[i] = HOLD_FOREVER;
		else if (!duration_parse(values[i], &rungs[i], error))
			return false;
		if (rungs[i] == 0 || (i > 0 && rungs[i] <= rungs[i - 1]))
			return setting_refuse(error, values[i],
			    "longer than the rung before it");
		if (row->max != 0 && rungs[i] > row->max) {
			g_autofree char *max = duration_format(row->max);

			g_set_error(error, VP_ERROR, VP_ERROR_SYNTAX,
			    "\"%s\" is more than %s", values[i], max);
			return false;
		}
	}
	*ladder = read;
	return true;
}

static void *field_of(const Setting *row, void *base)
{
	return (char *)base + row->offset;
}

static const void *field_of_const(const Setting *row, const void *base)
{
	return (const char *)base + row->offset;
}

static bool set_number(const Setting *row, void *field, const char *value,
    GError **error)
{
	int64_t number;

	if (!number_parse(row, value, &number, error))
		return false;
	if (row->type == SETTING_DURATION)
		*(int64_t *)field = number;
	else if (row->type == SETTING_SIZE)
		*(uint64_t *)field = (uint64_t)number;
	else
		*(unsigned *)field = (unsigned)number;
	return true;
}

bool setting_set(const Setting *row, void *base, const char *const *values,
    unsigned n_values, GError **error)
{
	void *field = field_of(row, base);

	switch (row->type) {
	case SETTING_LIST:
		return set_list(row, field, values, n_values, error);
	case SETTING_LADDER:
		return ladder_parse(row, field, values, n_values, error);
	case SETTING_STRING:
		return set_string(row, field, values[0], error);
	case SETTING_BOOL:
		return bool_parse(values[0], field, error);
	case SETTING_FRACTION:
		return fraction_parse(values[0], field, error);
	case SETTING_INTEGER:
	case SETTING_MODE:
	case SETTING_DURATION:
	case SETTING_SIZE:
		return set_number(row, field, values[0], error);
	}
	g_assert_not_reached();
}

void setting_set_fallback(const Setting *row, void *base)
{
	g_auto(GStrv) values = NULL;
	unsigned n;
	bool is_good;

	if (row->fallback == NULL)
		return;
	if (row->type == SETTING_STRING) /* "" is a value, too */
		is_good = set_string(row, field_of(row, base), row->fallback,
		    NULL);
	else {
		values = g_strsplit(row->fallback, " ", 0);
		n = g_strv_length(values);
		is_good = setting_set(row, base, (const char *const *)values, n,
		    NULL);
	}
	g_assert(is_good);
}

int64_t setting_number(const Setting *row, const void *base)
{
	const void *field = field_of_const(row, base);

	switch (row->type) {
	case SETTING_DURATION:
		return *(const int64_t *)field;
	case SETTING_SIZE:
		return (int64_t) * (const uint64_t *)field;
	case SETTING_INTEGER:
	case SETTING_MODE:
		return *(const unsigned *)field;
	case SETTING_STRING:
	case SETTING_LIST:
	case SETTING_BOOL:
	case SETTING_FRACTION:
	case SETTING_LADDER:
		break;
	}
	g_assert_not_reached();
}

/* Between double quotes libConfuse understands a backslash and "${NAME}";
   between single ones only \' and \\. */
static void append_quoted(GString *text, const char *value)
{
	bool is_plain = strpbrk(value, "\\\"$\n") == NULL;
	char quote = is_plain ? '"' : '\'';

	g_string_append_c(text, quote);
	for (const char *p = value; *p != '\0'; p++) {
		if (!is_plain && (*p == '\'' || *p == '\\'))
			g_string_append_c(text, '\\');
		g_string_append_c(text, *p);
	}
	g_string_append_c(text, quote);
}

static void append_list(GString *text, char *const *list)
{
	g_string_append_c(text, '{');
	for (unsigned i = 0; list[i] != NULL; i++) {
		if (i > 0)
			g_string_append(text, ", ");
		append_quoted(text, list[i]);
	}
	g_string_append_c(text, '}');
}

static void append_ladder(GString *text, const Ladder *ladder)
{
	g_string_append_c(text, '{');
	for (unsigned i = 0; i < ladder->n; i++) {
		g_autofree char *rung = ladder->rungs[i] == HOLD_FOREVER
					    ? g_strdup("forever")
					    : duration_format(ladder->rungs[i]);

		g_string_append_printf(text, "%s%s", i > 0 ? ", " : "", rung);
	}
	g_string_append_c(text, '}');
}

char *setting_format(const Setting *row, const void *base)
{
	const void *field = field_of_const(row, base);
	g_autoptr(GString) text = g_string_new(NULL);
	char digits[G_ASCII_DTOSTR_BUF_SIZE];

	switch (row->type) {
	case SETTING_STRING:
		append_quoted(text,
		    *(char *const *)field != NULL ? *(char *const *)field : "");
		break;
	case SETTING_LIST:
		append_list(text, *(char **const *)field);
		break;
	case SETTING_LADDER:
		append_ladder(text, field);
		break;
	case SETTING_BOOL:
		g_string_append(text, *(const bool *)field ? "true" : "false");
		break;
	case SETTING_FRACTION:
		g_ascii_formatd(digits, sizeof(digits), "%.10g",
		    *(const double *)field);
		g_string_append(text, digits);
		break;
	case SETTING_INTEGER:
	case SETTING_MODE:
	case SETTING_DURATION:
	case SETTING_SIZE:
		g_free(g_string_free(g_steal_pointer(&text), FALSE));
		return number_text(row, setting_number(row, base));
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}
