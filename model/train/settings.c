#include "model/train/settings.h"

#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "model/train/schedule.h"

enum { SHARED_KEYS_MAX = 48 };

static int shared_keys(struct settings *s, struct config_key *out)
{
	const struct config_key keys[] = {
		{"model.name", CONFIG_STRING, &s->model, "nrms", NULL, 0, 0, "The recommender; train --list names them."},

		{"data.train", CONFIG_STRING, &s->train, "behaviors/train.tsv", NULL, 0, 0,
	     "Impressions to learn from; relative to DATA."},
		{"data.dev", CONFIG_STRING, &s->dev, "behaviors/dev.tsv", NULL, 0, 0,
	     "Impressions to validate on (AUC); relative to DATA. Empty: none, and the latest parameters are kept "
	     "as the best."},
		{"data.history", CONFIG_INT, &s->history, "60", NULL, 1, 100000, "Most recent clicks that are read of a user."},
		{"data.max_title_words", CONFIG_INT, &s->max_title_words, "15", NULL, 1, 1000,
	     "Words that are read of a title."},
		{"data.max_abstract_words", CONFIG_INT, &s->max_abstract_words, "50", NULL, 1, 10000,
	     "Words that are read of an abstract by models that read it."},
		{"data.min_word_count", CONFIG_INT, &s->min_word_count, "1", NULL, 1, 1e9,
	     "Times that a word must stand in the texts read of the training split's news; the rest are one unknown word."},
		{"data.word_width", CONFIG_INT, &s->word_width, "100", NULL, 1, 4096, "Width of a word vector."},
		{"data.word_vectors", CONFIG_STRING, &s->word_vectors, "", NULL, 0, 0,
	     "Pretrained vectors as text, as GloVe's, plain or .gz, relative to the working folder; empty: seeded random "
	     "ones. "
	     "They are trained on."},
		{"data.entity_vectors", CONFIG_STRING, &s->entity_vectors, "entity_embedding.vec", NULL, 0, 0,
	     "Vectors of entities for models that read them, as text, lines \"id x1 ... xN\"; relative to DATA, where "
	     "catalog "
	     "keeps MIND's. They are not trained on. Empty: seeded random ones."},
		{"data.entity_context", CONFIG_STRING, &s->entity_context, "", NULL, 0, 0,
	     "The same of entities' contexts, the means of their neighbours' in a knowledge graph. MIND has none. Empty: "
	     "models that read contexts go without."},
		{"data.entity_width", CONFIG_INT, &s->entity_width, "100", NULL, 1, 4096, "Width of an entity's vector."},
		{"data.standardise", CONFIG_BOOL, &s->standardise, "no", NULL, 0, 0,
	     "Shift and scale each column of the picture features by mean and deviation over the training split's news, "
	     "and rows to an expected norm of 1. The paper reads them as they are."},
		{"data.shuffle_pictures", CONFIG_INT, &s->shuffle_pictures, "0", NULL, 0, 9e15,
	     "A control: seed of a permutation that gives each news the cover regions and the whole-card features of "
	     "another. 0: off."},
		{"data.impression_share", CONFIG_REAL, &s->impression_share, "1", NULL, 0, 1,
	     "Of the news that have an impression (kind impression), the share that keeps it, drawn by train.seed; the "
	     "others "
	     "are read as titles alone, in training and in scoring (IMRec table 5)."},

		{"train.epochs", CONFIG_INT, &s->epochs, "5", NULL, 1, 1e6, "Passes over the clicks of the training split."},
		{"train.steps", CONFIG_INT, &s->steps, "0", NULL, 0, 1e15,
	     "Stop after so many steps at the latest. 0: no limit."},
		{"train.batch", CONFIG_INT, &s->batch, "32", NULL, 1, 65536, "Clicks a step, each with its negatives."},
		{"train.slices", CONFIG_INT, &s->slices, "1", NULL, 1, 65536,
	     "Parts that a step is worked on in, one after another, their gradients summed: the same step with less "
	     "memory."},
		{"train.negatives", CONFIG_INT, &s->negatives, "4", NULL, 1, 1024,
	     "Not-clicked news of the same impression drawn for each click."},
		{"train.learning_rate", CONFIG_REAL, &s->learning_rate, "0.0001", NULL, 1e-12, 10, "Adam's, at its highest."},
		{"train.schedule", CONFIG_CHOICE, &s->schedule, "constant", SCHEDULES, 0, 0,
	     "How the learning rate goes on after the warm-up: it stays, or falls to 0 at the last step along a line or "
	     "half a "
	     "cosine."},
		{"train.warmup", CONFIG_INT, &s->warmup, "0", NULL, 0, 1e12, "Steps that the learning rate rises over."},
		{"train.adam", CONFIG_CHOICE, &s->adam, "dense", "dense|sparse", 0, 0,
	     "dense: every word vector moves at every step, as in the papers' code; sparse: only those of the step's "
	     "words, which "
	     "is cheaper for large vocabularies."},
		{"train.weight_decay", CONFIG_REAL, &s->weight_decay, "0", NULL, 0, 10, "Decoupled (AdamW)."},
		{"train.dropout", CONFIG_REAL, &s->dropout, "0.2", NULL, 0, 0.99,
	     "On word vectors and on what the words' self-attention gives. NRMS's is 0.2; IMRec states none."},
		{"train.clip", CONFIG_REAL, &s->clip, "0", NULL, 0, 1e9, "Largest norm of the gradient. 0: no limit."},
		{"train.seed", CONFIG_INT, &s->seed, "1", NULL, 0, 9e15, "Of initial values, order, negatives and dropout."},
		{"train.feature_memory", CONFIG_INT, &s->feature_memory, "8192", NULL, 1, 1e9,
	     "MB that feature columns may take in memory, those of kind impression aside; what does not fit is read from "
	     "the "
	     "shards as it is needed."},
		{"train.patience", CONFIG_INT, &s->patience, "0", NULL, 0, 1e6,
	     "Stop after so many validations without a better AUC. 0: never."},
		{"train.validate_every", CONFIG_INT, &s->validate_every, "0", NULL, 0, 1e12,
	     "Steps between validations; the last step is validated in any case. 0: after each epoch."},
		{"train.checkpoint_every", CONFIG_INT, &s->checkpoint_every, "1000", NULL, 0, 1e12,
	     "Steps between checkpoints; one is made after each validation in any case. 0: only then."},
	};
	const int count = sizeof keys / sizeof *keys;
	if (count >= SHARED_KEYS_MAX)
		BUG("%d shared keys", count);
	memcpy(out, keys, sizeof keys);
	return count;
}

