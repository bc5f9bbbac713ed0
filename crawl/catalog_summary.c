#include "crawl/catalog_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/arena.h"
#include "common/cli.h"
#include "common/digest.h"
#include "common/fault.h"
#include "common/file.h"
#include "common/strbuf.h"

#define SUMMARY_MAX ((size_t)8 << 20)

static const char readme[] =
	"This folder was made by Coverline. It can be moved or copied as a whole.\n"
	"\n"
	"catalog.tsv            the news, one a row: id, category, subcategory, title, abstract,\n"
	"                       url, title entities, abstract entities; tab-separated, UTF-8,\n"
	"                       no header, no quoting. Row i of every other file is news i.\n"
	"behaviors/SPLIT.tsv    what readers were shown (train, dev, test): impression id, user\n"
	"                       id, time, history (news ids, oldest first), candidates (id-1\n"
	"                       clicked, id-0 shown; bare ids where clicks are not published)\n"
	"entity_embedding.vec   if the sources have one: vectors of the entities named in the news,\n"
	"                       lines of an id and numbers\n"
	"catalog.json           counts of the above, and SHA-256 of inputs and outputs\n"
	"catalog-rejected.tsv   only if rows were left out: file, line, reason\n"
	"\n"
	"Made of Amazon's reviews (catalog.json then counts them), a news is an item, its url the\n"
	"picture's, and an impression a review beside an item that its writer never reviewed.\n"
	"\n"
	"Later stages add, each with a summary STAGE.json:\n"
	"\n"
	"images/ID.jpg          the cover image of news ID (coverline crawl); in part-*.tar, if so\n"
	"                       asked; originals/ has the bytes fetched, originals.tsv whose they are\n"
	"crawl.sqlite           how each image was found, or why there is none; warc/ has the\n"
	"                       pages and pictures as they were served\n"
	"cards/ID.png           the impression card of news ID (coverline render); ID.webp, or in\n"
	"                       part-*.tar, if so asked\n"
	"boxes/part-*.h5        where cover, category, title lines and words are on the cards\n"
	"features/KIND.h5       features of one kind, one row a news; a view of\n"
	"                       features/KIND/part-*.h5 (coverline extract)\n"
	"\n"
	"stages.jsonl           what each stage's runs took: time, processor time, memory\n"
	"\n"
	"`coverline STAGE --help` describes each stage.\n";

static char *split_path(const char *out, enum split s)
{
	return path_printf("%s/behaviors/%s.tsv", out, split_name(s));
}

static bool text_is(const json_t *summary, const char *key, const char *wanted)
{
	const char *found = json_string_value(json_object_get(summary, key));

	return wanted ? found && strcmp(found, wanted) == 0 : !found;
}

static void set_text(json_t *summary, const char *key, const char *value)
{
	/* Arguments need not be UTF-8, which JSON has to be. */
	json_t *text = json_string(value);

	json_object_set_new(summary, key, text ? text : json_string("(not UTF-8)"));
}

static void set_count(json_t *summary, const char *key, uint64_t value)
{
	json_object_set_new(summary, key, json_integer((json_int_t)value));
}

/* Inputs ----------------------------------------------------------------------------------------------------------- */

/* One source in three keys: its place in the order, and what it was made of. */
static void set_source(json_t *summary, const struct catalog_source *s, size_t place)
{
	const char *split = split_name(s->split);
	char key[64];

	snprintf(key, sizeof key, "source_%zu", place + 1);
	set_text(summary, key, split);
	snprintf(key, sizeof key, s->zip ? "sha256_input_%s_zip" : "sha256_input_%s_news", split);
	set_text(summary, key, s->news_sha256);
	snprintf(key, sizeof key, "sha256_input_%s_behaviors", split);
	if (!s->zip)
		set_text(summary, key, s->behaviors_sha256);
	snprintf(key, sizeof key, "sha256_input_%s_entities", split);
	if (s->entities_sha256[0])
		set_text(summary, key, s->entities_sha256);
}

static bool source_is(const json_t *summary, const struct catalog_source *s, size_t place)
{
	json_t *wanted = json_object(), *value;
	const char *key;
	char entities[64];
	bool same;

	snprintf(entities, sizeof entities, "sha256_input_%s_entities", split_name(s->split));
	same = s->entities_sha256[0] || text_is(summary, entities, NULL);
	set_source(wanted, s, place);
	json_object_foreach(wanted, key, value)
	{
		same = same && json_equal(value, json_object_get(summary, key));
	}
	json_decref(wanted);
	return same;
}

