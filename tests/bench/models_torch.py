#!/usr/bin/env python3
"""The recommenders in PyTorch as they are written for batches, the peers of coverline in make bench-models.

    models_torch.py NAME usual|tuned DATA STEPS THREADS      prints clicks/s, candidates/s, peak MB of training, peak MB
    models_torch.py --peers                                  prints the names it has

usual: a batch is padded to the longest history and title that are read, [32, 60, 15] words, each news encoded where it stands, as
public code has it; scoring goes impression by impression. tuned: the distinct news of a batch are encoded once, padded to the
batch's longest title and history, and gathered; scoring takes 64 impressions together. Either way batches are drawn and titles read
before the clock starts, features lie in memory as halves, and every news is encoded once before scoring. Sizes are coverline's
defaults. A peer is a class with encode(rows) -> vectors [n, d] and score(clicks, mask, candidates) -> [batch, candidates], self.users being
the readers' numbers; what it adds to the vector beyond a flat row it packs itself. steps and shown bound a slow one's steps and
impressions. To add one, add its class to PEERS."""
import random
import re
import resource
import sys
import time

import h5py
import numpy as np
import torch
from fim_torch import FIM, FIMIM, GMMF
from mm_rec_torch import MMRec
from torch import nn

NEGATIVES, WORD, QUERY, DROPOUT = 4, 100, 200, 0.2


class Data:
    """Titles, categories, features as halves, clicks and impressions to score. Row 0 is no news."""

    def __init__(self, folder, title, kinds):
        self.title, self.category, self.subcategory, row, words, names = [[]], [0], [0], {}, {}, [{}, {}]
        for line in open(f"{folder}/catalog.tsv", encoding="utf-8"):
            column = line.rstrip("\n").split("\t")
            row[column[0]] = len(self.title)
            found = re.findall(r"\w+|[^\w\s]", column[3].lower())[:title]
            self.title.append([words.setdefault(w, len(words) + 1) for w in found])
            self.category.append(names[0].setdefault(column[1], len(names[0]) + 1))
            self.subcategory.append(names[1].setdefault(column[2], len(names[1]) + 1))
        self.vocabulary, self.categories, self.subcategories = len(words) + 1, len(names[0]) + 1, len(names[1]) + 1
        self.title = pad(self.title, title)
        self.category, self.subcategory = torch.tensor(self.category), torch.tensor(self.subcategory)
        self.feature = {}
        for kind in kinds:
            with h5py.File(f"{folder}/features/{kind}.h5") as f:
                for name in f:
                    if name not in ("id", "state"):
                        x = torch.from_numpy(f[name][()])
                        self.feature[f"{kind}/{name}"] = torch.cat([torch.zeros(1, *x.shape[1:], dtype=x.dtype), x])
        self.reader = {}
        self.clicks = self.read(f"{folder}/behaviors/train.tsv", row)
        self.readers = len(self.reader) + 1
        self.shown = self.read(f"{folder}/behaviors/score.tsv", row)

    def read(self, path, row):
        out = []
        for line in open(path):
            column = line.rstrip("\n").split("\t")
            shown = [c.rsplit("-", 1) for c in column[4].split()]
            reader = self.reader.setdefault(column[1], len(self.reader) + 1) if "train" in path else self.reader.get(column[1], 0)
            out.append(([row[i] for i in column[3].split()], [row[i] for i, _ in shown], reader))
        return out

    def take(self, name, rows):
        return self.feature[name][rows].float()


def pad(lists, length):
    return torch.tensor([x[:length] + [0] * (length - len(x)) for x in lists])


def masked(logits, mask):
    return torch.softmax(logits.masked_fill(~mask, -1e9), -1)


class Pool(nn.Module):
    def __init__(self, width, hidden=QUERY):
        super().__init__()
        self.hidden, self.query = nn.Linear(width, hidden), nn.Linear(hidden, 1, bias=False)

    def forward(self, x, mask):
        weight = masked(self.query(torch.tanh(self.hidden(x))).squeeze(-1), mask)
        return (weight[:, None, :] @ x).squeeze(1)


class Heads(nn.Module):
    def __init__(self, width, heads, head):
        super().__init__()
        self.heads, self.head = heads, head
        self.q, self.k, self.v = (nn.Linear(width, heads * head, bias=False) for _ in "qkv")

    def forward(self, x, mask, values=None):
        n, length, _ = x.shape
        split = lambda y: y.view(n, length, self.heads, self.head).transpose(1, 2)
        q, k, v = split(self.q(x)), split(self.k(x)), split(self.v(x) if values is None else values)
        weight = masked(q @ k.transpose(2, 3), mask[:, None, None, :])
        return (weight @ v).transpose(1, 2).reshape(n, length, self.heads * self.head)


