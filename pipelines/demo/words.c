#include "pipelines/demo/words.h"

#include <ctype.h>
#include <string.h>

/* Templates that any subject may use: lists, questions, warnings, as feeds are full of them. */
static const char common_templates[] =
	"%N %a tips that actually work|%N best %a ideas of %Y|%n things to know about %a|Here's why %b want %a|"
	"%N photos: %a and %c|The truth about %a, %b and %c|%n reasons %b can't quit %a|"
	"What's next for %c? %b and %a in %Y|The %n best %m stories of %Y (so far)|This %a is a must for %b|"
	"All about %a before %D|%P explains %c: '%Q'|Watch: %P on %a and %b|%b vs. %a: Which is "
	"better?|"
	"%C's %a surprises %b|%N %c facts about %a that'll surprise you|Why %P won't give up on %a|%m in photos: %a|"
	"%a is back!|Opinion: %m needs %a|%P's %N rules for %a|%b, %a and %c: a %m guide|"
	"The most ridiculous %a in %C|%N years of %a|%C %b rethink %a";

const char words_people[] =
	"Anna Keller|Marcus Dell|Tom Barrow|Ines Duarte|Joy Okafor|Ravi Menon|Claire Dubois|Sam Pike|"
	"René Albert|Lucy Hart|Omar Said|Nora Lindqvist|Pete Vance|Zoë Winters|Hank Moody Jr.|May Chen";
const char words_places[] =
	"Denver|Ohio|Chicago|Texas|Zürich|Portland|Florida|Boston|Norfolk|Seattle|Maine|Austin|Tulsa";
static const char quotes[] =
	"It's not over|We were wrong|Never again|I can't believe it|That's the point|Trust the process";
static const char months[] = "Nov.|November|Dec.|May|April|Oct.";
static const char endings[] =
	" for %m fans| in %m news| and %n more %m tips| in %Y %m poll| and the %m world| in %N %m photos| for a better %m|"
	" with %n %m tips| for %m lovers| at %m week %Y| on %m day|, %m report says|: the %m quiz| (%m video)| - %m news";
static const char sentences[] =
	"%b say %a is changing faster than expected.|The %a has been the talk of %C since %D.|%P, who follows %c closely, "
	"calls it "
	"\"a turning point.\"|It is the latest sign that %a matters to %b.|Here is what %b should know about %a and %c.|"
	"Nearly %N percent of people asked in %C had an opinion on %a.|For years, %b have argued about %c; now %a may "
	"settle it.|"
	"Experts recommend that %b look at %c first.|The news about %a came days after a report on %c.|"
	"\"%Q,\" said %P, speaking about %a.|From %c to %a, here's everything that happened.|Take a look at %a through the "
	"eyes of %b.";

const char *words_each(const char **list, size_t *n)
{
	const char *entry = *list;
	if (!*entry)
		return NULL;
	*n = strcspn(entry, "|");
	*list = entry + *n + (entry[*n] == '|');
	return entry;
}

/* One entry of a list, as a pointer and a length. */
static size_t pick(struct rng *r, const char *list, const char **entry)
{
	uint32_t count = 1;
	for (const char *p = list; *p; p++)
		count += *p == '|';
	uint32_t chosen = rng_below(r, count);
	while (chosen--)
		list = strchr(list, '|') + 1;
	*entry = list;
	return strcspn(list, "|");
}

static void add_pick(struct rng *r, const char *list, struct strbuf *out)
{
	const char *entry;
	size_t n = pick(r, list, &entry);
	strbuf_add(out, entry, n);
}

/* As add_pick, but the earlier in the list, the likelier: words of the news are far from equally frequent. */
static void add_common_pick(struct rng *r, const char *list, struct strbuf *out)
{
	const char *entry, *first = list + strlen(list);
	size_t n = 0;
	for (int i = 0; i < 3; i++) {
		size_t m = pick(r, list, &entry);
		n = entry < first ? m : n;
		first = entry < first ? entry : first;
	}
	strbuf_add(out, first, n);
}

