/* BERT against PyTorch: a small one in golden/bert.safetensors and .h5 (made by bert_reference.py), and the published MiniLM
 * on real headlines. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "model/encoders/bert.h"
#include "model/text/wordpiece.h"
#include "tests/support/golden.h"
#include "tests/support/samples.h"
#include "tests/support/scratch.h"

#define WEIGHTS "tests/parity/golden/bert.safetensors"
#define EPSILON 1e-12

/* What bert_reference.py builds. */
static const struct bert_config tiny = {.width = 12,
                                        .layers = 3,
                                        .heads = 3,
                                        .inner = 20,
                                        .vocabulary = 17,
                                        .positions = 9,
                                        .types = 2,
                                        .activation = ACTIVATION_GELU,
                                        .epsilon = EPSILON};
static const struct transformer_dropout none = {0, 0};

struct world {
	struct h5_file *golden;
	struct params frozen, tuned;
	struct bert bert;
	struct bert_input in;
	int32_t *id, *type, *offset;
	float *weight, *upstream;
	struct tape tape;
};

static void world_open(struct world *x, int64_t frozen)
{
	const struct bert_options o = {.frozen = frozen, .pooler = BERT_POOLER};
	struct weights *w;
	size_t offsets;
	memset(x, 0, sizeof *x);
	must(h5_open(&x->golden, "tests/parity/golden/bert.h5"));
	must(bert_init(&x->bert, &tiny, &o, "bert", &x->frozen, &x->tuned));
	params_seal_frozen(&x->frozen);
	params_seal(&x->tuned, 1);
	must(weights_open(&w, WEIGHTS));
	must(bert_read(&x->bert, w));
	weights_close(w);
	x->id = golden_read(x->golden, "id", H5_I32, NULL);
	x->type = golden_read(x->golden, "type", H5_I32, NULL);
	x->offset = golden_read(x->golden, "offset", H5_I32, &offsets);
	x->weight = golden_read(x->golden, "weight", H5_F32, NULL);
	x->upstream = golden_read(x->golden, "upstream", H5_F32, NULL);
	x->in = (struct bert_input){x->id, x->type, {x->offset, (int32_t)offsets - 1}};
	tape_init(&x->tape, true);
}

static void world_close(struct world *x)
{
	tape_release(&x->tape);
	params_release(&x->frozen);
	params_release(&x->tuned);
	free(x->id);
	free(x->type);
	free(x->offset);
	free(x->weight);
	free(x->upstream);
	h5_close(x->golden);
}

static int64_t tokens(const struct world *x)
{
	return x->offset[x->in.titles.count];
}

/* What the reference sends gradients back from: the pooler's result and a sum over each title's states. */
static struct tensor *finish(struct world *x, struct tensor *hidden)
{
	struct tape *t = &x->tape;
	const int64_t n = tokens(x);
	struct tensor *first = bert_first(t, hidden, &x->in.titles), *pooled = bert_pool(&x->bert, t, first);
	struct tensor *y = op_add(t, pooled, op_segment_sum(t, hidden, tape_borrow(t, 1, &n, x->weight), &x->in.titles));
	must(tape_status(t));
	golden_expect(x->golden, "cls", first->data, tensor_size(first));
	golden_expect(x->golden, "pooled", pooled->data, tensor_size(pooled));
	golden_expect(x->golden, "y", y->data, tensor_size(y));
	return y;
}

static void expect_hidden(struct world *x, int64_t layer, const real *found)
{
	char *name = path_printf("hidden.%lld", (long long)layer);
	golden_expect(x->golden, name, found, tokens(x) * tiny.width);
	free(name);
}

static void outputs_and_gradients_match(void **state)
{
	(void)state;
	struct world x;
	world_open(&x, BERT_ALL_TUNED);
	assert_int_equal(x.frozen.count, 0);
	assert_int_equal(x.tuned.count, 5 + 3 * 16 + 2);
	struct tensor *hidden = bert_embed(&x.bert, &x.tape, &x.in, none);
	for (int64_t i = 0; i < tiny.layers; i++) {
		must(tape_status(&x.tape));
		expect_hidden(&x, i, hidden->data);
		hidden = bert_layers(&x.bert, &x.tape, hidden, &x.in.titles, i, i + 1, none);
	}
	must(tape_status(&x.tape));
	expect_hidden(&x, tiny.layers, hidden->data);
	must(tape_backward_from(&x.tape, finish(&x, hidden), x.upstream));
	golden_expect_gradients(x.golden, &x.tuned, "bert");
	world_close(&x);
}

