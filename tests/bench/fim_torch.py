"""FIM, FIM-IM and GMMF in PyTorch at coverline's default sizes, written for batches: models_torch.py's peers.

usual: images of 50 clicks x 32 words x 32 words, zeros where there is nothing, go whole through Conv3d and MaxPool3d. tuned: the
first layer, which has nine tenths of the work, sees the corner that the batch's longest history and title fill; beyond it stands what
it gives for zeros. GMMF learns as in its first epoch, before the CGAN's turns begin."""
import torch
from torch import nn
from torch.nn import functional as F

WORD, FILTERS, CLICKS, WORDS, FILTERS1, FILTERS2, DROPOUT = 100, 150, 50, 32, 32, 16, 0.2


def first_is_clicked(scores):
    return F.cross_entropy(scores, torch.zeros(len(scores), dtype=torch.long))


class FIM(nn.Module):
    kinds, history, title, batch, rate = (), CLICKS, 15, 32, 1e-4
    steps, shown = 3, 64  # at most: a step takes seconds, a candidate a twentieth of one
    together = 32  # candidates at once while scoring: an image's first layer has 6 MB

    def __init__(self, data, beside=0):
        super().__init__()
        self.data, self.trim, self.rows = data, False, self.title + 2
        self.embedding = nn.Embedding(data.vocabulary, WORD, padding_idx=0)
        self.category, self.subcategory = nn.Embedding(data.categories, WORD), nn.Embedding(data.subcategories, WORD)
        self.widths = [WORD] + [FILTERS] * 3
        self.levels = nn.ModuleList(nn.Conv1d(self.widths[i], FILTERS, 3, padding=i + 1, dilation=i + 1) for i in range(3))
        self.norms = nn.ModuleList(nn.LayerNorm(FILTERS) for _ in range(3))
        self.first = nn.Conv3d(4, FILTERS1, 3, padding=1)
        self.second = nn.Conv3d(FILTERS1, FILTERS2, 3, padding=1)
        features = FILTERS2 * (CLICKS // 9) * (WORDS // 9) ** 2
        self.out = nn.Linear(features + beside, 1, bias=False)

    def words(self, rows, ids):
        return F.dropout(self.embedding(ids), DROPOUT, self.training)

    def encode(self, rows, trim):
        """All levels of category, subcategory and words, [n, rows of a news * widths]."""
        self.trim = trim
        ids = self.data.title[rows]
        if trim:
            ids = ids[:, : max(1, int((ids > 0).sum(1).max()))]
        both = [self.category(self.data.category[rows]), self.subcategory(self.data.subcategory[rows])]
        there = torch.cat([torch.ones(len(rows), 2, dtype=torch.bool), ids > 0], 1)[:, :, None]
        x = torch.cat([torch.stack(both, 1), self.words(rows, ids)], 1) * there
        levels = [x]
        for layer, norm in zip(self.levels, self.norms):
            x = norm(F.relu(layer(x.transpose(1, 2)).transpose(1, 2))) * there
            levels.append(x)
        x = torch.cat(levels, 2)
        return F.pad(x, (0, 0, 0, self.rows - x.shape[1])).flatten(1)

    def images(self, clicks, mask, candidates):
        """[batch * candidates, level, clicks from the latest, words, words]"""
        n, length = mask.shape
        order = mask.sum(1, keepdim=True) - 1 - torch.arange(length)
        clicks = clicks[torch.arange(n)[:, None], order.clamp(min=0)] * (order >= 0)[:, :, None]
        split = lambda x: x.unflatten(-1, (self.rows, sum(self.widths))).split(self.widths, -1)
        image = []
        for d, c, width in zip(split(clicks), split(candidates), self.widths):
            match = d.flatten(1, 2)[:, None] @ c.transpose(2, 3) / width**0.5
            image.append(match.view(n * candidates.shape[1], length, self.rows, self.rows))
        return torch.stack(image, 1)

    def match(self, image):
        length, rows = image.shape[2], image.shape[3]
        if not self.trim:
            image = F.pad(image, (0, WORDS - rows, 0, WORDS - rows, 0, CLICKS - length))
            x = F.max_pool3d(F.elu(self.first(image)), 3)
        else:
            cells = [min(length // 3 + 1, CLICKS // 3)] + [min(rows // 3 + 1, WORDS // 3)] * 2
            places = [3 * k for k in cells]
            image = F.pad(image, (0, places[2] - rows, 0, places[1] - rows, 0, places[0] - length))
            near = F.elu(F.max_pool3d(self.first(image), 3))
            empty = F.elu(self.first.bias)[None, :, None, None, None]
            x = empty.repeat(len(image), 1, CLICKS // 3, WORDS // 3, WORDS // 3)
            x[:, :, : cells[0], : cells[1], : cells[2]] = near
        return F.max_pool3d(F.elu(self.second(x)), 3).flatten(1)

    def features(self, clicks, mask, candidates):
        if self.training:
            x = self.match(self.images(clicks, mask, candidates))
            return x.view(*candidates.shape[:2], -1)
        out = []
        for n in range(len(clicks)):
            length = int(mask[n].sum()) if self.trim else clicks.shape[1]
            own = slice(n, n + 1)
            for part in candidates[own].split(self.together, 1):
                out.append(self.match(self.images(clicks[own, : max(1, length)], mask[own, : max(1, length)], part)))
        return torch.cat(out).view(*candidates.shape[:2], -1)

    def score(self, clicks, mask, candidates):
        return self.out(self.features(clicks, mask, candidates)).squeeze(-1)

    def loss(self, scores):
        return first_is_clicked(scores)


class FIMIM(FIM):
    kinds, width = ("impression",), 50

    def __init__(self, data):
        super().__init__(data, self.width)
        self.memory_q, self.memory_k = nn.Linear(WORD, 150), nn.Linear(512, 150, bias=False)
        self.memory_v, self.word = nn.Linear(512, WORD, bias=False), nn.Linear(WORD, WORD)
        self.project = nn.Linear(2048, self.width)

    def words(self, rows, ids):
        """IMRec eq. 1-2."""
        x = super().words(rows, ids)
        count = self.data.feature["impression/word_count"][rows]
        words = self.data.take("impression/word", rows)
        if self.trim:
            words = words[:, : max(1, int(count.max()))]
        cues = torch.cat([words, self.data.take("impression/region", rows), self.data.take("impression/category", rows)[:, None]], 1)
        there = torch.ones(cues.shape[:2], dtype=torch.bool)
        there[:, : words.shape[1]] = torch.arange(words.shape[1])[None] < count[:, None]
        logits = self.memory_q(x) @ self.memory_k(cues).transpose(1, 2)
        return self.memory_v(torch.softmax(logits.masked_fill(~there[:, None], -1e9), -1) @ cues) + self.word(x)

    def encode(self, rows, trim):
        return torch.cat([super().encode(rows, trim), self.project(self.data.take("impression/global", rows))], 1)

    def score(self, clicks, mask, candidates):
        """Eq. 13."""
        x = self.features(clicks[..., : -self.width], mask, candidates[..., : -self.width])
        return self.out(torch.cat([x, candidates[..., -self.width :]], -1)).squeeze(-1)


class GMMF(nn.Module):
    kinds, history, title, batch, rate = ("vgg", "bert"), 60, 15, 32, 1e-4
    item, category, user, code, hidden, made_hidden = 32, 16, 32, 32, 128, 64
    raw = {"vgg/fc7": 4096, "bert/cls": 768}

    def __init__(self, data):
        super().__init__()
        self.data, self.users, self.reconstruction = data, None, 0
        identity = self.item + self.category
        two = lambda a, b, c: nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.Linear(b, c))
        self.item_shared, self.item_own = nn.Parameter(torch.zeros(self.item)), nn.Embedding(len(data.title), self.item)
        self.user_shared, self.user_own = nn.Parameter(torch.zeros(self.user)), nn.Embedding(data.readers, self.user)
        self.categories = nn.Embedding(data.categories, self.category)
        self.down = nn.ModuleList(two(raw, self.hidden, self.code) for raw in self.raw.values())
        self.up = nn.ModuleList(two(self.code, self.hidden, raw) for raw in self.raw.values())
        self.make = nn.ModuleList(two(identity, self.made_hidden, self.code) for _ in self.raw)
        self.alike = nn.ModuleList(nn.Linear(4 * self.code, 1, bias=False) for _ in self.raw)
        self.widths = [identity] + [self.code] * len(self.raw)
        self.interest = nn.ModuleList(nn.Linear(self.user, width) for width in self.widths)
        self.out = nn.Linear(sum(self.widths) + self.user, 1)

    def encode(self, rows, trim):
        """Eq. 1-2 and 8-9."""
        e = torch.cat([self.item_shared + self.item_own(rows), self.categories(self.data.category[rows])], 1)
        out = [e]
        for name, down, up, make, alike in zip(self.raw, self.down, self.up, self.make, self.alike):
            x = self.data.take(name, rows)
            h = down(x)
            if self.training:
                self.reconstruction = self.reconstruction + F.mse_loss(up(h), x)
            made = make(e)
            out.append(h - made * alike(torch.cat([h, made, h * made, h - made], 1)))
        return torch.cat(out, 1)

    def score(self, clicks, mask, candidates):
        """Eq. 10-12."""
        user, merged = self.user_shared + self.user_own(self.users), []
        for gate, h, c in zip(self.interest, clicks.split(self.widths, -1), candidates.split(self.widths, -1)):
            weight = torch.relu(c @ h.transpose(1, 2)) * mask[:, None]
            read = weight @ h / (weight.sum(-1, keepdim=True) + 1e-6)
            merged.append(torch.softmax(gate(user), -1)[:, None] * read)
        merged.append(user[:, None].expand(-1, candidates.shape[1], -1))
        return self.out(torch.cat(merged, -1)).squeeze(-1)

    def loss(self, scores):
        target = torch.zeros_like(scores)
        target[:, 0] = 1
        loss, self.reconstruction = F.binary_cross_entropy_with_logits(scores, target) + self.reconstruction, 0
        return loss