/* Numbers of headlines: mostly lists of 10 to 50. */
static void add_number(struct rng *r, char kind, struct strbuf *out)
{
	if (kind == 'n')
		strbuf_printf(out, "%u", 2 + rng_below(r, 10));
	else if (kind == 'N')
		strbuf_printf(out, "%u", 10 + rng_below(r, rng_below(r, 3) ? 41 : 90));
	else
		strbuf_printf(out, "%u", 2014 + rng_below(r, 7));
}

static void add_slot(struct rng *r, const struct topic *t, char slot, struct strbuf *out)
{
	switch (slot) {
	case 'a':
		add_common_pick(r, t->a, out);
		break;
	case 'b':
		add_common_pick(r, t->b, out);
		break;
	case 'c':
		add_common_pick(r, t->c, out);
		break;
	case 'm':
		add_common_pick(r, t->marks, out);
		break;
	case 'P':
		add_pick(r, words_people, out);
		break;
	case 'C':
		add_pick(r, words_places, out);
		break;
	case 'Q':
		add_pick(r, quotes, out);
		break;
	case 'D':
		add_pick(r, months, out);
		strbuf_printf(out, " %u", 1 + rng_below(r, 28));
		break;
	case 'n':
	case 'N':
	case 'Y':
		add_number(r, slot, out);
		break;
	default:
		BUG("no such slot: %%%c", slot);
	}
}

static void expand(struct rng *r, const struct topic *t, const char *template, size_t n, struct strbuf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (template[i] == '%')
			add_slot(r, t, template[++i], out);
		else
			strbuf_putc(out, template[i]);
	}
}

static int small_word(const char *word, size_t n)
{
	static const char *const small[] = {"a",  "an", "and", "as", "at",  "by", "for", "in",
	                                    "is", "of", "on",  "or", "the", "to", "vs.", "with"};
	for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++)
		if (strlen(small[i]) == n && !strncmp(small[i], word, n))
			return 1;
	return 0;
}

/* "Here's Why Doctors Love It": half of all newsrooms write like this. */
static void title_case(char *s)
{
	char *word = s;
	while (*word) {
		size_t n = strcspn(word, " ");
		if (word == s || !small_word(word, n)) {
			char *letter = word + (*word == '\'' || *word == '"' || *word == '(');
			*letter = (char)toupper((unsigned char)*letter);
		}
		word += n;
		word += *word == ' ';
	}
}

const struct topic *topic_pick(struct rng *r, int category)
{
	int first = 0, count = 0;
	for (int i = 0; i < topic_count; i++) {
		if (strcmp(topics[i].category, categories[category]))
			continue;
		first = count++ ? first : i;
	}
	return &topics[first + (int)rng_below(r, (uint32_t)count)];
}

void words_title(struct rng *r, const struct topic *t, struct strbuf *out)
{
	const char *template;
	size_t at = out->len;
	size_t n = pick(r, rng_below(r, 3) == 0 ? common_templates : t->templates, &template);
	expand(r, t, template, n, out);
	if (!memchr("?!)", out->data[out->len - 1], 3) && rng_below(r, 8)) {
		n = pick(r, endings, &template);
		expand(r, t, template, n, out);
	}
	char *title = out->data + at;
	title[0] = (char)toupper((unsigned char)title[0]);
	if (rng_below(r, 5) < 4)
		title_case(title);
}

void words_paragraph(struct rng *r, const struct topic *t, int count, struct strbuf *out)
{
	for (int i = 0; i < count; i++) {
		const char *template;
		size_t n = pick(r, sentences, &template);
		if (i)
			strbuf_putc(out, ' ');
		size_t at = out->len;
		expand(r, t, template, n, out);
		out->data[at] = (char)toupper((unsigned char)out->data[at]);
	}
}

void words_abstract(struct rng *r, const struct topic *t, struct strbuf *out)
{
	/* One in twenty real stories has none. */
	if (rng_below(r, 20))
		words_paragraph(r, t, 1 + (int)rng_below(r, 4), out);
}
