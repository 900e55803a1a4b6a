/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* On which line of verpd.conf(5) each name is set.  libConfuse knows neither
   that afterwards nor whether a name was set twice: the last one silently
   wins, and sections of one title are merged. */
typedef struct SettingsLines SettingsLines;

/* Scans TEXT.  NULL with VP_ERROR_CONFIG and "FILE:line: what" for a name or
   a section title that stands there twice, for "+=", and for a section or a
   comment that is not closed.  What else is wrong is libConfuse's to say. */
SettingsLines *settings_lines_new(const char *file, const char *text,
    GError **error);
/* The text for libConfuse: with an empty title where SECTION has none, since it
   knows sections with titles and sections without, but not one that may have
   one; and with blanks for comments, each of which it counts as three lines.
   Lines stay what they are.  g_free() it. */
char *settings_lines_titled(const SettingsLines *lines, const char *section);
void settings_lines_free(SettingsLines *lines);

/* The line of NAME in SECTION ("" is outside any) of TITLE (""), or of the
   section itself (NAME ""); 0 when it is not set. */
unsigned settings_lines_of(const SettingsLines *lines, const char *section,
    const char *title, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SettingsLines, settings_lines_free)
