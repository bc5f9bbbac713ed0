"""Seven news and four impressions with sparse features, worked out one candidate at a time from what
model/train/sparse_features.h says of them. Shared by the references of feature-based recommenders."""
import math

import numpy as np
import recommender_golden

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
