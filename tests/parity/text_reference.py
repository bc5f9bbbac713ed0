#!/usr/bin/env python3
"""NAML, NPA, DSSM and EBNR in PyTorch, written from the papers' equations, and their golden files.

    python3 tests/parity/text_reference.py

Written unlike the C code on purpose: news by news, word by word, bags of words and trigrams as whole vectors of counts.
"""
import os

import numpy as np
import recommender_golden
import torch
from reference import VOCABULARY, WORD, Pool
from torch import nn

TRIGRAMS, READERS, CATEGORIES, SUBCATEGORIES = 17, 3, 3, 5


class World:
    """Seven news and four impressions: a news without title, one without abstract, one without either; a category and a reader that
    training has not; an empty history; a news clicked twice."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.title = [rng.integers(0, VOCABULARY, n).astype(np.int32) for n in [5, 3, 0, 1, 6, 4, 2]]
        self.abstract = [rng.integers(0, VOCABULARY, n).astype(np.int32) for n in [7, 4, 0, 2, 0, 9, 3]]
        self.trigram = [rng.integers(1, TRIGRAMS + 1, n).astype(np.int32) for n in [14, 9, 0, 3, 17, 11, 5]]
        self.category = np.array([1, 2, 0, 1, 3, 1, 2], np.int32)
        self.subcategory = np.array([1, 4, 0, 2, 3, 5, 4], np.int32)
        self.user = [2, 0, 3, 1]
        self.history = [[0, 3, 4, 5], [], [6], [1, 2, 1]]
        self.candidates = [[1, 0, 6], [4, 2], [3, 5, 2, 0], [5, 6, 4]]


def zeros(width):
    return torch.zeros(width, dtype=torch.float64)


def rank(world, encode, read, news=None):
    """Scores by a dot product, and the mean of -log softmax of the first."""
    scores, loss = [], 0
    for i, candidates in enumerate(world.candidates):
        user = read(i, [encode(i, j) for j in world.history[i]])
        score = torch.stack([torch.dot(encode(i, j), user) for j in candidates])
        loss = loss - torch.log_softmax(score, 0)[0]
        scores.append(score)
    return torch.cat(scores), loss / len(scores)


class Convolution(nn.Module):
    def __init__(self, width_in, filters):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(filters, width_in, 3))
        self.bias = nn.Parameter(torch.zeros(filters))

    def forward(self, words):
        """NAML eq. 2, NPA eq. 3: each word between its neighbours, zeros beyond the ends."""
        rows = []
        for i in range(len(words)):
            row = self.bias
            for k in (-1, 0, 1):
                if 0 <= i + k < len(words):
                    row = row + self.weight[:, :, k + 1] @ words[i + k]
            rows.append(torch.relu(row))
        return rows


class Text(nn.Module):
    def __init__(self, filters, query):
        super().__init__()
        self.convolution = Convolution(WORD, filters)
        self.pool = Pool(filters, query)
        self.filters = filters

    def forward(self, words):
        rows = self.convolution(words)
        return self.pool(torch.stack(rows)) if rows else zeros(self.filters)


class Category(nn.Linear):
    def __init__(self, count, width, filters):
        super().__init__(width, filters)
        self.table = nn.Embedding(count + 1, width)

    def side(self, i):
        """NAML eq. 8."""
        return torch.relu(self(self.table.weight[i]))


class Naml(nn.Module):
    def __init__(self, o):
        super().__init__()
        f, q, c = o["filters"], o["query_width"], o["category_width"]
        self.on = {k: o.get(k, "yes") == "yes" for k in ("title", "body", "category", "subcategory")}
        if self.on["title"] or self.on["body"]:
            self.embedding = nn.Embedding(VOCABULARY, WORD)
        if self.on["title"]:
            self.title = Text(f, q)
        if self.on["body"]:
            self.body = Text(f, q)
        if self.on["category"]:
            self.category = Category(CATEGORIES, c, f)
        if self.on["subcategory"]:
            self.subcategory = Category(SUBCATEGORIES, c, f)
        self.sides, self.user = Pool(f, q), Pool(f, q)
        self.filters = f

    def encode(self, w, i):
        sides = []
        if self.on["title"]:
            sides.append(self.title(self.embedding.weight[torch.tensor(w.title[i]).long()]))
        if self.on["body"]:
            sides.append(self.body(self.embedding.weight[torch.tensor(w.abstract[i]).long()]))
        if self.on["category"]:
            sides.append(self.category.side(w.category[i]))
        if self.on["subcategory"]:
            sides.append(self.subcategory.side(w.subcategory[i]))
        return self.sides(torch.stack(sides))  # eq. 9-10

    def forward(self, w):
        read = lambda i, clicks: self.user(torch.stack(clicks)) if clicks else zeros(self.filters)  # eq. 11-12
        return rank(w, lambda i, j: self.encode(w, j), read)


class Query(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.prefer = nn.Linear(o["user_width"], o["query_width"])
        self.match = nn.Linear(o["query_width"], o["filters"])

    def forward(self, rows, reader):
        """NPA eq. 4-6 and 7-9."""
        q = torch.relu(self.prefer(reader))
        logits = torch.stack([torch.dot(row, torch.tanh(self.match(q))) for row in rows])
        return sum(a * row for a, row in zip(torch.softmax(logits, 0), rows))


class Npa(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, WORD)
        self.reader = nn.Embedding(READERS + 1, o["user_width"])
        self.convolution = Convolution(WORD, o["filters"])
        self.word, self.click = Query(o), Query(o)
        self.filters = o["filters"]

    def forward(self, w):
        def encode(i, j):
            rows = self.convolution(self.embedding.weight[torch.tensor(w.title[j]).long()])
            return self.word(rows, self.reader.weight[w.user[i]]) if rows else zeros(self.filters)

        def read(i, clicks):
            return self.click(clicks, self.reader.weight[w.user[i]]) if clicks else zeros(self.filters)

        return rank(w, encode, read)


class Bag(nn.Embedding):
    def __init__(self, count, width):
        super().__init__(count, width)
        self.bias = nn.Parameter(torch.zeros(width))


class Dssm(nn.Module):
    def __init__(self, o):
        super().__init__()
        h = o["hidden_width"]
        self.trigram = Bag(TRIGRAMS + 1, h)
        self.second, self.third = nn.Linear(h, h), nn.Linear(h, o["out_width"])
        self.gamma, self.mean = o["gamma"], o.get("query") == "mean"

    def semantic(self, counts):
        """Eq. 3-4 of a vector of counts, and eq. 5's normalisation."""
        y = torch.tanh(counts @ self.trigram.weight + self.trigram.bias)
        y = torch.tanh(self.third(torch.tanh(self.second(y))))
        return y / y.norm()

    def forward(self, w):
        def counts(j):
            return torch.tensor(np.bincount(w.trigram[j], minlength=TRIGRAMS + 1)).double()

        scores, loss = [], 0
        for history, candidates in zip(w.history, w.candidates):
            query = sum((counts(j) for j in history), zeros(TRIGRAMS + 1))
            if self.mean and history:
                query = query / len(history)
            query = self.semantic(query)
            score = torch.stack([self.gamma * torch.dot(query, self.semantic(counts(j))) for j in candidates])
            loss = loss - torch.log_softmax(score, 0)[0]  # eq. 6-7
            scores.append(score)
        return torch.cat(scores), loss / len(scores)


