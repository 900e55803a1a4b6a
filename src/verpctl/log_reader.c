/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A log and the files it becomes.  A place in it is known by what stands before
   it: an inode alone says little, for logrotate(8) may copy and truncate, and
   inodes are used again. */
#include "log_reader.h"

#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>

enum {
	PIECE = 1024 * 1024,
	TAIL = 256, /* octets that tell a place */
	PACKED = 64 * 1024,
};

/* One file to be read. */
typedef struct Source {
	char *path;
	int64_t mtime;
	int64_t inode;
	uint64_t size; /* as it lies there */
	bool is_packed;
} Source;

struct LogReader {
	char *path;
	GPtrArray *sources; /* of Source; the first is being read, the last is
			       the log itself */
	int fd;             /* of the first; -1: none */
	GZlibDecompressor *unpacker;
	char *packed; /* read and not yet unpacked */
	size_t packed_at, packed_len;
	bool is_at_end;
	/* what was read and not taken */
	char *text;
	size_t begin, end;
	/* the place of text[begin] */
	int64_t offset;
	char tail[TAIL];
	size_t tail_len;
	uint64_t total;
	uint64_t done;
};

static void source_free(Source *source)
{
	g_free(source->path);
	g_free(source);
}

static void close_file(LogReader *reader)
{
	if (reader->fd >= 0)
		(void)close(reader->fd); /* only read from */
	reader->fd = -1;
	g_clear_object(&reader->unpacker);
}

LogReader *log_reader_new(const char *path)
{
	LogReader *reader = g_new0(LogReader, 1);

	reader->path = g_strdup(path);
	reader->sources =
	    g_ptr_array_new_with_free_func((GDestroyNotify)source_free);
	reader->fd = -1;
	reader->text = g_malloc(PIECE);
	reader->packed = g_malloc(PACKED);
	return reader;
}

void log_reader_free(LogReader *reader)
{
	if (reader == NULL)
		return;
	close_file(reader);
	g_ptr_array_unref(reader->sources);
	g_free(reader->text);
	g_free(reader->packed);
	g_free(reader->path);
	g_free(reader);
}

uint64_t log_reader_total(const LogReader *reader)
{
	return reader->total;
}

uint64_t log_reader_done(const LogReader *reader)
{
	return reader->done;
}

/* ---- one file ---- */

static bool fail(const char *path, GError **error)
{
	/* a pipe or a device has no place to go on from */
	g_set_error(error, VP_ERROR, VP_ERROR_NOT_FOUND, "%s: %s", path,
	    errno == EINVAL ? "is not a file; standard input is \"-\""
			    : g_strerror(errno));
	return false;
}

/* NULL, with errno, when PATH is no file. */
static Source *source_new(const char *path)
{
	struct stat status;
	Source *source;

	if (stat(path, &status) != 0)
		return NULL;
	if (!S_ISREG(status.st_mode)) {
		errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
		return NULL;
	}
	source = g_new0(Source, 1);
	source->path = g_strdup(path);
	source->mtime = (int64_t)status.st_mtime;
	source->inode = (int64_t)status.st_ino;
	source->size = (uint64_t)status.st_size;
	source->is_packed = g_str_has_suffix(path, ".gz");
	return source;
}

static const Source *current(const LogReader *reader)
{
	return g_ptr_array_index(reader->sources, 0);
}

/* Opens the first source at its beginning. */
static bool open_file(LogReader *reader, GError **error)
{
	Source *source = g_ptr_array_index(reader->sources, 0);
	struct stat status;

	close_file(reader);
	reader->fd = open(source->path, O_RDONLY | O_CLOEXEC);
	if (reader->fd < 0 || fstat(reader->fd, &status) != 0)
		return fail(source->path, error);
	/* it may have been renamed since */
	source->inode = (int64_t)status.st_ino;
	source->size = (uint64_t)status.st_size;
	if (source->is_packed)
		reader->unpacker =
		    g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
	reader->packed_at = reader->packed_len = 0;
	reader->begin = reader->end = 0;
	reader->offset = 0;
	reader->tail_len = 0;
	reader->is_at_end = false;
	return true;
}