class NRMS(nn.Module):
    kinds, history, title, batch, rate = (), 60, 15, 32, 1e-4

    def __init__(self, data):
        super().__init__()
        self.data = data
        self.embedding = nn.Embedding(data.vocabulary, WORD, padding_idx=0)
        self.mix, self.pool = Heads(WORD, 3, 50), Pool(150)
        self.user_mix, self.user_pool = Heads(150, 3, 50), Pool(150)

    def words(self, rows, trim):
        ids = self.data.title[rows]
        if trim:
            ids = ids[:, : max(1, int((ids > 0).sum(1).max()))]
        return nn.functional.dropout(self.embedding(ids), DROPOUT, self.training), ids > 0

    def encode(self, rows, trim):
        x, mask = self.words(rows, trim)
        return self.pool(nn.functional.dropout(self.mix(x, mask), DROPOUT, self.training), mask)

    def score(self, clicks, mask, candidates):
        user = self.user_pool(self.user_mix(clicks, mask), mask)
        return (candidates @ user[:, :, None]).squeeze(-1)

    def loss(self, scores):
        return nn.functional.cross_entropy(scores, torch.zeros(len(scores), dtype=torch.long))


class NRMSIM(NRMS):
    kinds = ("impression",)

    def __init__(self, data):
        super().__init__(data)
        self.memory_q, self.memory_k, self.memory_v = nn.Linear(WORD, 150), nn.Linear(512, 150, bias=False), nn.Linear(512, 150, bias=False)
        self.project, self.gate = nn.Linear(2048, 150), nn.Linear(300, 1)

    def encode(self, rows, trim):
        x, mask = self.words(rows, trim)
        count = self.data.feature["impression/word_count"][rows]
        words = self.data.take("impression/word", rows)
        if trim:
            words = words[:, : max(1, int(count.max()))]
        cues = torch.cat([words, self.data.take("impression/region", rows), self.data.take("impression/category", rows)[:, None]], 1)
        there = torch.ones(cues.shape[:2], dtype=torch.bool)
        there[:, : words.shape[1]] = torch.arange(words.shape[1])[None] < count[:, None]
        weight = masked(self.memory_q(x) @ self.memory_k(cues).transpose(1, 2), there[:, None, :])
        values = self.memory_v(weight @ cues) + self.mix.v(x)
        e = self.pool(nn.functional.dropout(self.mix(x, mask, values), DROPOUT, self.training), mask)
        whole = self.project(self.data.take("impression/global", rows))
        a = torch.sigmoid(self.gate(torch.cat([whole, e], 1)))
        return a * e + (1 - a) * whole


class VLSNR(nn.Module):
    kinds, history, title, batch, rate, parts = ("clip",), 60, 15, 32, 1e-4, ("image", "title", "category", "subcategory")

    def __init__(self, data):
        super().__init__()
        self.data, width = data, 512
        self.mix, self.out, self.pool = Heads(width, 8, 64), nn.Linear(width, width, bias=False), Pool(width)
        self.mlp = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.mask = nn.Parameter(torch.randn(1, width) * 0.1)
        self.history_mix, self.history_out = Heads(width, 8, 64), nn.Linear(width, width, bias=False)
        self.gru, self.alpha = nn.GRU(width, width, batch_first=True), nn.Parameter(torch.zeros(1))
        self.user_mix, self.user_pool = Heads(width, 8, 64), Pool(width)

    def encode(self, rows, trim):
        x = torch.stack([self.data.take("clip/" + p, rows) for p in self.parts], 1)
        x = nn.functional.dropout(x, DROPOUT, self.training)
        mask = torch.ones(x.shape[:2], dtype=torch.bool)
        mixed = nn.functional.dropout(self.out(self.mix(x, mask)), DROPOUT, self.training)
        return self.mlp(self.pool(mixed, mask))

    def score(self, clicks, mask, candidates):
        if self.training:
            hidden = torch.rand(mask.shape) < 0.1
            clicks = torch.where(hidden[:, :, None], self.mask[None], clicks)
        states, _ = self.gru(self.history_out(self.history_mix(clicks, mask)))
        last = states[torch.arange(len(states)), (mask.sum(1) - 1).clamp(min=0)]
        whole, alpha = self.user_pool(self.user_mix(states, mask), mask), torch.sigmoid(self.alpha)
        return (candidates @ (alpha * last + (1 - alpha) * whole)[:, :, None]).squeeze(-1)

    loss = NRMS.loss