/* A frozen trunk's output, kept, stands for its layers: the same result, and the same gradients above them. */
static void a_frozen_trunk_is_run_once(void **state)
{
	(void)state;
	struct world x;
	world_open(&x, 2);
	assert_int_equal(x.frozen.count, 5 + 2 * 16);
	assert_int_equal(x.tuned.count, 16 + 2);
	real *kept = malloc((size_t)(tokens(&x) * tiny.width) * sizeof *kept);
	assert_non_null(kept);
	must(bert_infer(&x.bert, &x.in, 2, kept));
	expect_hidden(&x, 2, kept);
	const int64_t dim[] = {tokens(&x), tiny.width};
	struct tensor *hidden = tape_borrow(&x.tape, 2, dim, kept);
	hidden = bert_layers(&x.bert, &x.tape, hidden, &x.in.titles, 2, 3, none);
	must(tape_backward_from(&x.tape, finish(&x, hidden), x.upstream));
	golden_expect_gradients(x.golden, &x.tuned, "bert");
	/* On the tape from the first token on, too, frozen layers leave no gradients, and the same ones above. */
	tape_reset(&x.tape);
	params_zero_grad(&x.tuned);
	hidden = bert_layers(&x.bert, &x.tape, bert_embed(&x.bert, &x.tape, &x.in, none), &x.in.titles, 0, 2, none);
	must(tape_status(&x.tape));
	assert_null(hidden->grad);
	assert_null(x.tape.last);
	hidden = bert_layers(&x.bert, &x.tape, hidden, &x.in.titles, 2, 3, none);
	must(tape_backward_from(&x.tape, finish(&x, hidden), x.upstream));
	golden_expect_gradients(x.golden, &x.tuned, "bert");
	for (int64_t layer = 0; layer <= 3; layer++) {
		must(bert_infer(&x.bert, &x.in, layer, kept));
		expect_hidden(&x, layer, kept);
	}
	free(kept);
	world_close(&x);
}

/* A title's states do not depend on what is packed beside it. */
static void titles_do_not_see_each_other(void **state)
{
	(void)state;
	struct world x;
	world_open(&x, BERT_ALL_TUNED);
	real *together = malloc((size_t)(tokens(&x) * tiny.width) * sizeof *together);
	real *alone = malloc((size_t)(tokens(&x) * tiny.width) * sizeof *alone);
	assert_true(together && alone);
	must(bert_infer(&x.bert, &x.in, 3, together));
	const int32_t length = x.offset[3] - x.offset[2], offset[] = {0, length};
	const struct bert_input third = {x.id + x.offset[2], x.type + x.offset[2], {offset, 1}};
	must(bert_infer(&x.bert, &third, 3, alone));
	for (int64_t i = 0; i < length * tiny.width; i++)
		assert_true(fabs((double)alone[i] - (double)together[x.offset[2] * tiny.width + i]) < 1e-5);
	/* No titles at all is no failure; a token beyond the vocabulary, or a title beyond the positions, is one. */
	const struct bert_input nothing = {x.id, NULL, {offset, 0}};
	must(bert_infer(&x.bert, &nothing, 3, alone));
	const int32_t wrong[10] = {2, 17}, two[] = {0, 2}, ten[] = {0, 10};
	const struct bert_input unknown = {wrong, NULL, {two, 1}}, long_title = {x.id, NULL, {ten, 1}};
	assert_int_equal(bert_infer(&x.bert, &unknown, 3, alone), ST_USAGE);
	assert_string_equal(status_message(), "embedding: index 1 is 17, but there are 17 rows");
	assert_int_equal(bert_infer(&x.bert, &long_title, 3, alone), ST_USAGE);
	free(together);
	free(alone);
	world_close(&x);
}

