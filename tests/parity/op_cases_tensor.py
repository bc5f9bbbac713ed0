"""The ops on tensors, rows and segments."""

import torch
from op_golden import op


def elementwise(function):
    for shape in ((4, 5), (2, 3, 7), (0, 3), (1,)):
        yield function, shape


@op
def linear():
    yield lambda x, w, b: x @ w.T + b, (5, 3), (4, 3), (4,)
    yield lambda x, w, b: x @ w.T + b, (2, 3, 7), (6, 7), (6,)
    yield lambda x, w, b: x @ w.T + b, (0, 4), (3, 4), (3,)
    yield lambda x, w, b: x @ w.T + b, (1, 1), (1, 1), (1,)
    yield lambda x, w: x @ w.T, (17, 9), (19, 9)


def broadcast(function):
    for a, b in (
        ((3, 5), (3, 5)),
        ((4, 3), (3,)),
        ((0, 3), (3,)),
        ((9, 17), (17,)),
        ((9, 17), (9, 1)),
        ((1, 19), (4, 1)),
        ((2, 1, 3), (1, 4, 3)),
        ((3,), (2, 4, 3)),
        ((3, 4), (1,)),
        ((2, 3, 1, 5), (1, 4, 1)),
        ((1, 3), (0, 1)),
    ):
        yield function, a, b
    yield lambda x: function(x, x), (3, 5)


@op
def add():
    yield from broadcast(lambda a, b: a + b)


@op
def sub():
    yield from broadcast(lambda a, b: a - b)


@op
def mul():
    yield from broadcast(lambda a, b: a * b)


@op
def div():
    yield from broadcast(lambda a, b: a / (0.5 + torch.sigmoid(b)))


@op
def matmul():
    def turned(x, turn):
        return x.transpose(-1, -2) if turn else x

    for turn_a, turn_b, a, b in (
        (0, 0, (3, 5), (5, 4)),
        (1, 0, (5, 3), (5, 4)),
        (0, 1, (2, 3, 5), (2, 4, 5)),
        (1, 1, (2, 5, 3), (2, 4, 5)),
        (0, 0, (2, 3, 5), (5, 4)),
        (1, 0, (2, 5, 3), (5, 4)),
        (0, 1, (2, 1, 3, 5), (4, 2, 5)),
        (0, 0, (3, 5), (3, 5, 2)),
        (0, 0, (0, 3, 5), (0, 5, 2)),
        (0, 0, (2, 3, 0), (2, 0, 2)),
        (0, 0, (17, 70), (70, 19)),
    ):
        yield lambda x, y, i=turn_a, j=turn_b: torch.matmul(turned(x, i), turned(y, j)), a, b


def reduce(function):
    """function(x, axes, keep); a result without dimensions is [1]."""
    for shape, axes, keep in (
        ((4, 5), (1,), False),
        ((4, 19), (0,), True),
        ((2, 3, 17), (0, 2), False),
        ((2, 3, 4), (0, 1, 2), False),
        ((3, 2, 4, 2), (1, 2), True),
        ((2, 3, 2, 2, 3), (0, 2, 4), False),
        ((3, 4, 2), (), False),
        ((0, 3), (1,), False),
    ):

        def reduced(x, axes=axes, keep=keep):
            y = function(x, axes, keep) if axes else x
            return y if y.dim() else y.reshape(1)

        yield reduced, shape


@op
def sum_():
    yield from reduce(lambda x, axes, keep: x.sum(axes, keep))
    yield lambda x: x.sum(0), (0, 3)


@op
def mean():
    yield from reduce(lambda x, axes, keep: x.mean(axes, keep))


@op
def max_():
    yield from reduce(lambda x, axes, keep: x.amax(axes, keep))


def masked(function):
    """function(row) for the elements that the mask shows, 0 for the others."""
    mask = torch.tensor([1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1], dtype=torch.bool).reshape(4, 5)

    def by_row(x):
        rows = []
        for row, seen in zip(x, mask):
            rows.append(x.new_zeros(5).masked_scatter(seen, function(row[seen])) if seen.any() else x.new_zeros(5))
        return torch.stack(rows)

    yield function, (3, 5)
    yield by_row, (4, 5)
    yield function, (2, 2, 35)
    yield function, (0, 3)
    yield function, (2, 0)