static ssize_t read_fd(LogReader *reader, char *to, size_t len)
{
	ssize_t n;

	do {
		n = read(reader->fd, to, len);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* Unpacks up to LEN octets; 0 at the end, also of what is damaged. */
static ssize_t read_packed(LogReader *reader, char *to, size_t len)
{
	for (;;) {
		gsize used = 0, made = 0;
		GConverterResult result;
		ssize_t n = 0;

		if (reader->packed_at == reader->packed_len) {
			n = read_fd(reader, reader->packed, PACKED);
			if (n < 0)
				return n;
			reader->packed_at = 0;
			reader->packed_len = (size_t)n;
		}
		if (reader->packed_len == 0)
			return 0;
		result = g_converter_convert(G_CONVERTER(reader->unpacker),
		    reader->packed + reader->packed_at,
		    reader->packed_len - reader->packed_at, to, len,
		    G_CONVERTER_NO_FLAGS, &used, &made, NULL);
		if (result == G_CONVERTER_ERROR)
			return 0;
		reader->packed_at += used;
		if (result == G_CONVERTER_FINISHED)
			reader->packed_at = reader->packed_len;
		if (made > 0)
			return (ssize_t)made;
		if (result == G_CONVERTER_FINISHED)
			return 0;
	}
}

/* Fills the buffer. */
static bool fill(LogReader *reader, GError **error)
{
	if (reader->begin > 0) {
		memmove(reader->text, reader->text + reader->begin,
		    reader->end - reader->begin);
		reader->end -= reader->begin;
		reader->begin = 0;
	}
	while (reader->end < PIECE) {
		char *to = reader->text + reader->end;
		size_t room = PIECE - reader->end;
		ssize_t n = reader->unpacker != NULL
				? read_packed(reader, to, room)
				: read_fd(reader, to, room);

		if (n < 0)
			return fail(current(reader)->path, error);
		reader->is_at_end = n == 0;
		if (n == 0)
			return true;
		reader->end += (size_t)n;
	}
	return true;
}

static void note_tail(LogReader *reader, const char *text, size_t len)
{
	if (len >= TAIL) {
		memcpy(reader->tail, text + len - TAIL, TAIL);
		reader->tail_len = TAIL;
		return;
	}
	if (reader->tail_len + len > TAIL) {
		size_t over = reader->tail_len + len - TAIL;

		memmove(reader->tail, reader->tail + over,
		    reader->tail_len - over);
		reader->tail_len -= over;
	}
	memcpy(reader->tail + reader->tail_len, text, len);
	reader->tail_len += len;
}

void log_reader_take(LogReader *reader, size_t len)
{
	g_assert(len <= reader->end - reader->begin);
	note_tail(reader, reader->text + reader->begin, len);
	reader->begin += len;
	reader->offset += (int64_t)len;
	reader->done += len;
}

static void digest_tail(const LogReader *reader, uint8_t digest[FEED_DIGEST])
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize len = FEED_DIGEST;

	g_checksum_update(sum, (const guchar *)reader->tail,
	    (gssize)reader->tail_len);
	g_checksum_get_digest(sum, digest, &len);
}

void log_reader_position(const LogReader *reader, FeedPosition *ret_position)
{
	*ret_position = (FeedPosition){
		.inode = reader->sources->len > 0 ? current(reader)->inode : 0,
		.offset = reader->offset,
	};
	digest_tail(reader, ret_position->digest);
}

/* ---- finding the place ---- */

static bool skip_to(LogReader *reader, int64_t offset, GError **error)
{
	int64_t near = MAX(offset - TAIL, 0);

	if (reader->unpacker == NULL) {
		if (lseek(reader->fd, (off_t)near, SEEK_SET) < 0)
			return fail(current(reader)->path, error);
		reader->offset = near;
	}
	while (reader->offset < offset) {
		size_t len;

		if (!fill(reader, error))
			return false;
		len = (size_t)MIN((int64_t)(reader->end - reader->begin),
		    offset - reader->offset);
		if (len == 0)
			return true; /* it ends before */
		log_reader_take(reader, len);
	}
	return true;
}

/* Whether POSITION is in SOURCE, which is open there then. */
static bool is_place(LogReader *reader, Source *source,
    const FeedPosition *position)
{
	uint8_t digest[FEED_DIGEST];

	g_ptr_array_set_size(reader->sources, 0);
	g_ptr_array_add(reader->sources, source);
	if (!source->is_packed && (int64_t)source->size < position->offset)
		return false;
	if (position->offset == 0)
		return source->inode == position->inode &&
		       open_file(reader, NULL);
	if (!open_file(reader, NULL) ||
	    !skip_to(reader, position->offset, NULL) ||
	    reader->offset != position->offset)
		return false;
	digest_tail(reader, digest);
	return memcmp(digest, position->digest, FEED_DIGEST) == 0;
}

static int compare_age(gconstpointer a, gconstpointer b)
{
	const Source *x = *(const Source *const *)a;
	const Source *y = *(const Source *const *)b;

	if (x->mtime != y->mtime)
		return x->mtime < y->mtime ? -1 : 1;
	/* log.2 is older than log.1 */
	return strcmp(y->path, x->path);
}

/* "mail.log.1", "mail.log-20261121.gz": what "mail.log" may have become, the
   oldest first. */
static GPtrArray *find_older(const char *path)
{
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	GPtrArray *older =
	    g_ptr_array_new_with_free_func((GDestroyNotify)source_free);
	size_t len = strlen(name);
	const char *entry;

	while (dir != NULL && (entry = g_dir_read_name(dir)) != NULL) {
		g_autofree char *full = g_build_filename(folder, entry, NULL);
		g_autofree char *plain = NULL;
		Source *source;

		if (strncmp(entry, name, len) != 0 ||
		    (entry[len] != '.' && entry[len] != '-'))
			continue;
		source = source_new(full);
		if (source == NULL)
			continue;
		plain = g_strndup(full, strlen(full) - strlen(".gz"));
		/* gzip(1) is at work: the other is whole */
		if (source->is_packed && access(plain, F_OK) == 0)
			source_free(source);
		else
			g_ptr_array_add(older, source);
	}
	g_ptr_array_sort(older, compare_age);
	return older;
}

/* Leaves the sources from number I of OLDER on, and the log. */
static void queue_from(LogReader *reader, GPtrArray *older, unsigned i)
{
	Source *log = source_new(reader->path);

	while (older->len > i)
		g_ptr_array_add(reader->sources,
		    g_ptr_array_steal_index(older, i));
	if (log != NULL)
		g_ptr_array_add(reader->sources, log);
}

/* Searches what the log became, plain files first: to look into the others
   takes time. */
static bool find_in_older(LogReader *reader, const FeedPosition *position)
{
	g_autoptr(GPtrArray) older = find_older(reader->path);

	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = older->len; i-- > 0;) {
			Source *source = g_ptr_array_index(older, i);

			if (source->is_packed != (pass == 1))
				continue;
			source = g_ptr_array_steal_index(older, i);
			if (is_place(reader, source, position)) {
				queue_from(reader, older, i);
				return true;
			}
			g_ptr_array_insert(older, (gint)i,
			    g_ptr_array_steal_index(reader->sources, 0));
		}
	return false;
}

