/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The words of HTML (UTF-8): tags, comments, scripts and styles left out,
   character references resolved, a line for each block.  g_free() it. */
char *html_words(const char *html);