/* A recommender's own. */
static const struct config_key *own_keys(struct recommender *r)
{
	static const struct config_key none[] = {{0}};
	return r->type->keys ? r->type->keys(r) : none;
}

static int count_keys(const struct config_key *keys)
{
	int n = 0;
	while (keys[n].name)
		n++;
	return n;
}

void settings_open(struct settings *s)
{
	*s = (struct settings){0};
	struct config_key shared[SHARED_KEYS_MAX + ENCODER_KEYS + SPARSE_KEYS];
	int n = shared_keys(s, shared);
	n += encoder_keys(&s->encoder, shared + n);
	n += sparse_keys(&s->sparse, shared + n);
	while (recommender_types[s->recommender_count])
		s->recommender_count++;
	s->recommenders = xcalloc((size_t)s->recommender_count, sizeof *s->recommenders);
	s->keys = xcalloc((size_t)n + 1, sizeof *s->keys);
	memcpy(s->keys, shared, (size_t)n * sizeof *shared);
	for (int i = 0; i < s->recommender_count; i++) {
		struct recommender *r = recommender_types[i]->open();
		r->type = recommender_types[i];
		s->recommenders[i] = r;
		const struct config_key *own = own_keys(r);
		const int more = count_keys(own);
		s->keys = xrealloc(s->keys, (size_t)(n + more) + 1, sizeof *s->keys);
		memcpy(s->keys + n, own, ((size_t)more + 1) * sizeof *own);
		n += more;
	}
	config_init(s->keys);
}

void settings_close(struct settings *s)
{
	if (s->keys)
		config_release(s->keys);
	for (int i = 0; i < s->recommender_count; i++)
		s->recommenders[i]->type->close(s->recommenders[i]);
	free(s->recommenders);
	free(s->keys);
	free(s->chosen);
	*s = (struct settings){0};
}

static enum status unknown_model(const struct settings *s)
{
	struct strbuf names;
	strbuf_init(&names, 4096);
	for (int i = 0; i < s->recommender_count; i++)
		strbuf_printf(&names, "%s%s", i ? ", " : "", recommender_types[i]->name);
	enum status st = status_fail(ST_USAGE, "model.name: there is no \"%s\"; there are: %s", s->model, names.data);
	strbuf_release(&names);
	return st;
}

enum status settings_choose(struct settings *s, struct recommender **r)
{
	*r = NULL;
	for (int i = 0; i < s->recommender_count; i++)
		if (strcmp(recommender_types[i]->name, s->model) == 0)
			*r = s->recommenders[i];
	if (!*r)
		return unknown_model(s);
	(*r)->dropout = s->dropout;
	(*r)->encoder = &s->encoder;
	struct config_key shared[SHARED_KEYS_MAX + ENCODER_KEYS + SPARSE_KEYS];
	int n = shared_keys(s, shared);
	if ((*r)->type->load)
		n += encoder_keys(&s->encoder, shared + n);
	if ((*r)->type->tables & TABLE_SPARSE)
		n += sparse_keys(&s->sparse, shared + n);
	const struct config_key *own = own_keys(*r);
	free(s->chosen);
	s->chosen = xcalloc((size_t)(n + count_keys(own)) + 1, sizeof *s->chosen);
	memcpy(s->chosen, shared, (size_t)n * sizeof *shared);
	memcpy(s->chosen + n, own, (size_t)count_keys(own) * sizeof *own);
	return ST_OK;
}

struct news_data_options settings_news(const struct settings *s, const struct recommender *r, const char *run)
{
	const bool sparse = r->type->tables & TABLE_SPARSE;
	const unsigned tables = r->type->tables | (sparse ? TABLE_READERS | TABLE_CATEGORIES | TABLE_ABSTRACTS : 0);
	return (struct news_data_options){
		.max_title_words = s->max_title_words,
		.min_word_count = s->min_word_count,
		.word_width = (int32_t)s->word_width,
		.word_vectors = s->word_vectors,
		.impression = r->type->reads && r->type->reads(r, "impression"),
		.features = r->type->features ? r->type->features(r) : NULL,
		.feature_memory = s->feature_memory * 1000000,
		.max_abstract_words = tables & TABLE_ABSTRACTS ? s->max_abstract_words : 0,
		.readers = tables & TABLE_READERS,
		.trigrams = tables & TABLE_TRIGRAMS,
		.categories = tables & TABLE_CATEGORIES,
		.entities = tables & TABLE_ENTITIES,
		.entity_width = (int32_t)s->entity_width,
		.entity_vectors = s->entity_vectors,
		.entity_context = s->entity_context,
		.run_folder = run,
		.sparse = sparse ? &s->sparse : NULL,
		.standardise = s->standardise,
		.shuffle_pictures = s->shuffle_pictures,
		.masked = 1 - s->impression_share,
		.seed = (uint64_t)s->seed,
	};
}
