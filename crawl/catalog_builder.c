#include "crawl/catalog_builder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/behaviors.h"
#include "common/catalog.h"
#include "common/cli.h"
#include "common/fault.h"
#include "common/file.h"
#include "common/leak.h"
#include "common/log.h"
#include "crawl/name_set.h"

#define LINES_PER_LOOK  4096 /* between looks at signals and progress */
#define VECTOR_LINE_MAX ((size_t)1 << 20)

/* Everything under way. */
struct build {
	const struct catalog_options *options;
	struct catalog news;
	struct catalog_counts counts;
	struct name_set users;          /* marked 1 << split */
	struct file_writer rejected;    /* lenient only */
	const struct source_file *file; /* that is being read */
};

/* Rejection -------------------------------------------------------------------------------------------------------- */

/* What follows the path in a message about file: ":LINE: reason". */
static const char *after_path(const struct source_file *file, const char *message)
{
	size_t n = strlen(file->path);

	return strncmp(message, file->path, n) == 0 ? message + n : NULL;
}

/* A message about an unpacked file is about the zip, as the user knows it. */
static enum status name_as_shown(const struct source_file *file, enum status st)
{
	const char *rest = after_path(file, status_message());

	return rest ? status_fail(st, "%s%s", file->shown, rest) : st;
}

/* "PATH:LINE: reason" as the row file, line, reason. */
static void reject(void *context, const char *message)
{
	struct build *b = context;
	const char *rest = after_path(b->file, message);
	int digits = rest ? (int)strspn(rest + 1, "0123456789") : 0;

	b->counts.rejected++;
	if (rest)
		fprintf(b->rejected.stream, "%s\t%.*s\t%s\n", b->file->shown, digits, rest + 1, rest + 1 + digits + 2);
	else
		fprintf(b->rejected.stream, "%s\t\t%s\n", b->file->shown, message);
}

/* News ------------------------------------------------------------------------------------------------------------- */

static enum status count_lines(const char *path, uint64_t *lines)
{
	struct file_map map;
	enum status st = file_map_open(&map, path);

	*lines = 0;
	for (size_t at = 0; st == ST_OK && at < map.size;) {
		const char *newline = memchr(map.data + at, '\n', map.size - at);

		at = newline ? (size_t)(newline - map.data) + 1 : map.size;
		++*lines;
	}
	file_map_close(&map);
	return st;
}

static enum status read_news(struct build *b, const struct catalog_source *s)
{
	uint64_t before = b->news.count + b->counts.rejected, lines;
	enum status st = count_lines(s->news.path, &lines);

	b->file = &s->news;
	if (st == ST_OK)
		st = catalog_add_file(&b->news, s->news.path, b->options->lenient ? reject : NULL, b);
	if (st != ST_OK)
		return name_as_shown(&s->news, st);
	b->counts.duplicate_ids += lines - (b->news.count + b->counts.rejected - before);
	return ST_OK;
}

static void count_news(struct build *b)
{
	struct name_set categories = {0}, subcategories = {0};

	for (uint32_t i = 0; i < b->news.count; i++) {
		const struct news *n = &b->news.news[i];

		name_set_mark(&categories, n->category, strlen(n->category), 1);
		name_set_mark(&subcategories, n->subcategory, strlen(n->subcategory), 1);
		b->counts.news_without_url += n->url[0] == '\0';
	}
	b->counts.news = b->news.count;
	b->counts.categories = categories.count;
	b->counts.subcategories = subcategories.count;
	name_set_release(&categories);
	name_set_release(&subcategories);
}

static enum status write_news(struct build *b)
{
	char *path = path_join(b->options->out, "catalog.tsv");
	struct file_writer w;
	enum status st = file_create(&w, path);

	for (uint32_t i = 0; st == ST_OK && i < b->news.count; i++) {
		const struct news *n = &b->news.news[i];

		fprintf(w.stream, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", n->id, n->category, n->subcategory, n->title, n->abstract,
		        n->url, n->title_entities, n->abstract_entities);
	}
	if (st == ST_OK)
		st = file_commit(&w);
	free(path);
	return st;
}

/* Entities --------------------------------------------------------------------------------------------------------- */

static enum status remove_file(const char *out, const char *name)
{
	char *path = path_join(out, name);
	enum status st = ST_OK;

	if (file_exists(path) && unlink(path) != 0)
		st = status_errno("%s: cannot remove", path);
	free(path);
	return st;
}

/* The line's id ends at the first tab or space, and something follows. */
static size_t vector_id(const char *line, size_t n)
{
	size_t id = 0;

	while (id < n && line[id] != '\t' && line[id] != ' ')
		id++;
	return id < n && news_id_valid(line, id) ? id : 0;
}

/* The first line of an id counts. */
static enum status copy_vectors(struct build *b, const struct source_file *file, struct name_set *seen, FILE *out)
{
	uint64_t number = 0;
	struct file_map map;
	enum status st = file_map_open(&map, file->path);