class RMBERT(nn.Module):
    kinds, history, title, batch, rate, cells, d = ("bert",), 60, 15, 32, 1e-4, 4, 768
    steps, shown = 4, 128  # at most: a padded batch of pairs has gigabytes

    def __init__(self, data):
        super().__init__()
        self.data, d = data, self.d
        self.position = nn.ModuleList(nn.Linear(d, d) for _ in range(self.cells))
        self.combine, self.word, self.query = nn.Linear(2 * d, d), nn.Linear(d, 1, bias=False), nn.Linear(d, d)
        self.start = nn.Parameter(torch.randn(d) * 0.1)
        self.previous, self.click, self.join = nn.Linear(d, d), nn.Linear(d, d, bias=False), nn.Linear(2 * d, d, bias=False)
        self.attention, self.update = nn.Linear(d, 1, bias=False), nn.Linear(2 * d, d)
        self.hidden, self.out = nn.Linear(2 * d, d), nn.Linear(d, 1)

    def encode(self, rows, trim):
        """x_n, k_1 … k_p side by side."""
        drop = lambda y: nn.functional.dropout(y, DROPOUT, self.training)
        x, count = drop(self.data.take("bert/cls", rows)), self.data.feature["bert/token_count"][rows]
        words = self.data.take("bert/token", rows)[:, 1:]
        if trim:
            words = words[:, : max(1, int(count.max()) - 2)]
        words, mask, k, out = drop(words), torch.arange(words.shape[1])[None] < count[:, None] - 2, x, [x]
        for position in self.position:
            kq = self.combine(torch.cat([position(x), k], 1))
            weight = masked(self.word(kq[:, None] * words).squeeze(-1), mask)
            k = self.query((weight[:, None] @ words).squeeze(1))
            out.append(k)
        return torch.cat(out, 1)

    def score(self, clicks, mask, candidates):
        """Equations 4-8 as printed, for every candidate with every click."""
        d, h = self.d, clicks[:, None, :, : self.d]
        m = self.start.expand(*candidates.shape[:2], d)
        base = self.click(h)
        for i in range(self.cells):
            k = candidates[:, :, None, (1 + i) * d : (2 + i) * d]
            pairs = self.previous(m)[:, :, None] * base
            pairs = self.join(torch.cat([pairs, h.expand_as(pairs)], -1))
            weight = masked(self.attention(pairs * k).squeeze(-1), mask[:, None])
            m = self.update(torch.cat([m, (weight[:, :, None] @ h).squeeze(2)], -1))
        return self.out(torch.relu(self.hidden(torch.cat([candidates[:, :, :d], m], -1)))).squeeze(-1)

    def loss(self, scores):
        target = torch.zeros_like(scores)
        target[:, 0] = 1
        return nn.functional.binary_cross_entropy_with_logits(scores, target)


PEERS = {"fim": FIM, "fim-im": FIMIM, "gmmf": GMMF, "mm-rec": MMRec, "nrms": NRMS, "nrms-im": NRMSIM, "vlsnr": VLSNR, "rmbert": RMBERT}


def draw(data, model, steps):
    for step in range(steps):
        batch = []
        for history, shown, reader in (data.clicks[(step * model.batch + i) % len(data.clicks)] for i in range(model.batch)):
            negatives = shown[1:]
            few = len(negatives) < NEGATIVES
            drawn = (random.choices if few else random.sample)(negatives, k=NEGATIVES)
            batch.append((history[-model.history :], shown[:1] + drawn, reader))
        yield batch


def tensors(model, batch, way):
    length = model.history if way == "usual" else max(1, max(len(h) for h, _, _ in batch))
    clicks = pad([h for h, _, _ in batch], length)
    readers = torch.tensor([reader for _, _, reader in batch])
    return clicks, pad([c for _, c, _ in batch], max(len(c) for _, c, _ in batch)), clicks > 0, readers


def train_step(model, clicks, candidates, mask, readers, way):
    model.users = readers
    if way == "usual":
        encode = lambda x: model.encode(x.flatten(), False).unflatten(0, x.shape)
        return model.loss(model.score(encode(clicks), mask, encode(candidates)))
    distinct, place = torch.unique(torch.cat([clicks, candidates], 1), return_inverse=True)
    vectors = model.encode(distinct, True)
    return model.loss(model.score(vectors[place[:, : clicks.shape[1]]], mask, vectors[place[:, clicks.shape[1] :]]))


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def score_all(model, data, way):
    model.eval()
    with torch.no_grad():
        rows = torch.arange(len(data.title))
        vectors = torch.cat([model.encode(rows[i : i + 256], way == "tuned") for i in range(0, len(rows), 256)])
        begin, together, scored = time.time(), 1 if way == "usual" else 64, 0
        shown = data.shown[: getattr(model, "shown", len(data.shown))]
        for i in range(0, len(shown), together):
            batch = [(h[-model.history :], c, reader) for h, c, reader in shown[i : i + together]]
            clicks, candidates, mask, model.users = tensors(model, batch, way)
            scores = model.score(vectors[clicks], mask, vectors[candidates])
            for (_, c, _), row in zip(batch, scores):
                np.argsort(-row[: len(c)].numpy())
                scored += len(c)
        return scored / (time.time() - begin)


def main():
    if sys.argv[1] == "--peers":
        print(*PEERS)
        return
    kind, way, folder, steps, threads = PEERS[sys.argv[1]], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    random.seed(1)
    data = Data(folder, kind.title, kind.kinds)
    model = kind(data)
    adam = torch.optim.Adam(model.parameters(), lr=kind.rate)
    steps = min(steps, getattr(kind, "steps", steps))
    batches = [tensors(kind, batch, way) for batch in draw(data, kind, steps + 3)]
    for step, batch in enumerate(batches):
        if step == 3:
            begin = time.time()
        adam.zero_grad()
        train_step(model, *batch, way).backward()
        adam.step()
    clicks, trained = steps * kind.batch / (time.time() - begin), peak()
    print(f"{clicks:.1f} {score_all(model, data, way):.0f} {trained:.0f} {peak():.0f}")


main()