/* Amazon's, in keys of their own. */
static void set_amazon(json_t *summary, const struct amazon_source *a)
{
	set_text(summary, "source_1", "amazon");
	set_text(summary, "sha256_input_reviews", a->reviews_sha256);
	set_text(summary, "sha256_input_meta", a->meta_sha256);
	json_object_set_new(summary, "seed", json_integer(a->seed));
	json_object_set_new(summary, "max_history", json_integer(a->max_history));
	json_object_set_new(summary, "dev", json_boolean(a->dev));
}

static bool amazon_is(const json_t *summary, const struct amazon_source *a)
{
	json_t *wanted = json_object(), *value;
	const char *key;
	bool same = true;

	set_amazon(wanted, a);
	json_object_foreach(wanted, key, value)
	{
		same = same && json_equal(value, json_object_get(summary, key));
	}
	json_decref(wanted);
	return same;
}

static void set_amazon_counts(json_t *summary, const struct amazon_counts *c)
{
	set_count(summary, "reviews", c->reviews);
	set_count(summary, "samples", c->samples);
	set_count(summary, "readers_left_out", c->readers_left_out);
	set_count(summary, "items_with_title", c->with_title);
	set_count(summary, "items_with_image_url", c->with_image_url);
	set_count(summary, "items_without_metadata", c->without_metadata);
}

/* Outputs ---------------------------------------------------------------------------------------------------------- */

static bool output_is(const json_t *summary, const char *key, const char *path)
{
	char found[DIGEST_HEX];

	return file_exists(path) && digest_file(path, found) == ST_OK && text_is(summary, key, found);
}

static bool outputs_are(const json_t *summary, const char *out)
{
	char *path = path_join(out, "catalog.tsv"), key[64];
	bool same = output_is(summary, "sha256_catalog", path);

	free(path);
	for (int i = 0; i < SPLITS && same; i++) {
		path = split_path(out, (enum split)i);
		snprintf(key, sizeof key, "sha256_behaviors_%s", split_name((enum split)i));
		same = json_object_get(summary, key) ? output_is(summary, key, path) : !file_exists(path);
		free(path);
	}
	path = path_join(out, ENTITY_VECTORS);
	same = same && (json_object_get(summary, "sha256_entities") ? output_is(summary, "sha256_entities", path)
	                                                            : !file_exists(path));
	free(path);
	path = path_join(out, "README.txt");
	same = same && file_exists(path);
	free(path);
	path = path_join(out, "catalog-rejected.tsv");
	same = same && file_exists(path) == (json_integer_value(json_object_get(summary, "rejected")) > 0);
	free(path);
	return same;
}

static enum status set_outputs(json_t *summary, const char *out, const struct catalog_counts *counts)
{
	char *path = path_join(out, "catalog.tsv"), key[64], hex[DIGEST_HEX];
	enum status st = digest_file(path, hex);

	free(path);
	if (st != ST_OK)
		return st;
	set_text(summary, "sha256_catalog", hex);
	for (int i = 0; i < SPLITS; i++) {
		if (!counts->split[i].present)
			continue;
		path = split_path(out, (enum split)i);
		st = digest_file(path, hex);
		free(path);
		if (st != ST_OK)
			return st;
		snprintf(key, sizeof key, "sha256_behaviors_%s", split_name((enum split)i));
		set_text(summary, key, hex);
	}
	if (!counts->entity_vectors)
		return ST_OK;
	path = path_join(out, ENTITY_VECTORS);
	st = digest_file(path, hex);
	free(path);
	if (st == ST_OK)
		set_text(summary, "sha256_entities", hex);
	return st;
}

/* Whole ------------------------------------------------------------------------------------------------------------ */