@op
def softmax():
    yield from masked(lambda x: x.exp() / x.exp().sum(-1, keepdim=True))


@op
def log_softmax():
    yield from masked(lambda x: x - x.exp().sum(-1, keepdim=True).log())


@op
def scatter_rows():
    for shape, row, rows in (((6, 3), [3, 0, 0, 2, 3, 3], 4), ((2, 19), [1, 1], 2), ((0, 5), [], 3)):
        index = torch.tensor(row, dtype=torch.long)
        yield lambda x, i=index, n=rows: x.new_zeros(n, x.shape[1]).index_add(0, i, x), shape


@op
def slice_():
    for shape, axis, first, count in (
        ((5, 3), 0, 1, 3),
        ((4, 19), 1, 2, 16),
        ((2, 4, 3), 1, 0, 2),
        ((2, 1, 3, 2), 2, 2, 1),
        ((4, 3), 1, 3, 0),
        ((6,), 0, 0, 6),
        ((0, 3), 1, 1, 2),
    ):
        yield lambda x, a=axis, i=first, n=count: x.narrow(a, i, n), shape


@op
def reshape():
    for shape, to in (((3, 4), (2, 2, 3)), ((2, 3, 5), (30,)), ((0, 3), (5, 0, 2))):
        yield lambda x, to=to: torch.tanh(x).reshape(to) * torch.tanh(x).sum(), shape


@op
def permute():
    for shape, axes in (
        ((19, 35), (1, 0)),
        ((2, 3, 4), (0, 2, 1)),
        ((2, 3, 4), (1, 0, 2)),
        ((2, 3, 4), (2, 1, 0)),
        ((2, 3, 1, 5), (0, 2, 1, 3)),
        ((0, 3), (1, 0)),
        ((2, 3, 2, 2, 3), (4, 2, 0, 3, 1)),
    ):
        yield lambda x, a=axes: x.permute(a), shape


@op
def bce():
    target = torch.tensor([0, 1, 1, 0, 0.25, 1, 0, 0, 1, 0.9, 1, 0], dtype=torch.float64)
    for shape in ((12,), (3, 4), (1,)):
        z = target[: torch.Size(shape).numel()].reshape(shape)

        def function(x, z=z):
            p = torch.sigmoid(x)
            return -(z * p.log() + (1 - z) * (1 - p).log()).mean().reshape(1)

        yield function, shape


@op
def mse():
    for shape in ((12,), (3, 4), (1,)):
        yield lambda a, b: ((a - b) ** 2).mean().reshape(1), shape, shape


@op
def tanh():
    yield from elementwise(lambda x: (x.exp() - (-x).exp()) / (x.exp() + (-x).exp()))


@op
def sigmoid():
    yield from elementwise(lambda x: 1 / (1 + (-x).exp()))


@op
def relu():
    yield from elementwise(lambda x: torch.where(x > 0, x, torch.zeros_like(x)))


@op
def elu():
    yield from elementwise(lambda x: torch.where(x > 0, x, x.exp() - 1))


@op
def lerp():
    for gate, shape in (((3, 5), (3, 5)), ((4, 1), (4, 7)), ((0, 1), (0, 3)), ((5, 1), (5, 1)), ((9, 1), (9, 17))):
        yield lambda g, a, b: g * a + (1 - g) * b, gate, shape, shape


def stream_of(name):
    """The stream of a name: FNV-1a, mixed."""
    h, whole = 0xCBF29CE484222325, 2**64 - 1
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001B3 & whole
    h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9 & whole
    h = (h ^ h >> 27) * 0x94D049BB133111EB & whole
    return h ^ h >> 31


