"""A small world of impressions and its sparse features, written from the definition in model/train/sparse_features.h, field by field,
for references of feature-based recommenders."""
import math

import numpy as np
import recommender_golden

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
