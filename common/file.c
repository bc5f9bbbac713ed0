#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/arena.h"
#include "common/fault.h"

#define READ_SIZE ((size_t)64 << 10)

/* Paths ------------------------------------------------------------------------------------------------------------ */

char *path_printf(const char *fmt, ...)
{
	va_list args;
	char *path;
	int n;

	va_start(args, fmt);
	n = vasprintf(&path, fmt, args);
	va_end(args);
	if (n < 0)
		BUG("cannot format a path by \"%s\"", fmt);
	return path;
}

char *path_join(const char *folder, const char *name)
{
	size_t n = strlen(folder);

	return path_printf("%s%s%s", folder, n && folder[n - 1] != '/' ? "/" : "", name);
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static enum status make_one(const char *path)
{
	struct stat s;

	if (mkdir(path, 0777) == 0)
		return ST_OK;
	if (errno == EEXIST || errno == EROFS || errno == EACCES) {
		int saved = errno;

		if (stat(path, &s) == 0 && S_ISDIR(s.st_mode))
			return ST_OK;
		errno = saved == EEXIST ? ENOTDIR : saved;
	}
	return status_errno("%s: cannot make the folder", path);
}

enum status file_make_folder(const char *path)
{
	char *copy = xstrdup(path);
	enum status st = ST_OK;

	for (char *p = copy + 1; st == ST_OK && *copy && *p; p++) {
		if (*p != '/' || p[-1] == '/')
			continue;
		*p = '\0';
		st = make_one(copy);
		*p = '/';
	}
	if (st == ST_OK && *copy)
		st = make_one(copy);
	free(copy);
	return st;
}

enum status file_make_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	enum status st;
	char *folder;

	if (!slash || slash == path)
		return ST_OK;
	folder = path_printf("%.*s", (int)(slash - path), path);
	st = file_make_folder(folder);
	free(folder);
	return st;
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

static enum status sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_RDONLY | O_CLOEXEC);
	enum status st = ST_OK;

	if (fd < 0)
		return status_errno("%s: cannot open", path);
	/* Some file systems cannot sync a folder and say EINVAL; there is nothing more to do there. */
	if (fsync(fd) != 0 && errno != EINVAL)
		st = status_errno("%s: cannot sync", path);
	if (close(fd) != 0 && st == ST_OK)
		st = status_errno("%s: cannot close", path);
	return st;
}

/* rename, and fsync of the folder: only then does the name survive a power cut. */
static enum status rename_synced(const char *part_path, const char *path)
{
	const char *slash = strrchr(path, '/');
	enum status st;
	char *folder;

	fault_point("file.rename");
	if (rename(part_path, path) != 0)
		return status_errno("%s: cannot rename to %s", part_path, path);
	folder = !slash ? xstrdup(".") : path_printf("%.*s", slash == path ? 1 : (int)(slash - path), path);
	st = sync_path(folder, O_DIRECTORY);
	free(folder);
	return st;
}

enum status file_publish(const char *part_path, const char *path)
{
	enum status st = sync_path(part_path, 0);

	return st == ST_OK ? rename_synced(part_path, path) : st;
}

static void release(struct file_writer *w)
{
	free(w->path);
	free(w->part_path);
	*w = (struct file_writer){0};
}

enum status file_create(struct file_writer *w, const char *path)
{
	enum status st;

	*w = (struct file_writer){0};
	st = file_make_parent(path);
	if (st != ST_OK)
		return st;
	w->path = xstrdup(path);
	w->part_path = path_printf("%s.part", path);
	w->stream = fopen(w->part_path, "wbe");
	if (!w->stream) {
		st = status_errno("%s: cannot write", w->part_path);
		release(w);
	}
	return st;
}

enum status file_commit(struct file_writer *w)
{
	enum status st = ST_OK;

	/* A write that failed earlier leaves its mark in ferror, and its reason is gone by now. */
	if (ferror(w->stream))
		st = status_fail(ST_FAILED, "%s: writing failed (is the disk full?)", w->part_path);
	else if (fflush(w->stream) != 0)
		st = status_errno("%s: cannot write", w->part_path);
	else if (fsync(fileno(w->stream)) != 0 && errno != EINVAL)
		st = status_errno("%s: cannot sync", w->part_path);
	if (fclose(w->stream) != 0 && st == ST_OK)
		st = status_errno("%s: cannot close", w->part_path);
	w->stream = NULL;
	if (st == ST_OK)
		st = rename_synced(w->part_path, w->path);
	if (st != ST_OK)
		unlink(w->part_path);
	release(w);
	return st;
}