static void count_total(LogReader *reader)
{
	reader->total = reader->done = 0;
	for (unsigned i = 0; i < reader->sources->len; i++) {
		const Source *source = g_ptr_array_index(reader->sources, i);

		reader->total += source->size;
	}
	reader->done = (uint64_t)reader->offset;
}

static bool open_log(LogReader *reader, GError **error)
{
	Source *log = source_new(reader->path);

	g_ptr_array_set_size(reader->sources, 0);
	if (log == NULL)
		return fail(reader->path, error);
	g_ptr_array_add(reader->sources, log);
	return open_file(reader, error);
}

bool log_reader_open(LogReader *reader, const FeedPosition *position,
    bool *ret_lost, GError **error)
{
	Source *log = source_new(reader->path);

	*ret_lost = false;
	if (position == NULL ||
	    (position->offset == 0 && position->inode == 0)) {
		g_clear_pointer(&log, source_free);
		if (!open_log(reader, error))
			return false;
	} else if ((log == NULL || !is_place(reader, log, position)) &&
		   !find_in_older(reader, position)) {
		*ret_lost = true;
		if (!open_log(reader, error))
			return false;
	}
	count_total(reader);
	return true;
}

bool log_reader_open_at_end(LogReader *reader, GError **error)
{
	if (!open_log(reader, error) ||
	    !skip_to(reader, (int64_t)current(reader)->size, error))
		return false;
	while (reader->tail_len > 0 &&
	       reader->tail[reader->tail_len - 1] != '\n') {
		/* into a line that is being written */
		reader->tail_len--;
		reader->offset--;
	}
	if (lseek(reader->fd, (off_t)reader->offset, SEEK_SET) < 0)
		return fail(reader->path, error);
	reader->begin = reader->end = 0;
	count_total(reader);
	return true;
}

/* ---- reading ---- */

/* The file that is being read will not grow any more: another one, with
   something in it, has taken its place. */
static bool is_left(const LogReader *reader)
{
	const Source *next;
	struct stat status;

	if (reader->sources->len < 2)
		return false;
	next = g_ptr_array_index(reader->sources, 1);
	return reader->sources->len > 2 ||
	       (stat(next->path, &status) == 0 && status.st_size > 0);
}

static size_t whole_lines(const LogReader *reader)
{
	const char *text = reader->text + reader->begin;
	size_t len = reader->end - reader->begin;
	const char *end = memrchr(text, '\n', len);

	if (end != NULL)
		return (size_t)(end - text) + 1;
	/* longer than any line; or the last one of a file that is over */
	return len == PIECE || (reader->is_at_end && is_left(reader)) ? len : 0;
}

bool log_reader_next(LogReader *reader, const char **ret_text, size_t *ret_len,
    GError **error)
{
	*ret_len = 0;
	while (reader->sources->len > 0) {
		if (!fill(reader, error))
			return false;
		*ret_text = reader->text + reader->begin;
		*ret_len = whole_lines(reader);
		if (*ret_len > 0 || !is_left(reader))
			return true;
		(void)g_ptr_array_remove_index(reader->sources, 0);
		if (!open_file(reader, error))
			return false;
	}
	return true;
}

bool log_reader_is_moved(const LogReader *reader)
{
	char before[TAIL];
	struct stat here, there;
	ssize_t n;

	if (reader->fd < 0 || fstat(reader->fd, &here) != 0)
		return true;
	if (here.st_size < (off_t)reader->offset)
		return true;
	n = pread(reader->fd, before, reader->tail_len,
	    (off_t)(reader->offset - (int64_t)reader->tail_len));
	/* truncated, and grown again */
	if (n != (ssize_t)reader->tail_len ||
	    memcmp(before, reader->tail, reader->tail_len) != 0)
		return true;
	return stat(reader->path, &there) == 0 && there.st_size > 0 &&
	       (there.st_ino != here.st_ino || there.st_dev != here.st_dev);
}
