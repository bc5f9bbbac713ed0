#!/usr/bin/env python3
"""DAN in PyTorch, written from its paper's equations as model/recommenders/dan.c states them, and the golden files that the C side is held
against.

    python3 tests/parity/dan_reference.py      writes tests/parity/golden/dan*.h5

News by news and state by state; see feature_world.py for the layout.
"""
import numpy as np
import torch
from feature_world import World, write_world
from recommender_golden import packed
from reference import VOCABULARY, WORD
from torch import nn

ENTITIES, VECTOR, TYPES, TYPE = 5, 4, 2, 3
WINDOWS, FILTERS, WIDTH, HIDDEN, QUERY = 3, 3, 5, 4, 4
GAMMA = 2.5


class Named(World):
    """Titles that name two entities, none, one, and one twice over; an entity without a type."""

    def __init__(self, seed):
        super().__init__(seed)
        rng = np.random.default_rng(seed + 1)
        self.named = [[1, 3], [2], [], [], [5, 4, 1], [4], [2, 5]]
        self.vector = rng.normal(0, 1, (ENTITIES + 1, VECTOR)).astype(np.float32)
        self.vector[0] = 0
        self.type = np.array([0, 1, 2, 0, 2, 1], np.int32)
        self.sizes = {"vocabulary": VOCABULARY, "entity_types": TYPES}
        self.labels = {
            **packed("entity", self.named, np.int32, np.int64),
            "word_entity": np.zeros(sum(len(t) for t in self.title), np.int32),
            "entity_vector": self.vector,
            "entity_type": self.type,
        }


class Filters(nn.Module):
    def __init__(self, width, rows):
        super().__init__()
        self.rows = rows
        self.weight, self.bias = nn.Parameter(torch.zeros(FILTERS, width, rows)), nn.Parameter(torch.zeros(FILTERS))

    def forward(self, x):
        """The largest of ReLU over the windows around each row, zeros beyond the ends."""
        if not len(x):
            return torch.zeros(FILTERS, dtype=torch.float64)
        before = (self.rows - 1) // 2
        out = []
        for at in range(len(x)):
            total = self.bias
            for k in range(self.rows):
                if 0 <= at - before + k < len(x):
                    total = total + self.weight[:, :, k] @ x[at - before + k]
            out.append(torch.relu(total))
        return torch.stack(out).max(0).values


def named(**modules):
    out = nn.Module()
    for name, module in modules.items():
        setattr(out, name, module)
    return out


class Dan(nn.Module):
    def __init__(self, o, world):
        super().__init__()
        self.o, self.world = o, world
        self.embedding = nn.Embedding(VOCABULARY, WORD)
        windows = lambda width: nn.ModuleDict({str(n): Filters(width, n) for n in range(1, WINDOWS + 1)})
        self.title = windows(WORD)
        if o["profile"] == "yes":
            # nn.Module has a method `type`.
            self.add_module("kind", nn.Embedding(TYPES + 1, TYPE))
            self.map, self.profile = nn.Linear(TYPE, VECTOR), windows(VECTOR)
        self.news = nn.Linear(WINDOWS * FILTERS * (2 if o["profile"] == "yes" else 1), WIDTH)
        if o["ann"] == "yes":
            plain = lambda a, b: nn.Linear(a, b, bias=False)
            self.ann = named(click=nn.Linear(WIDTH, QUERY), candidate=plain(WIDTH, QUERY), out=plain(QUERY, 1))
        if o["arnn"] == "yes":
            self.arnn = named(lstm=nn.LSTM(WIDTH, HIDDEN), attention=nn.Linear(HIDDEN, HIDDEN, bias=False))
        self.reader = nn.Linear(WIDTH + (HIDDEN if o["arnn"] == "yes" else 0), WIDTH)
        if o["score"] == "mlp":
            self.head = named(hidden=nn.Linear(2 * WIDTH, WIDTH), out=nn.Linear(WIDTH, 1, bias=False))

    def item(self, i):
        words = [self.embedding.weight[w] for w in self.world.title[i].tolist()]
        parts = [self.title[str(n)](words) for n in range(1, WINDOWS + 1)]
        if self.o["profile"] == "yes":
            rows = []
            for e in self.world.named[i]:
                rows.append(torch.tensor(self.world.vector[e]).double())
                rows.append(self.map(self.kind.weight[self.world.type[e]]))
            parts += [self.profile[str(n)](rows) for n in range(1, WINDOWS + 1)]
        return torch.tanh(self.news(torch.cat(parts)))

    def current(self, clicks, candidate):
        if not clicks:
            return torch.zeros(WIDTH, dtype=torch.float64)
        if self.o["ann"] == "no":
            return sum(clicks) / len(clicks)
        a = torch.stack([self.ann.out(torch.tanh(self.ann.click(x) + self.ann.candidate(candidate)))[0] for x in clicks])
        return sum(w * x for w, x in zip(torch.softmax(a, 0), clicks))

    def order(self, clicks):
        if not clicks:
            return torch.zeros(HIDDEN, dtype=torch.float64)
        h = self.arnn.lstm(torch.stack(clicks)[:, None])[0][:, 0]
        out = []
        for t in range(len(clicks)):
            a = torch.softmax(torch.stack([torch.dot(h[t], self.arnn.attention(h[i])) for i in range(t + 1)]), 0)
            out.append(sum(a[i] * h[i] for i in range(t + 1)))
        return torch.stack(out).max(0).values

    def like(self, u, candidate):
        if self.o["score"] == "mlp":
            return self.head.out(torch.relu(self.head.hidden(torch.cat([u, candidate]))))[0]
        return GAMMA * torch.dot(u, candidate) / (torch.dot(u, u).sqrt() * torch.dot(candidate, candidate).sqrt())

    def forward(self, world):
        scores, loss = [], 0
        for history, candidates in zip(world.history, world.candidates):
            clicks, own = [self.item(i) for i in history], []
            for c in candidates:
                x = self.item(c)
                parts = [self.current(clicks, x)] + ([self.order(clicks)] if self.o["arnn"] == "yes" else [])
                own.append(self.like(self.reader(torch.cat(parts)), x))
            scores += own
            loss = loss - torch.log_softmax(torch.stack(own), 0)[0] / len(world.candidates)
        return torch.stack(scores), loss


class Renamed(nn.Module):
    """With the C side's names."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def named_parameters(self, *a, **k):
        for key, p in self.model.named_parameters():
            yield ("type" + key[4:] if key.startswith("kind.") else key), p

    def forward(self, world):
        return self.model(world)


def main():
    sizes = {"windows": WINDOWS, "filters": FILTERS, "width": WIDTH, "hidden": HIDDEN, "query_width": QUERY, "type_width": TYPE, "gamma": GAMMA}
    whole = {"profile": "yes", "ann": "yes", "arnn": "yes", "score": "cosine"}
    for file, seed, change in (
        ("dan", 3, {}),
        ("dan-mlp", 6, {"score": "mlp", "arnn": "no"}),
        ("dan-title", 5, {"profile": "no", "ann": "no"}),
    ):
        world, o = Named(seed), {**whole, **change}
        write_world(file, "dan", {**sizes, **o}, Renamed(Dan(o, world)), world, seed)


if __name__ == "__main__":
    main()