class Article(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.word = nn.Parameter(torch.zeros(VOCABULARY, o["width"]))
        self.bias = nn.Parameter(torch.zeros(o["width"]))
        if o["article_weight"] > 0:
            self.decode = nn.Linear(o["width"], VOCABULARY)


class User(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight_ih_l0 = nn.Parameter(torch.zeros(3 * width, width))
        self.weight_hh_l0 = nn.Parameter(torch.zeros(3 * width, width))
        self.bias_ih_l0 = nn.Parameter(torch.zeros(3 * width))
        self.bias_hh_l0 = nn.Parameter(torch.zeros(3 * width))

    def forward(self, x, h):
        i, s = self.weight_ih_l0 @ x + self.bias_ih_l0, self.weight_hh_l0 @ h + self.bias_hh_l0
        (ir, iz, i_n), (hr, hz, hn) = i.chunk(3), s.chunk(3)
        r, z = torch.sigmoid(ir + hr), torch.sigmoid(iz + hz)
        n = torch.tanh(i_n + r * hn)
        return (1 - z) * n + z * h


class Ebnr(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.article, self.user, self.o = Article(o), User(o["width"]), o

    def bag(self, w, j):
        words = np.concatenate([w.title[j], w.abstract[j]]) if self.o["body"] == "yes" else w.title[j]
        x = zeros(VOCABULARY)
        x[torch.tensor(words).long()] = 1
        return x

    def encode(self, w, j):
        """h = f(W x + b) - f(b)."""
        a = self.article
        return torch.sigmoid(self.bag(w, j) @ a.word + a.bias) - torch.sigmoid(a.bias)

    def article_loss(self, w):
        news = []  # of the batch, by first appearance: clicks and candidates, impression by impression
        for history, candidates in zip(w.history, w.candidates):
            for j in history + candidates:
                news += [] if j in news else [j]
        h = {j: self.encode(w, j) for j in news}
        rebuilt, triplets = 0, []
        for at, j in enumerate(news):
            x, y = self.bag(w, j), torch.sigmoid(self.article.decode(h[j]))
            rebuilt = rebuilt - (x * torch.log(y) + (1 - x) * torch.log(1 - y)).sum()
            following = news[at + 1 :] + news[:at]
            same = [k for k in following if w.category[k] == w.category[j]]
            other = [k for k in following if w.category[k] != w.category[j]]
            if same and other:
                nearer, farther = torch.dot(h[j], h[same[0]]), torch.dot(h[j], h[other[0]])
                triplets.append(torch.log(1 + torch.exp(farther - nearer)))
        return rebuilt / len(news) + self.o["similarity"] * sum(triplets) / len(triplets)

    def forward(self, w):
        scores, pairs = [], []
        for history, candidates in zip(w.history, w.candidates):
            u = zeros(self.o["width"])
            for j in history:
                u = self.user(self.encode(w, j), u)
            score = torch.stack([torch.dot(self.encode(w, j), u) for j in candidates])
            pairs += [torch.log(1 + torch.exp(s - score[0])) for s in score[1:]]
            scores.append(score)
        loss = sum(pairs) / len(pairs)
        if self.o["article_weight"] > 0:
            loss = loss + self.o["article_weight"] * self.article_loss(w)
        return torch.cat(scores), loss


def write(file, name, options, model, seed, deviation):
    torch.manual_seed(seed)
    world = World(seed)
    model = model.double()
    with torch.no_grad():
        for key, p in model.named_parameters():
            p.copy_((torch.randn_like(p) * (1.0 if key == "embedding.weight" else deviation)).float())
    datasets = {
        **recommender_golden.titles(world.title),
        **recommender_golden.packed("abstract", world.abstract, np.int32, np.int64),
        **recommender_golden.packed("trigram", world.trigram, np.int32, np.int64),
        **recommender_golden.impressions(world.history, world.candidates, world.user),
        "category": world.category,
        "subcategory": world.subcategory,
    }
    attributes = {
        "vocabulary": VOCABULARY,
        "trigrams": TRIGRAMS,
        "readers": READERS,
        "categories": CATEGORIES,
        "subcategories": SUBCATEGORIES,
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden", file + ".h5")
    settings = [f"{name}.{key}={value}" for key, value in options.items()]
    recommender_golden.write(path, name, settings, attributes, datasets, model, lambda m: m(world))


def main():
    naml = {"filters": 5, "query_width": 4, "category_width": 3}
    npa = {"filters": 5, "query_width": 4, "user_width": 3}
    dssm = {"hidden_width": 6, "out_width": 5, "gamma": 3}
    ebnr = {"width": 5, "body": "yes", "corruption": 0, "article_weight": 0.3, "similarity": 0.7}
    write("naml", "naml", naml, Naml(naml), 1, 0.6)
    title = {**naml, "body": "no", "subcategory": "no"}
    write("naml-title-category", "naml", title, Naml(title), 2, 0.6)
    write("npa", "npa", npa, Npa(npa), 3, 0.6)
    write("dssm", "dssm", dssm, Dssm(dssm), 4, 0.4)
    mean = {**dssm, "query": "mean"}
    write("dssm-mean", "dssm", mean, Dssm(mean), 4, 0.4)
    write("ebnr", "ebnr", ebnr, Ebnr(ebnr), 5, 0.6)
    clicks = {**ebnr, "body": "no", "article_weight": 0}
    write("ebnr-clicks", "ebnr", clicks, Ebnr(clicks), 6, 0.6)


if __name__ == "__main__":
    main()
