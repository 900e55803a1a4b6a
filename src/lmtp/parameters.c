/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parameters of MAIL and RCPT, one table row each.  All are checked, and
   ORCPT alone is of use to us. */
#include "parameters.h"

#include "path.h"

#include <glib.h>
#include <string.h>

typedef struct Parameter {
	const char *keyword;
	/* VALUE is NULL when there was no "=" */
	bool (*check)(const char *value, char **original);
} Parameter;

/* RFC 1870, 4: up to 20 digits.  What it says is not held against anyone. */
static bool check_size(const char *value, char **original)
{
	size_t len = value != NULL ? strspn(value, "0123456789") : 0;

	return len > 0 && len <= 20 && value[len] == '\0';
}

static bool check_body(const char *value, char **original)
{
	return value != NULL && (g_ascii_strcasecmp(value, "7BIT") == 0 ||
				    g_ascii_strcasecmp(value, "8BITMIME") == 0);
}

static bool check_no_value(const char *value, char **original)
{
	return value == NULL;
}

static bool check_ret(const char *value, char **original)
{
	return value != NULL && (g_ascii_strcasecmp(value, "FULL") == 0 ||
				    g_ascii_strcasecmp(value, "HDRS") == 0);
}

/* Not read: it is another's, and of no use to us. */
static bool check_envid(const char *value, char **original)
{
	return value != NULL;
}

static bool check_orcpt(const char *value, char **original)
{
	if (value != NULL)
		*original = orcpt_decode(value);
	return *original != NULL;
}

/* RFC 3461, 4.1: "NEVER" / 1#("SUCCESS" / "FAILURE" / "DELAY") */
static bool check_notify(const char *value, char **original)
{
	g_auto(GStrv) words = g_strsplit(value != NULL ? value : "", ",", -1);
	static const char *const known[] = { "SUCCESS", "FAILURE", "DELAY",
		NULL };

	if (value != NULL && g_ascii_strcasecmp(value, "NEVER") == 0)
		return true;
	for (unsigned i = 0; words[i] != NULL; i++) {
		bool is_known = false;

		for (unsigned k = 0; known[k] != NULL; k++)
			if (g_ascii_strcasecmp(words[i], known[k]) == 0)
				is_known = true;
		if (!is_known)
			return false;
	}
	return words[0] != NULL;
}

static const Parameter mail_parameters[] = {
	{ "SIZE", check_size },
	{ "BODY", check_body },
	{ "SMTPUTF8", check_no_value },
	{ "RET", check_ret },
	{ "ENVID", check_envid },
	{ NULL, NULL },
};
static const Parameter rcpt_parameters[] = {
	{ "ORCPT", check_orcpt },
	{ "NOTIFY", check_notify },
	{ NULL, NULL },
};

/* Reads the parameters in TEXT; a reply of refusal, or NULL. */
static const char *check_parameters(const char *text, const Parameter *known,
    char **original)
{
	g_autofree char *keyword = NULL;
	g_autofree char *value = NULL;
	unsigned seen = 0;

	while (parameter_next(&text, &keyword, &value)) {
		unsigned i = 0;

		while (known[i].keyword != NULL &&
		       g_ascii_strcasecmp(known[i].keyword, keyword) != 0)
			i++;
		if (known[i].keyword == NULL)
			return "555 5.5.4 Unsupported parameter";
		if ((seen & 1u << i) != 0)
			return "501 5.5.4 Parameter given twice";
		seen |= 1u << i;
		if (!known[i].check(value, original))
			return "501 5.5.4 Bad value of a parameter";
		g_clear_pointer(&keyword, g_free);
		g_clear_pointer(&value, g_free);
	}
	return *text == '\0' ? NULL : "501 5.5.4 Bad parameter";
}

const char *mail_parameters_read(const char *text)
{
	char *unused = NULL;

	return check_parameters(text, mail_parameters, &unused);
}

const char *rcpt_parameters_read(const char *text, char **original)
{
	return check_parameters(text, rcpt_parameters, original);
}
