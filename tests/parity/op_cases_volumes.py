"""The ops on matching images: word against word, and dense maps through PyTorch's own Conv3d and MaxPool3d."""

import torch
import torch.nn.functional as F
from op_golden import op


def cut(x, lengths):
    return torch.split(x, lengths)


@op
def match():
    def images(lengths, clicks, own, candidates, levels, scales):
        def function(x, y):
            words, titles, out, at = cut(x, lengths), cut(y, own), [], 0
            for s, shown in enumerate(candidates):
                first = sum(clicks[:s])
                history = words[first : first + clicks[s]]
                for title in titles[at : at + shown]:
                    column = 0
                    for width, scale in zip(levels, scales):
                        part = slice(column, column + width)
                        for click in history:
                            out.append(scale * torch.einsum("ic,jc->ij", click[:, part], title[:, part]).flatten())
                        column += width
                at += shown
            return torch.cat(out) if out else x.new_zeros(0) + 0 * (x.sum() + y.sum())

        return function

    ragged = ([3, 0, 2, 4], [3, 0, 1], [2, 4, 1, 0, 3], [2, 1, 2])
    yield images(*ragged, [4], [0.5]), (9, 4), (10, 4)
    yield images(*ragged, [2, 5, 1], [1, 0.25, -2]), (9, 8), (10, 8)
    yield images([], [0], [], [0], [3], [1]), (0, 3), (0, 3)


@op
def convolution_pool():
    depths, heights, widths = [4, 0, 1, 7], [[2, 5, 0, 3], [], [4], [1, 7, 2, 7, 3, 1, 2]], [5, 3, 0, 8]

    def reached(size, grid):
        """Cells with a place whose kernel sees the first `size` elements."""
        return len([q for q in range(grid // 3) if size > 0 and 3 * q - 1 < size])

    def layer(grid, channels, whole, volumes):
        def function(x, w, b):
            out, at = [], 0
            for n in range(volumes):
                dense = x.new_zeros((channels, *grid))
                for c in range(channels):
                    for z, height in enumerate(heights[n]):
                        size = height * widths[n]
                        dense[c, z, :height, : widths[n]] = x[at : at + size].reshape(height, widths[n])
                        at += size
                shift = b.reshape(-1, 1, 1, 1) if b.dim() == 1 else b
                empty = F.max_pool3d((shift + 0 * dense[:1])[None], 3)[0]
                full = F.max_pool3d(F.conv3d(dense[None], w / 8, padding=1) + shift, 3)[0]
                y = F.elu(full) - F.elu(empty)
                if whole:
                    out.append(y.flatten())
                    continue
                cells = reached(depths[n], grid[0]), reached(widths[n], grid[2])
                for o in range(len(w)):
                    for q in range(cells[0]):
                        seen = heights[n][max(0, 3 * q - 1) : 3 * q + 4]
                        out.append(y[o, q, : reached(max(seen), grid[1]), : cells[1]].flatten())
            return torch.cat(out) if out else x.new_zeros(0) + 0 * (x.sum() + w.sum() + b.sum())

        return function

    size = sum(w * sum(h) for h, w in zip(heights, widths))
    yield layer((7, 7, 8), 2, False, 4), (2 * size,), (3, 2, 3, 3, 3), (3,)
    yield layer((7, 7, 8), 1, True, 4), (size,), (2, 1, 3, 3, 3), (2, 7, 7, 8)
    yield layer((9, 8, 11), 2, True, 4), (2 * size,), (2, 2, 3, 3, 3), (2, 9, 8, 11)
    yield layer((7, 7, 8), 3, False, 4), (3 * size,), (17, 3, 3, 3, 3), (17,)
    yield layer((2, 9, 9), 1, False, 0), (0,), (2, 1, 3, 3, 3), (2,)