	b->file = file;
	for (size_t at = 0; st == ST_OK && at < map.size;) {
		const char *line = map.data + at, *newline = memchr(line, '\n', map.size - at);
		size_t n = newline ? (size_t)(newline - line) : map.size - at, id;

		at += n + 1;
		if (n && line[n - 1] == '\r')
			n--;
		id = n <= VECTOR_LINE_MAX ? vector_id(line, n) : 0;
		if (++number % LINES_PER_LOOK == 0 && cli_interrupted())
			st = cli_interrupted_status();
		else if (!id)
			st = status_fail(ST_MALFORMED, "%s:%" PRIu64 ": expected an entity's id, a tab and numbers", file->path,
			                 number);
		else if (name_set_mark(seen, line, id, 1))
			fprintf(out, "%.*s\n", (int)n, line);
		if (st == ST_MALFORMED && b->options->lenient) {
			reject(b, status_message());
			st = ST_OK;
		}
	}
	file_map_close(&map);
	return st == ST_MALFORMED ? name_as_shown(file, st) : st;
}

/* DATA/entity_embedding.vec, the union of the sources'. */
static enum status write_vectors(struct build *b)
{
	const struct catalog_options *o = b->options;
	struct file_writer w = {0};
	struct name_set seen = {0};
	enum status st = ST_OK;
	bool any = false;

	for (size_t i = 0; i < o->source_count; i++)
		any = any || o->sources[i].entities.path;
	if (!any)
		return remove_file(o->out, ENTITY_VECTORS);
	char *path = path_join(o->out, ENTITY_VECTORS);
	st = file_create(&w, path);
	for (size_t i = 0; i < o->source_count && st == ST_OK; i++)
		if (o->sources[i].entities.path)
			st = copy_vectors(b, &o->sources[i].entities, &seen, w.stream);
	b->counts.entity_vectors = seen.count;
	if (st == ST_OK && seen.count)
		st = file_commit(&w);
	else if (st == ST_OK)
		st = remove_file(o->out, ENTITY_VECTORS);
	file_discard(&w);
	name_set_release(&seen);
	free(path);
	return st;
}

/* Behaviors -------------------------------------------------------------------------------------------------------- */

static void count_impression(struct build *b, enum split split, const struct impression *im)
{
	struct split_counts *c = &b->counts.split[split];

	c->impressions++;
	c->candidates += im->candidate_count;
	c->clicks += im->clicked_count;
	c->empty_histories += im->history_count == 0;
	c->unlabelled += im->labels[0] == CANDIDATE_UNLABELLED;
	c->users += name_set_mark(&b->users, im->user, im->user_length, (uint8_t)(1u << split));
}

/* The line just read, as it stands but for its end. */
static void copy_line(const struct behaviors *in, size_t start, FILE *out)
{
	size_t n = in->offset - start;

	while (n && (in->map.data[start + n - 1] == '\n' || in->map.data[start + n - 1] == '\r'))
		n--;
	fwrite(in->map.data + start, 1, n, out);
	fputc('\n', out);
}

static enum status copy_impressions(struct build *b, const struct catalog_source *s, struct behaviors *in, FILE *out)
{
	enum status st = ST_OK;
	bool more = true;

	while (st == ST_OK) {
		size_t start = in->offset;

		if (in->line % LINES_PER_LOOK == 0) {
			progress_set((int64_t)(start >> 10));
			if (cli_interrupted())
				return cli_interrupted_status();
		}
		st = behaviors_next(in, &more);
		if (!more)
			break;
		if (st == ST_OK) {
			count_impression(b, s->split, &in->impression);
			copy_line(in, start, out);
			fault_point("catalog.impression");
		} else if (st == ST_MALFORMED && b->options->lenient) {
			reject(b, status_message());
			st = ST_OK;
		}
	}
	progress_set((int64_t)(in->offset >> 10));
	return st;
}

static enum status copy_behaviors(struct build *b, const struct catalog_source *s)
{
	char *path = path_printf("%s/behaviors/%s.tsv", b->options->out, split_name(s->split));
	struct file_writer out = {0};
	struct behaviors in;
	enum status st = behaviors_open(&in, s->behaviors.path, &b->news);

	b->file = &s->behaviors;
	b->counts.split[s->split].present = true;
	if (st == ST_OK)
		st = file_create(&out, path);
	if (st == ST_OK) {
		progress_start(split_name(s->split), "KiB", (int64_t)(in.map.size >> 10));
		st = copy_impressions(b, s, &in, out.stream);
		progress_end();
	}
	if (st == ST_OK)
		st = file_commit(&out);
	else
		st = name_as_shown(&s->behaviors, st);
	file_discard(&out);
	behaviors_close(&in);
	free(path);
	return st;
}