static void other_networks_are_refused(void **state)
{
	(void)state;
	struct params ps = {0}, more = {0};
	struct bert b;
	struct weights *w;
	struct bert_config c = tiny;
	c.inner = 21;
	c.layers = 2;
	must(bert_init(&b, &c, &(struct bert_options){.frozen = 2}, "bert", &ps, &ps));
	params_seal_frozen(&ps);
	must(weights_open(&w, WEIGHTS));
	assert_int_equal(bert_read(&b, w), ST_MALFORMED);
	/* The third layer and the pooler are passed over; what does not fit is named. */
	assert_non_null(
		strstr(status_message(), "6 of another shape: bert.encoder.layer.0.intermediate.dense.bias [20] "
	                             "instead of [21]") ||
		strstr(status_message(), "bert.encoder.layer.0.intermediate.dense.weight [20, 12] instead of [21, 12]"));
	assert_null(strstr(status_message(), "unknown"));
	c = tiny;
	c.heads = 5;
	assert_int_equal(bert_init(&b, &c, &(struct bert_options){.frozen = 2}, "bert", &more, &more), ST_USAGE);
	weights_close(w);
	params_release(&ps);
	params_release(&more);
}

static void configurations_are_checked(void **state)
{
	(void)state;
	struct bert_config c;
	static const char good[] = "{\"hidden_size\": 8, \"num_hidden_layers\": 2, \"num_attention_heads\": 2, "
							   "\"intermediate_size\": 16, \"vocab_size\": 30, \"max_position_embeddings\": 12, "
							   "\"type_vocab_size\": 2, \"hidden_act\": \"gelu\", \"layer_norm_eps\": 1e-6}";
	must(bert_config_read(&c, scratch_text("good.json", good)));
	assert_true(c.width == 8 && c.layers == 2 && c.heads == 2 && c.inner == 16 && c.vocabulary == 30);
	assert_true(c.positions == 12 && c.types == 2 && c.activation == ACTIVATION_GELU && c.epsilon == 1e-6);
	static const struct {
		const char *from, *to, *message;
	} bad[] = {
		{"\"hidden_size\": 8", "\"hidden_size\": 9", ": num_attention_heads: 2 do not divide a hidden_size of 9"},
		{"gelu", "mish", ": hidden_act: expected gelu, gelu_new, gelu_pytorch_tanh, quick_gelu or relu"},
		{"vocab_size\": 30", "vocab_size\": -1", ": vocab_size: expected a whole number from 1 to 16777216"},
		{"1e-6", "1", ": layer_norm_eps: expected a number between 0 and 1"}};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const char *at = strstr(good, bad[i].from);
		char *text = path_printf("%.*s%s%s", (int)(at - good), good, bad[i].to, at + strlen(bad[i].from));
		assert_int_equal(bert_config_read(&c, scratch_text("bad.json", text)), ST_MALFORMED);
		assert_non_null(strstr(status_message(), bad[i].message));
		free(text);
	}
	assert_int_equal(bert_config_read(&c, scratch_text("bad.json", "[]")), ST_MALFORMED);
	assert_int_equal(bert_config_read(&c, scratch_text("bad.json", "{")), ST_MALFORMED);
}

/* MiniLM ------------------------------------------------------------------------------------------------------------*/

#define MINILM_CONFIG  "weights/minilm-l6-v2.config.json"
#define MINILM_WEIGHTS "weights/minilm-l6-v2.fp16.safetensors"
#define VOCABULARY     "tokenizers/bert-base-uncased-vocab.txt"
#define HEADLINES      "headlines/headlines.txt"

struct minilm {
	struct params ps;
	struct bert bert;
	struct wordpiece *pieces;
};

static void minilm_open(struct minilm *m)
{
	struct bert_config c;
	struct weights *w;
	memset(m, 0, sizeof *m);
	must(bert_config_read(&c, sample_path(MINILM_CONFIG)));
	must(bert_init(&m->bert, &c, &(struct bert_options){.frozen = c.layers}, "bert", &m->ps, &m->ps));
	params_seal_frozen(&m->ps);
	must(weights_open(&w, sample_path(MINILM_WEIGHTS)));
	must(bert_read(&m->bert, w));
	weights_close(w);
	must(wordpiece_open(&m->pieces, sample_path(VOCABULARY), WORDPIECE_UNCASED));
}

static void minilm_close(struct minilm *m)
{
	params_release(&m->ps);
	wordpiece_close(m->pieces);
}