def philox(seed, stream, count):
    """The first values of a stream (Philox 4x32-10; Salmon et al. 2011)."""
    words, low = [], 2**32 - 1
    for block in range((count + 3) // 4):
        c, k = [block, 0, stream & low, stream >> 32], [seed & low, seed >> 32]
        for _ in range(10):
            p, q = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [(q >> 32) ^ c[1] ^ k[0], q & low, (p >> 32) ^ c[3] ^ k[1], p & low]
            k = [(k[0] + 0x9E3779B9) & low, (k[1] + 0xBB67AE85) & low]
        words += c
    return words[:count]


def kept(count, p, stream, seed=0):
    """1 / (1 - p) where the generator's word is at least p of the way to 2^32, else 0."""
    words = philox(seed, stream, count)
    return torch.tensor([(w >= int(p * 2**32)) / (1 - p) for w in words], dtype=torch.float64)


@op
def dropout():
    for shape, p in (((4, 5), 0.2), ((7, 3), 0.9), ((0, 3), 0.5), ((3, 3), 0)):
        keep = kept(shape[0] * shape[1], p, stream_of("dropout")).reshape(shape)
        yield lambda x, keep=keep: x * keep, shape


@op
def concat():
    for axis, *shapes in (
        (1, (3, 5), (3, 2)),
        (1, (0, 3), (0, 2)),
        (1, (2, 0), (2, 3)),
        (0, (4, 3), (1, 3), (0, 3)),
        (1, (2, 1, 4), (2, 3, 4), (2, 2, 4)),
        (2, (2, 1, 4, 2)),
    ):
        yield lambda *x, axis=axis: torch.cat(x, axis), *shapes


def pick(index):
    return lambda x: torch.stack([x[i] for i in index]) if index else x[:0]


@op
def embedding():
    for shape, index in (((5, 3), [4, 1, 1, 0, 4, 4, 1]), ((3, 19), [2, 0]), ((2, 2), [])):
        yield pick(index), shape


@op
def embedding_bag():
    ragged, index, value = [0, 3, 3, 4, 7], [4, 1, 1, 0, 4, 3, 4], [1, -2, 0.5, 3, 1, 0.25, -1]

    def bags(offset, weight):
        return lambda table: torch.stack(
            [sum((weight[i] * table[index[i]] for i in range(a, b)), 0 * table.sum(0)) for a, b in zip(offset, offset[1:])]
            or [table[:0].sum(0)])[:len(offset) - 1]

    yield bags(ragged, value), (5, 3)
    yield bags(ragged, [1] * 7), (6, 19)
    yield bags([0], value), (2, 3)
    yield bags([0, 0, 0], value), (2, 3)


@op
def gather_rows():
    for shape, index in (((4, 3), [3, 0, 0, 2, 3, 3]), ((2, 17), [1, 1]), ((3, 5), []), ((0, 3), [])):
        yield pick(index), shape


def attend(heads, scale, query, key, dropout=0, mask=None, causal=False):
    """Segment by segment, head by head, query by query."""

    def function(q, k, v):
        rows, drawn, first = [q.new_zeros(0, v.shape[1])], 0, 0
        total = heads * sum((b - a) * (d - c) for a, b, c, d in zip(query, query[1:], key, key[1:]))
        keep = kept(total, dropout, stream_of("dropout"))
        for s in range(len(query) - 1):
            a, b, c = q[query[s] : query[s + 1]], k[key[s] : key[s + 1]], v[key[s] : key[s + 1]]
            columns = []
            for x, y, z in zip(*(m.chunk(heads, 1) for m in (a, b, c))):
                out = []
                for i in range(len(x)):
                    seen = [j for j in range(len(y)) if (not mask or mask[first + i * len(y) + j]) and (not causal or j <= i)]
                    weight = x.new_zeros(len(y))
                    if seen:
                        weight = weight.index_put((torch.tensor(seen),), torch.softmax(scale * y[seen] @ x[i], 0))
                    out.append((weight * keep[drawn : drawn + len(y)]) @ z)
                    drawn += len(y)
                columns.append(torch.stack(out) if out else z.new_zeros(0, z.shape[1]))
            rows.append(torch.cat(columns, 1))
            first += len(a) * len(b)
        return torch.cat(rows)

    return function


@op
def attention():
    words, cues = [0, 3, 3, 7, 8], [0, 2, 5, 5, 11]
    yield attend(3, 0.4, words, words), (8, 15), (8, 15), (8, 15)
    yield attend(1, 0.4, words, cues), (8, 3), (11, 3), (11, 7)
    yield attend(2, 0.4, [0], [0]), (0, 4), (0, 4), (0, 6)
    yield attend(1, 0.1, [0, 5], [0, 17]), (5, 67), (17, 67), (17, 18)
    yield attend(3, 0.4, words, words, dropout=0.3), (8, 9), (8, 9), (8, 9)
    mask = [1, 0, 0, 0, 1, 1, 0, 1, 0, 1, 1, 1]
    yield attend(2, 1, words, cues, mask=mask), (8, 6), (11, 6), (11, 4)
    yield attend(2, 1, words, cues, dropout=0.5, causal=True), (8, 6), (11, 6), (11, 4)


def parts(x, at):
    return [x[a:b] for a, b in zip(at, at[1:])]


@op
def segment_softmax():
    def function(at):
        return lambda x: torch.cat([torch.softmax(part, 0) for part in parts(x, at)] + [x[:0]])

    ragged = [0, 3, 3, 4, 25]
    yield function(ragged), (25,)
    yield function(ragged), (25, 1)
    yield function([0]), (0,)


@op
def segment_sum():
    def function(at):
        def weigh(x, a):
            both = zip(parts(x, at), parts(a.reshape(-1, 1), at))
            return torch.stack([(p * w).sum(0) for p, w in both]) if len(at) > 1 else x[:0]

        return weigh

    ragged = [0, 3, 3, 4, 10]
    yield function(ragged), (10, 5), (10,)
    yield function(ragged), (10, 19), (10, 1)
    yield function([0]), (0, 3), (0,)
    yield function([0, 0, 0]), (0, 3), (0,)


@op
def segment_dot():
    def function(at):
        return lambda x, u: torch.cat([p @ row for p, row in zip(parts(x, at), u)] + [x.new_zeros(0)])

    ragged = [0, 3, 3, 4, 10]
    yield function(ragged), (10, 5), (4, 5)
    yield function(ragged), (10, 19), (4, 19)
    yield function([0]), (0, 3), (0, 3)


FEW, MANY = [0, 2, 2, 3, 8], [0, 3, 4, 4, 11]
BLOCKS = ((FEW, MANY, 5), (MANY, FEW, 19), ([0], [0], 3))


@op
def block_dot():
    def function(query, key):
        blocks = lambda q, k: [(a @ b.T).reshape(-1) for a, b in zip(parts(q, query), parts(k, key))]
        return lambda q, k: torch.cat(blocks(q, k) + [(q[:0] @ k[:0].T).reshape(-1)])

    for query, key, width in BLOCKS:
        yield function(query, key), (query[-1], width), (key[-1], width)


@op
def block_sum():
    def function(query, key, pairs):
        sizes = [(b - a, d - c) for a, b, c, d in zip(query, query[1:], key, key[1:])]
        weights = lambda a: [p.reshape(size) for p, size in zip(parts(a, pairs), sizes)]
        return lambda a, v: torch.cat([w @ x for w, x in zip(weights(a), parts(v, key))] + [v[:0]])

    for query, key, width in BLOCKS:
        pairs = [0]
        for s in range(len(query) - 1):
            pairs.append(pairs[-1] + (query[s + 1] - query[s]) * (key[s + 1] - key[s]))
        yield function(query, key, pairs), (pairs[-1],), (key[-1], width)


@op
def cross_entropy():
    def function(at):
        return lambda x: -torch.stack([torch.log_softmax(p, 0)[0] for p in parts(x, at)]).mean().reshape(1)

    yield function([0, 5, 6, 8, 30]), (30,)
    yield function([0, 5]), (5,)
