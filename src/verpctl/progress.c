/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one line that long commands show while they work. */
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

enum {
	FIRST_AFTER = G_USEC_PER_SEC, /* short work needs no line */
	DRAW_EVERY = G_USEC_PER_SEC / 5,
};

struct Progress {
	ProgressUnit unit;
	uint64_t total;
	gint64 began;
	gint64 drawn; /* when it is due again */
	bool is_shown;
};

Progress *progress_new(ProgressUnit unit, uint64_t total, bool is_quiet)
{
	Progress *progress;

	if (is_quiet || !isatty(STDERR_FILENO))
		return NULL;
	progress = g_new0(Progress, 1);
	progress->unit = unit;
	progress->total = total;
	progress->began = g_get_monotonic_time();
	progress->drawn = progress->began + FIRST_AFTER;
	return progress;
}

static char *amount(ProgressUnit unit, double n)
{
	static const char *const scale[] = { "", " k", " M", " G", " T" };
	unsigned i = 0;

	while (n >= 10000 && i + 1 < G_N_ELEMENTS(scale)) {
		n /= 1000;
		i++;
	}
	return g_strdup_printf("%.*f%s%s", i > 0 && n < 100 ? 1 : 0, n,
	    scale[i], unit == PROGRESS_ROWS ? "" : (i > 0 ? "B" : " B"));
}

static void append_left(GString *text, double seconds)
{
	uint64_t left = (uint64_t)(seconds + 0.5);

	if (left >= 3600)
		g_string_append_printf(text, ", %" G_GUINT64_FORMAT " h %02u m",
		    left / 3600, (unsigned)(left / 60 % 60));
	else if (left >= 60)
		g_string_append_printf(text, ", %u m %02u s",
		    (unsigned)(left / 60), (unsigned)(left % 60));
	else
		g_string_append_printf(text, ", %u s", (unsigned)left);
	g_string_append(text, " left");
}

char *progress_text(ProgressUnit unit, uint64_t done, uint64_t total,
    double seconds)
{
	double rate = seconds > 0 ? (double)done / seconds : 0;
	g_autofree char *so_far = amount(unit, (double)done);
	g_autofree char *all = amount(unit, (double)total);
	g_autofree char *speed = amount(unit, rate);
	GString *text = g_string_new(NULL);

	/* a file may grow while it is read */
	if (total > 0 && done <= total)
		g_string_append_printf(text, "%.0f %%, %s of %s, %s/s",
		    100.0 * (double)done / (double)total, so_far, all, speed);
	else
		g_string_append_printf(text, "%s, %s/s", so_far, speed);
	if (total > done && rate > 0)
		append_left(text, (double)(total - done) / rate);
	return g_string_free(text, FALSE);
}

void progress_set(Progress *progress, uint64_t done)
{
	g_autofree char *text = NULL;
	gint64 now;

	if (progress == NULL)
		return;
	now = g_get_monotonic_time();
	if (now < progress->drawn)
		return;
	progress->drawn = now + DRAW_EVERY;
	progress->is_shown = true;
	text = progress_text(progress->unit, done, progress->total,
	    (double)(now - progress->began) / G_USEC_PER_SEC);
	/* carriage return, text, erase to the end of the line */
	fprintf(stderr, "\r%s\033[K", text);
	(void)fflush(stderr); /* nobody would hear of it */
}

void progress_hide(Progress *progress)
{
	if (progress == NULL || !progress->is_shown)
		return;
	fprintf(stderr, "\r\033[K");
	(void)fflush(stderr); /* the same */
	progress->is_shown = false;
}

void progress_free(Progress *progress)
{
	progress_hide(progress);
	g_free(progress);
}