/* The first state and the mean of all, [width] each. */
static void encode(const struct minilm *m, const char *title, real *first, real *mean)
{
	const int64_t width = m->bert.config.width;
	struct tokens t = {0};
	int32_t id[64], offset[2] = {0};
	wordpiece_encode(m->pieces, title, 64, &t);
	for (size_t i = 0; i < t.count; i++)
		id[i] = t.list[i].id;
	offset[1] = (int32_t)t.count;
	real *out = malloc(t.count * (size_t)width * sizeof *out);
	assert_non_null(out);
	must(bert_infer(&m->bert, &(struct bert_input){id, NULL, {offset, 1}}, m->bert.config.layers, out));
	for (int64_t j = 0; j < width; j++) {
		double sum = 0;
		for (size_t i = 0; i < t.count; i++)
			sum += (double)out[(int64_t)i * width + j];
		mean[j] = (real)(sum / (double)t.count);
		first[j] = out[j];
	}
	free(out);
	tokens_release(&t);
}

static void skip_without_minilm(void)
{
	sample_or_skip(MINILM_CONFIG);
	sample_or_skip(MINILM_WEIGHTS);
	sample_or_skip(VOCABULARY);
	sample_or_skip(HEADLINES);
}

static void minilm_matches_pytorch(void **state)
{
	(void)state;
	struct minilm m;
	struct h5_file *f;
	struct strbuf text;
	size_t count;
	skip_without_minilm();
	minilm_open(&m);
	must(h5_open(&f, "tests/parity/golden/minilm.h5"));
	strbuf_init(&text, 16u << 20);
	must(file_read(sample_path(HEADLINES), &text));
	int32_t *line = golden_read(f, "line", H5_I32, &count);
	real *first = calloc(count, 384 * sizeof *first), *mean = calloc(count, 384 * sizeof *mean);
	const char *at = text.data;
	for (int32_t i = 0, n = 0; n < (int32_t)count; i++) {
		const char *end = strchr(at, '\n');
		assert_non_null(end);
		if (i == line[n]) {
			char *title = strndup(at, (size_t)(end - at));
			encode(&m, title, first + 384 * n, mean + 384 * n);
			free(title);
			n++;
		}
		at = end + 1;
	}
	golden_expect(f, "cls", first, 384 * (int64_t)count);
	golden_expect(f, "mean", mean, 384 * (int64_t)count);
	free(line);
	free(first);
	free(mean);
	strbuf_release(&text);
	h5_close(f);
	minilm_close(&m);
}

static double cosine(const real *a, const real *b)
{
	double ab = 0, aa = 0, bb = 0;
	for (int i = 0; i < 384; i++) {
		ab += (double)a[i] * (double)b[i];
		aa += (double)a[i] * (double)a[i];
		bb += (double)b[i] * (double)b[i];
	}
	return ab / sqrt(aa * bb);
}

/* Of each three, the first two are about one thing. */
static void related_headlines_are_near(void **state)
{
	(void)state;
	static const char *const trio[][3] = {
		{"Strong earthquake shakes the island", "Seismic tremor rocks coastal region",
	     "Bank raises interest rates again"},
		{"Striker scores twice in cup final", "Football team wins the cup with two late goals",
	     "New phone has a better camera"},
		{"Senate votes on the tax bill", "Lawmakers debate tax reform", "Ten recipes for chocolate cake"},
		{"Doctors test a new cancer drug", "Clinical trial of tumour treatment begins", "Storm closes the airport"},
		{"How to bake bread at home", "An easy recipe for sourdough loaves", "President meets foreign minister"},
		{"Stocks fall as oil prices rise", "Wall Street slides on energy costs", "Puppy rescued from river"},
	};
	struct minilm m;
	real vector[3][384], first[384];
	skip_without_minilm();
	minilm_open(&m);
	for (size_t i = 0; i < sizeof trio / sizeof *trio; i++) {
		for (int k = 0; k < 3; k++)
			encode(&m, trio[i][k], first, vector[k]);
		const double near = cosine(vector[0], vector[1]);
		const double far = fmax(cosine(vector[0], vector[2]), cosine(vector[1], vector[2]));
		if (!(near > far + 0.15))
			fail_msg("\"%s\" and \"%s\": cosine %.3f; with \"%s\": %.3f", trio[i][0], trio[i][1], near, trio[i][2],
			         far);
	}
	minilm_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outputs_and_gradients_match),  cmocka_unit_test(a_frozen_trunk_is_run_once),
		cmocka_unit_test(titles_do_not_see_each_other), cmocka_unit_test(other_networks_are_refused),
		cmocka_unit_test(configurations_are_checked),   cmocka_unit_test(minilm_matches_pytorch),
		cmocka_unit_test(related_headlines_are_near),
	};
	return cmocka_run_group_tests_name("bert", tests, scratch_make, scratch_remove);
}