void file_discard(struct file_writer *w)
{
	if (w->stream)
		fclose(w->stream);
	if (w->part_path)
		unlink(w->part_path);
	release(w);
}

enum status file_write(const char *path, const void *bytes, size_t n)
{
	struct file_writer w;
	enum status st = file_create(&w, path);

	if (st != ST_OK)
		return st;
	if (n)
		fwrite(bytes, 1, n, w.stream);
	return file_commit(&w);
}

enum status file_write_soon(const char *path, const void *bytes, size_t n)
{
	char *part = path_printf("%s.part", path);
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	enum status st = fd < 0 ? status_errno("%s: cannot write", part) : ST_OK;
	const char *from = bytes;

	while (st == ST_OK && n > 0) {
		ssize_t written = write(fd, from, n);

		if (written < 0 && errno != EINTR)
			st = status_errno("%s: cannot write", part);
		from += written > 0 ? written : 0;
		n -= written > 0 ? (size_t)written : 0;
	}
	if (fd >= 0 && close(fd) != 0 && st == ST_OK)
		st = status_errno("%s: cannot close", part);
	fault_point("file.soon");
	if (st == ST_OK && rename(part, path) != 0)
		st = status_errno("%s: cannot rename to %s", part, path);
	if (st != ST_OK && fd >= 0)
		unlink(part);
	free(part);
	return st;
}

enum status file_sync_all(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum status st = ST_OK;

	if (fd < 0)
		return status_errno("%s: cannot open", folder);
	if (syncfs(fd) != 0)
		st = status_errno("%s: cannot sync", folder);
	(void)close(fd);
	return st;
}

enum status file_open_nameless(const char *folder, FILE **out)
{
	char *path = path_join(folder, "scratch.XXXXXX.part");
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0) {
		fd = mkstemps(path, 5);
		if (fd >= 0)
			(void)unlink(path);
	}
	*out = fd >= 0 ? fdopen(fd, "w+b") : NULL;
	enum status st = *out ? ST_OK : status_errno("%s", path);
	if (!*out && fd >= 0)
		close(fd);
	free(path);
	return st;
}

enum status file_map_nameless(const char *folder, size_t size, void **map)
{
	FILE *file;
	enum status st = file_open_nameless(folder, &file);
	*map = NULL;
	if (st != ST_OK)
		return st;
	void *p = MAP_FAILED;
	errno = size <= INT64_MAX ? posix_fallocate(fileno(file), 0, (off_t)size) : EFBIG;
	if (errno == 0)
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
	if (p == MAP_FAILED)
		st = status_errno("%s: no room for a scratch file of %zu bytes", folder, size);
	else
		*map = p;
	/* Nothing was written through it: closing cannot lose anything. */
	(void)fclose(file);
	return st;
}

/* Reading ---------------------------------------------------------------------------------------------------------- */

enum status file_read(const char *path, struct strbuf *out)
{
	FILE *f = fopen(path, "rbe");
	char *buffer;
	enum status st;
	size_t n;

	if (!f)
		return status_errno("%s: cannot open", path);
	buffer = xmalloc(READ_SIZE);
	while (!out->overflow && (n = fread(buffer, 1, READ_SIZE, f)) > 0)
		strbuf_add(out, buffer, n);
	st = ferror(f) ? status_errno("%s: cannot read", path) : strbuf_check(out, path);
	free(buffer);
	fclose(f);
	return st;
}

enum status file_map_open(struct file_map *m, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum status st = ST_OK;
	struct stat s;
	void *p;

	*m = (struct file_map){0};
	if (fd < 0)
		return status_errno("%s: cannot open", path);
	if (fstat(fd, &s) != 0) {
		st = status_errno("%s: cannot look at", path);
	} else if (!S_ISREG(s.st_mode)) {
		st = status_fail(ST_FAILED, "%s: not a file", path);
	} else if (s.st_size > 0) {
		p = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED)
			st = status_errno("%s: cannot map", path);
		else
			*m = (struct file_map){.data = p, .size = (size_t)s.st_size};
	}
	close(fd);
	return st;
}

void file_map_forget(const struct file_map *m, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	/* A refusal costs memory only. */
	if (n >= page && n <= m->size)
		(void)madvise((void *)(uintptr_t)m->data, n / page * page, MADV_DONTNEED);
}

void file_map_close(struct file_map *m)
{
	if (m->data)
		munmap((void *)(uintptr_t)m->data, m->size);
	*m = (struct file_map){0};
}