bool catalog_summary_current(const struct catalog_options *options, uint64_t *rejected)
{
	char *path = path_join(options->out, "catalog.json"), key[64];
	json_t *summary = NULL;
	struct strbuf text;
	bool current = false;

	strbuf_init(&text, SUMMARY_MAX);
	if (!file_exists(path) || file_read(path, &text) != ST_OK)
		goto out;
	summary = json_loadb(text.data, text.len, 0, NULL);
	if (!summary || !text_is(summary, "program", "coverline " COVERLINE_VERSION) ||
	    json_is_true(json_object_get(summary, "lenient")) != options->lenient)
		goto out;
	/* Older versions left vectors in the zips. */
	current = options->amazon || json_is_integer(json_object_get(summary, "entity_vectors"));
	for (size_t i = 0; i < options->source_count; i++)
		current = current && source_is(summary, &options->sources[i], i);
	if (options->amazon)
		current = current && amazon_is(summary, options->amazon);
	snprintf(key, sizeof key, "source_%zu", options->source_count + (options->amazon ? 2 : 1));
	current = current && text_is(summary, key, NULL) && outputs_are(summary, options->out);
	*rejected = (uint64_t)json_integer_value(json_object_get(summary, "rejected"));
out:
	json_decref(summary);
	strbuf_release(&text);
	free(path);
	return current;
}

static void set_split(json_t *summary, enum split s, const struct split_counts *c)
{
	const struct {
		const char *name;
		uint64_t value;
	} counts[] = {
		{"impressions", c->impressions}, {"users", c->users},           {"candidates", c->candidates},
		{"clicks", c->clicks},           {"unlabelled", c->unlabelled}, {"empty_histories", c->empty_histories},
	};
	char key[64];

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		snprintf(key, sizeof key, "%s_%s", counts[i].name, split_name(s));
		set_count(summary, key, counts[i].value);
	}
}

static void set_pair(json_t *summary, enum split_pair which, const struct pair_counts *c)
{
	const struct {
		const char *name;
		uint64_t value;
	} counts[] = {{"shared_users", c->users},
	              {"shared_impressions", (uint64_t)c->leak.shared},
	              {"late_impressions", (uint64_t)c->leak.late}};
	char key[64];

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		snprintf(key, sizeof key, "%s_%s_%s", split_name(split_pairs[which][0]), split_name(split_pairs[which][1]),
		         counts[i].name);
		set_count(summary, key, counts[i].value);
	}
}

static void set_counts(json_t *summary, const struct catalog_counts *counts)
{
	set_count(summary, "news", counts->news);
	set_count(summary, "categories", counts->categories);
	set_count(summary, "subcategories", counts->subcategories);
	set_count(summary, "news_without_url", counts->news_without_url);
	set_count(summary, "duplicate_ids", counts->duplicate_ids);
	set_count(summary, "users", counts->users);
	for (int i = 0; i < SPLITS; i++) {
		if (counts->split[i].present)
			set_split(summary, (enum split)i, &counts->split[i]);
	}
	for (int i = 0; i < SPLIT_PAIRS; i++) {
		if (counts->pair[i].present)
			set_pair(summary, (enum split_pair)i, &counts->pair[i]);
	}
	set_count(summary, "entity_vectors", counts->entity_vectors);
	set_count(summary, "rejected", counts->rejected);
}

enum status catalog_summary_write(const struct catalog_options *options, const struct catalog_counts *counts)
{
	char *path = path_join(options->out, "README.txt"), *text = NULL;
	json_t *summary = json_object();
	enum status st = file_write(path, readme, sizeof readme - 1);

	free(path);
	path = path_join(options->out, "catalog.json");
	if (st != ST_OK)
		goto out;
	set_counts(summary, counts);
	json_object_set_new(summary, "lenient", json_boolean(options->lenient));
	set_text(summary, "program", "coverline " COVERLINE_VERSION);
	set_text(summary, "arguments", options->arguments);
	for (size_t i = 0; i < options->source_count; i++)
		set_source(summary, &options->sources[i], i);
	if (options->amazon) {
		set_amazon(summary, options->amazon);
		set_amazon_counts(summary, &counts->amazon);
	}
	st = set_outputs(summary, options->out, counts);
	if (st != ST_OK)
		goto out;
	text = json_dumps(summary, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	if (!text) {
		st = status_fail(ST_MEMORY, "%s: cannot be put together", path);
		goto out;
	}
	text = xrealloc(text, strlen(text) + 2, 1);
	memcpy(text + strlen(text), "\n", 2);
	fault_point("catalog.json");
	st = file_write(path, text, strlen(text));
out:
	free(text);
	json_decref(summary);
	free(path);
	return st;
}
