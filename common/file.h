/* Files: whole or absent. */
#ifndef COVERLINE_COMMON_FILE_H
#define COVERLINE_COMMON_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/status.h"
#include "common/strbuf.h"

/* A file being written as NAME.part. stream is for fprintf/fwrite; its errors are found at commit. */
struct file_writer {
	FILE *stream;
	char *path;      /* final name */
	char *part_path; /* path + ".part" */
};

/* Opens path.part for writing, truncating an old one. Makes missing parent folders. */
MUST_CHECK enum status file_create(struct file_writer *w, const char *path);
/* Flushes, syncs, closes and renames to the final name; on failure removes the .part. Releases w. */
MUST_CHECK enum status file_commit(struct file_writer *w);
/* Closes and removes the .part. Keeps this thread's message. Accepts a released or zeroed w. */
void file_discard(struct file_writer *w);

/* Writes all of bytes to path by the same way. */
MUST_CHECK enum status file_write(const char *path, const void *bytes, size_t n);
/* fsync of path.part, rename to path, and fsync of the folder: for files that a library wrote. */
MUST_CHECK enum status file_publish(const char *part_path, const char *path);

/* For many small files that something larger vouches for once it is written: a sync each would cost more than all else. Each
 * appears whole or not at all, as far as this machine stays up, but is on the disk only after file_sync_all. The order is
 * then: the files, file_sync_all, and what says that they are there, by file_commit or file_publish. Makes no folders. */
MUST_CHECK enum status file_write_soon(const char *path, const void *bytes, size_t n);
/* Syncs all that was written to the file system that the folder is on. */
MUST_CHECK enum status file_sync_all(const char *folder);

/* A file in folder that has no name and is gone once it is closed, open for reading and writing. */
MUST_CHECK enum status file_open_nameless(const char *folder, FILE **out);
/* Maps size bytes, 0 at first, of such a file, for reading and writing until munmap; *map is NULL after a failure. Its
 * room is taken before: ST_FAILED where there is none, and no signal when it is written. size is above 0. */
MUST_CHECK enum status file_map_nameless(const char *folder, size_t size, void **map);

/* Appends the whole file to out (whose cap bounds it). ST_FAILED if it cannot be read. */
MUST_CHECK enum status file_read(const char *path, struct strbuf *out);

/* A read-only map of a whole file. data is NULL for an empty one. */
struct file_map {
	const char *data;
	size_t size;
};
MUST_CHECK enum status file_map_open(struct file_map *m, const char *path);
/* Gives the memory of the first n bytes back; they are read again if they are looked at. */
void file_map_forget(const struct file_map *m, size_t n);
void file_map_close(struct file_map *m);

bool file_exists(const char *path);
/* mkdir -p. */
MUST_CHECK enum status file_make_folder(const char *path);
/* The same for the folder that path is in. */
MUST_CHECK enum status file_make_parent(const char *path);
/* "a/b" in memory that the caller frees. */
char *path_join(const char *folder, const char *name);
char *path_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
