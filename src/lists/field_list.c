/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The fields of a record, while they are found and when they are asked for. */

#include "list_private.h"

#include <string.h>

void field_list_init(FieldList *list)
{
	list->fields = g_array_new(FALSE, FALSE, sizeof(ListField));
	list->offsets = g_array_new(FALSE, FALSE, sizeof(size_t));
	list->scratch = g_string_new(NULL);
	list->names = g_string_chunk_new(1024);
}

void field_list_clear(FieldList *list)
{
	g_array_unref(list->fields);
	g_array_unref(list->offsets);
	g_string_free(list->scratch, TRUE);
	g_string_chunk_free(list->names);
}

void field_list_reset(FieldList *list)
{
	g_array_set_size(list->fields, 0);
	g_array_set_size(list->offsets, 0);
	g_string_truncate(list->scratch, 0);
	g_string_chunk_clear(list->names);
}

static void add(FieldList *list, const char *name, ListField field,
    size_t offset)
{
	field.name = *name != '\0' ? g_string_chunk_insert(list->names, name)
				   : "";
	g_array_append_val(list->fields, field);
	g_array_append_val(list->offsets, offset);
}

void field_list_add(FieldList *list, const char *name, unsigned depth,
    const char *value, size_t len)
{
	add(list, name, (ListField){ "", value, len, depth }, 0);
}

void field_list_add_scratch(FieldList *list, const char *name, unsigned depth,
    size_t offset)
{
	add(list, name,
	    (ListField){ "", NULL, list->scratch->len - offset, depth },
	    offset);
}

void field_list_settle(FieldList *list)
{
	for (unsigned i = 0; i < list->fields->len; i++) {
		ListField *field = &g_array_index(list->fields, ListField, i);

		if (field->value == NULL)
			field->value = list->scratch->str +
				       g_array_index(list->offsets, size_t, i);
	}
}

void name_append(GString *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (g_ascii_isalnum(text[i]))
			g_string_append_c(out, g_ascii_tolower(text[i]));
}

const ListField *list_record_field(const ListRecord *record, const char *name)
{
	const ListField *found = NULL;

	for (unsigned i = 0; i < record->n_fields; i++)
		if (strcmp(record->fields[i].name, name) == 0 &&
		    (found == NULL || record->fields[i].depth < found->depth))
			found = &record->fields[i];
	return found;
}

bool list_name_is_address(const char *name)
{
	static const char *const names[] = { "email", "address", "emailaddress",
		"mail", "recipient", "mailaddress", "emailadresse", "adresse",
		"recipientemail", "subscriber", "destination" };

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}
