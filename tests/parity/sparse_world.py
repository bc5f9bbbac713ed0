<<<<<<< HEAD
"""Seven news and four impressions with sparse features, worked out one candidate at a time from what
model/train/sparse_features.h says of them. Shared by the references of feature-based recommenders."""
=======
"""A small world of impressions and its sparse features, written from the definition in model/train/sparse_features.h, field by field,
for references of feature-based recommenders."""
>>>>>>> 37fc153 (LR and FM over hashed sparse features: on the tape, and by passes of SGD and ALS over mapped samples)
import math

import numpy as np
import recommender_golden

<<<<<<< HEAD
UNKNOWN_WORD, WORDS_READ, CLICKS_READ = 0, 4, 3


def mix(x):
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
    return x ^ x >> 31


def name_hash(name):
    """FNV-1a in 64 bits."""
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001B3 % 2**64
    return h


class World:
    """A news without title, some without abstract, one that training does not have; a category that it does not have;
    an unseen reader; an empty history; a news clicked twice; times before, at and after clicks."""

    VOCABULARY, READERS, CATEGORIES, SUBCATEGORIES = 13, 3, 3, 5
    PLAIN = (
        "user news category subcategory title abstract hour popularity click-category click-subcategory click-words"
    ).split()
    CROSSES = "user-x-category click-category-x-category click-subcategory-x-subcategory click-news-x-news".split()

    def __init__(self, seed, buckets=64):
        rng = np.random.default_rng(seed)
        self.buckets = buckets
        self.title = [rng.integers(0, self.VOCABULARY, n).astype(np.int32) for n in [5, 3, 0, 1, 6, 4, 2]]
        self.abstract = [rng.integers(0, self.VOCABULARY, n).astype(np.int32) for n in [7, 4, 0, 2, 0, 9, 3]]
        self.category = np.array([1, 2, 0, 1, 3, 1, 2], np.int32)
        self.subcategory = np.array([1, 4, 0, 2, 3, 5, 4], np.int32)
        self.known = np.array([1, 1, 1, 1, 1, 0, 1], np.uint8)
        self.user = [2, 0, 3, 1]
        self.history = [[0, 3, 4, 5], [], [6], [1, 2, 1]]
        self.candidates = [[1, 0, 6], [4, 2], [3, 5, 2, 0], [5, 6, 4]]
        self.time = [1573800000, 1573803700, 1573890000, 1573859999]
        before = {0: [100, 3600, 7200], 1: [0], 3: [59999, 60000, 86000, 86100, 89000], 6: [3000, 59999, 60001]}
        self.clicked = [sorted(1573800000 + t for t in before.get(i, [])) for i in range(7)]

    def documents(self, texts):
        return [sum(k and w in t for k, t in zip(self.known, texts)) for w in range(self.VOCABULARY)]

    def tf_idf(self, texts, i):
        documents, n = self.documents(texts), int(self.known.sum())
        x = {
            w: np.sum(texts[i] == w) * (math.log((1 + n) / (1 + documents[w])) + 1)
            for w in sorted(set(texts[i].tolist()) - {UNKNOWN_WORD})
            if documents[w]
        }
        norm = math.sqrt(sum(v * v for v in x.values()))
        return {w: v / norm for w, v in x.items()}

    def shares(self, number, history):
        """The numbers that the clicks have, and the share of all clicks that has each."""
        return {a: sum(number[j] == a for j in history) / len(history) for a in sorted(set(number[history])) if a > 0}

    def click_words(self, history):
        x = {}
        for j in history:
            for w, v in self.tf_idf(self.title, j).items():
                x[w] = x.get(w, 0) + v
        heaviest = sorted(x, key=lambda w: (-x[w], w))[:WORDS_READ]
        norm = math.sqrt(sum(x[w] ** 2 for w in heaviest))
        return {w: x[w] / norm for w in sorted(heaviest)}

    def popularity(self, row, time):
        clicks = sum(t < time for t in self.clicked[row])
        return 0 if clicks == 0 else 1 + int(math.log2(clicks))

    def numbers(self, i, row):
        """Of candidate `row` of impression i: by field, what is hashed, with its value."""
        user, history, time = self.user[i], np.array(self.history[i], int), self.time[i]
        one = lambda *number: [(number, 1.0)] if all(n > 0 for n in number) else []
        several = lambda x: [((a,), v) for a, v in x.items()]
        crossed = lambda x, b: [((a, b), v) for a, v in x.items() if b > 0]
        categories, subcategories = self.shares(self.category, history), self.shares(self.subcategory, history)
        latest = history[-CLICKS_READ:]
        return {
            "user": one(user),
            "news": [((row,), 1.0)] if self.known[row] else [],
            "category": one(self.category[row]),
            "subcategory": one(self.subcategory[row]),
            "title": several(self.tf_idf(self.title, row)),
            "abstract": several(self.tf_idf(self.abstract, row)),
            "hour": [((time // 3600 % 24,), 1.0)],
            "popularity": [((self.popularity(row, time),), 1.0)],
            "click-category": several(categories),
            "click-subcategory": several(subcategories),
            "click-words": several(self.click_words(history)),
            "user-x-category": one(user, self.category[row]),
            "click-category-x-category": crossed(categories, self.category[row]),
            "click-subcategory-x-subcategory": crossed(subcategories, self.subcategory[row]),
            "click-news-x-news": [
                ((j, row), 1 / len(latest)) for j in latest if self.known[j] and self.known[row]
            ],
        }

    def bucket(self, field, number):
        h = name_hash(field)
        for a in number:
            h = mix((h + int(a)) % 2**64)
        return h % self.buckets

    def fields(self, i, row, names):
        """A list of (bucket, value) for each field named."""
        numbers = self.numbers(i, row)
        return [[(self.bucket(name, number), value) for number, value in numbers[name]] for name in names]

    def datasets(self):
        since = [[t[n - 1] for n in (1, 2, 4, 8) if n <= len(t)] for t in self.clicked]
        times = recommender_golden.packed("sparse/popular_since", since, np.int64, np.int64)
        return {
            **recommender_golden.titles(self.title),
            **recommender_golden.packed("abstract", self.abstract, np.int32, np.int64),
            **recommender_golden.impressions(self.history, self.candidates, self.user),
            "time": np.array(self.time, np.int64),
            "category": self.category,
            "subcategory": self.subcategory,
            "sparse/known": self.known,
            "sparse/title": np.array(self.documents(self.title), np.int32),
            "sparse/abstract": np.array(self.documents(self.abstract), np.int32),
            "sparse/popular_offset": times["sparse/popular_since_offset"],
            "sparse/popular_since": times["sparse/popular_since"],
        }

    def attributes(self):
        return {
            "vocabulary": self.VOCABULARY,
            "readers": self.READERS,
            "categories": self.CATEGORIES,
            "subcategories": self.SUBCATEGORIES,
        }

    def settings(self):
        return [f"sparse.buckets={self.buckets}", f"sparse.words={WORDS_READ}", f"sparse.clicks={CLICKS_READ}"]
=======
BUCKETS, WORDS, READERS, CATEGORIES, SUBCATEGORIES = 64, 9, 3, 3, 5
CLICK_WORDS, CLICKS = 3, 2
SETTINGS = [f"sparse.buckets={BUCKETS}", f"sparse.words={CLICK_WORDS}", f"sparse.clicks={CLICKS}"]
BITS = (1 << 64) - 1
DAY = 1573689600  # midnight


def fnv(name):
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001B3 & BITS
    return h


def mix(x):
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & BITS
    x = (x ^ x >> 27) * 0x94D049BB133111EB & BITS
    return x ^ x >> 31


class World:
    """Seven news and four impressions. News 5 and 6 are not in training; news 2 has no text, news 4 no abstract; a reader and
    categories that training has not; an empty history; a news clicked twice; an impression before all clicks, one at the second of one."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.title = [rng.integers(0, WORDS, n).astype(np.int32) for n in [5, 3, 0, 1, 6, 4, 2]]
        self.abstract = [rng.integers(0, WORDS, n).astype(np.int32) for n in [7, 4, 0, 2, 0, 9, 3]]
        self.category = np.array([1, 2, 0, 1, 3, 1, 2], np.int32)
        self.subcategory = np.array([1, 4, 0, 2, 3, 5, 4], np.int32)
        self.known = np.array([1, 1, 1, 1, 1, 0, 0], np.uint8)
        self.clicked = [[DAY + 500 * i for i in range(9)], [DAY + 100], [], [DAY + 7, DAY + 7, DAY + 4000], [], [], []]
        self.user = [2, 0, 3, 1]
        self.time = [DAY + 2500, DAY - 1, DAY + 86400 - 1, DAY + 4000]
        self.history = [[0, 3, 4, 5], [], [6], [1, 2, 1]]
        self.candidates = [[1, 0, 6], [4, 2], [3, 5, 2, 0], [5, 0, 4, 3]]
        self.news = len(self.title)
        self.weights = {"title": self.tf_idf(self.title), "abstract": self.tf_idf(self.abstract)}

    def documents(self, texts):
        return [sum(word in texts[i] for i in range(self.news) if self.known[i]) for word in range(WORDS)]

    def tf_idf(self, texts):
        """Each text as a dict of words and weights; word 0 is the unknown one."""
        df, n, out = self.documents(texts), int(self.known.sum()), []
        for text in texts:
            x = {w: list(text).count(w) * (math.log((1 + n) / (1 + df[w])) + 1) for w in set(text) if w > 0 and df[w] > 0}
            norm = math.sqrt(sum(v * v for v in x.values()))
            out.append({int(w): v / norm for w, v in x.items()})
        return out

    def popularity(self, news, time):
        count = sum(t < time for t in self.clicked[news])
        return 0 if count == 0 else 1 + int(math.log2(count))

    def share(self, numbers, clicks):
        return {n: sum(numbers[j] == n for j in clicks) / len(clicks) for n in {int(numbers[j]) for j in clicks} if n > 0}

    def click_words(self, clicks):
        total = {}
        for j in clicks:
            for w, v in self.weights["title"][j].items():
                total[w] = total.get(w, 0) + v
        best = sorted(total, key=lambda w: (-total[w], w))[:CLICK_WORDS]
        norm = math.sqrt(sum(total[w] ** 2 for w in best))
        return {w: total[w] / norm for w in best}

    def plain(self, i, c):
        clicks = self.history[i]
        one = lambda number, there=True: {int(number): 1.0} if there else {}
        yield "user", one(self.user[i], self.user[i] > 0)
        yield "news", one(c, self.known[c])
        yield "category", one(self.category[c], self.category[c] > 0)
        yield "subcategory", one(self.subcategory[c], self.subcategory[c] > 0)
        yield "title", self.weights["title"][c]
        yield "abstract", self.weights["abstract"][c]
        yield "hour", one(self.time[i] // 3600 % 24)
        yield "popularity", one(self.popularity(c, self.time[i]))
        yield "click-category", self.share(self.category, clicks)
        yield "click-subcategory", self.share(self.subcategory, clicks)
        yield "click-words", self.click_words(clicks)

    def crosses(self, i, c):
        clicks, category, subcategory = self.history[i], int(self.category[c]), int(self.subcategory[c])
        latest = clicks[-CLICKS:]
        pair = lambda shares, number: {(a, number): v for a, v in shares.items()} if number > 0 else {}
        yield "user-x-category", pair({self.user[i]: 1.0} if self.user[i] else {}, category)
        yield "click-category-x-category", pair(self.share(self.category, clicks), category)
        yield "click-subcategory-x-subcategory", pair(self.share(self.subcategory, clicks), subcategory)
        news = [((j, c), 1 / len(latest)) for j in latest if self.known[j] and self.known[c]]
        yield "click-news-x-news", news

    @staticmethod
    def bucket(name, number):
        if isinstance(number, tuple):
            return mix((mix((fnv(name) + number[0]) & BITS) + number[1]) & BITS) % BUCKETS
        return mix((fnv(name) + number) & BITS) % BUCKETS

    def fields(self, i, c, crosses=False):
        """The fields of candidate c of impression i, each a list of buckets and values."""
        found = list(self.plain(i, c)) + (list(self.crosses(i, c)) if crosses else [])
        pairs = lambda x: x.items() if isinstance(x, dict) else x
        return [[(self.bucket(name, number), value) for number, value in pairs(x)] for name, x in found]

    def vectors(self, crosses=False):
        """The hashed vector of each candidate, [candidates, BUCKETS]."""
        rows = []
        for i, candidates in enumerate(self.candidates):
            for c in candidates:
                x = np.zeros(BUCKETS)
                for field in self.fields(i, c, crosses):
                    for bucket, value in field:
                        x[bucket] += value
                rows.append(x)
        return np.array(rows)

    def clicked_first(self):
        return np.array([float(k == 0) for candidates in self.candidates for k in range(len(candidates))])

    def datasets(self):
        """As tests/parity/test_recommenders.c reads them."""
        since = [[times[k] for k in (2**b - 1 for b in range(20)) if k < len(times)] for times in map(sorted, self.clicked)]
        flat = [t for times in since for t in times]
        return {
            **recommender_golden.titles(self.title),
            **recommender_golden.packed("abstract", self.abstract, np.int32, np.int64),
            "category": self.category, "subcategory": self.subcategory,
            "time": np.array(self.time, np.int64), "sparse/known": self.known,
            "sparse/title": np.array(self.documents(self.title), np.int32),
            "sparse/abstract": np.array(self.documents(self.abstract), np.int32),
            "sparse/popular_offset": np.cumsum([0] + [len(x) for x in since]).astype(np.int64),
            "sparse/popular_since": np.array(flat, np.int64),
            **recommender_golden.impressions(self.history, self.candidates, self.user),
        }

    def attributes(self):
        return {"vocabulary": WORDS, "readers": READERS, "categories": CATEGORIES, "subcategories": SUBCATEGORIES}
>>>>>>> 37fc153 (LR and FM over hashed sparse features: on the tape, and by passes of SGD and ALS over mapped samples)