/* Pairs of splits -------------------------------------------------------------------------------------------------- */

const enum split split_pairs[SPLIT_PAIRS][2] = {[TRAIN_DEV] = {SPLIT_TRAIN, SPLIT_DEV},
                                                [TRAIN_TEST] = {SPLIT_TRAIN, SPLIT_TEST},
                                                [DEV_TEST] = {SPLIT_DEV, SPLIT_TEST}};

static enum status check_pair(struct build *b, enum split_pair which)
{
	const enum split first = split_pairs[which][0], second = split_pairs[which][1];
	struct pair_counts *pair = &b->counts.pair[which];
	enum status st = ST_OK;

	if (!b->counts.split[first].present || !b->counts.split[second].present)
		return ST_OK;
	char *earlier = path_printf("%s/behaviors/%s.tsv", b->options->out, split_name(first));
	char *later = path_printf("%s/behaviors/%s.tsv", b->options->out, split_name(second));
	pair->present = true;
	pair->users = name_set_count_marked(&b->users, (uint8_t)(1u << first | 1u << second));
	st = leak_find(&pair->leak, earlier, later, &b->news);
	if (st == ST_OK)
		leak_tell(&pair->leak, split_name(first), split_name(second));
	free(earlier);
	free(later);
	return st;
}

/* Whole ------------------------------------------------------------------------------------------------------------ */

enum status catalog_remove_old(const char *out, const bool given[SPLITS])
{
	enum status st = remove_file(out, "catalog.json");

	for (int i = 0; i < SPLITS && st == ST_OK; i++) {
		char *name = path_printf("behaviors/%s.tsv", split_name((enum split)i));

		if (!given[i])
			st = remove_file(out, name);
		free(name);
	}
	return st == ST_OK ? remove_file(out, "catalog-rejected.tsv") : st;
}

static enum status remove_old(const struct catalog_options *o)
{
	bool given[SPLITS] = {false};

	for (size_t i = 0; i < o->source_count; i++)
		given[o->sources[i].split] = true;
	return catalog_remove_old(o->out, given);
}

static enum status build_all(struct build *b)
{
	const struct catalog_options *o = b->options;
	enum status st = ST_OK;

	for (size_t i = 0; i < o->source_count && st == ST_OK; i++)
		st = read_news(b, &o->sources[i]);
	if (st != ST_OK)
		return st;
	if (!b->news.count)
		return status_fail(ST_MALFORMED, "%s: no news in it", o->sources[0].news.shown);
	count_news(b);
	st = write_news(b);
	fault_point("catalog.news");
	if (st == ST_OK)
		st = write_vectors(b);
	fault_point("catalog.vectors");
	for (size_t i = 0; i < o->source_count && st == ST_OK; i++) {
		st = copy_behaviors(b, &o->sources[i]);
		fault_point("catalog.split");
	}
	b->counts.users = b->users.count;
	for (int i = 0; i < SPLIT_PAIRS && st == ST_OK; i++)
		st = check_pair(b, (enum split_pair)i);
	return st;
}

void catalog_tell(const struct catalog_counts *c)
{
	log_info("%" PRIu64 " news in %" PRIu64 " categories, %" PRIu64 " users", c->news, c->categories, c->users);
	for (int i = 0; i < SPLITS; i++) {
		if (c->split[i].present)
			log_info("%s: %" PRIu64 " impressions, %" PRIu64 " users, %" PRIu64 " candidates, %" PRIu64 " clicks",
			         split_name((enum split)i), c->split[i].impressions, c->split[i].users, c->split[i].candidates,
			         c->split[i].clicks);
	}
}

enum status catalog_build(const struct catalog_options *options)
{
	struct build b = {.options = options};
	char *unpacked = path_join(options->out, ".unpacked"), *list = path_join(options->out, "catalog-rejected.tsv");
	enum status st = file_make_folder(options->out);

	if (st == ST_OK)
		st = remove_old(options);
	if (st == ST_OK && options->lenient)
		st = file_create(&b.rejected, list);
	for (size_t i = 0; i < options->source_count && st == ST_OK; i++)
		st = source_unpack(&options->sources[i], unpacked);
	if (st == ST_OK)
		st = build_all(&b);
	if (st == ST_OK && b.counts.rejected)
		st = file_commit(&b.rejected);
	if (st == ST_OK)
		st = catalog_summary_write(options, &b.counts);
	if (st == ST_OK)
		catalog_tell(&b.counts);
	if (st == ST_OK && b.counts.rejected)
		st = status_fail(ST_PARTIAL, "%" PRIu64 " rows were left out, listed in %s", b.counts.rejected, list);

	file_discard(&b.rejected);
	source_remove_unpacked(unpacked);
	catalog_close(&b.news);
	name_set_release(&b.users);
	free(unpacked);
	free(list);
	return st;
}
