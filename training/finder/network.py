"""The plate finder: network, training targets, peak picking.

Input [N, 1, H, W], H and W multiples of 32, (grey - 127.5) / 64. Outputs at stride 8: "heat" [N, 1, H/8, W/8] in 0..1, high where
a plate's centre (mean of its corners) lies in the cell, and "corners" [N, 8, H/8, W/8], x and y of TL, TR, BR, BL relative to
the cell's centre ((i + .5) * 8), in units of 32 pixels. Coordinates are continuous: pixel i covers [i, i + 1).

The scheme is CenterNet's (Zhou et al., "Objects as Points", 2019, arXiv:1904.07850) with corners instead of a size, on a
depthwise separable backbone as in MobileNet (Howard et al., 2017, arXiv:1704.04861) with a top-down path to stride 8.
"""
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

STRIDE = 8
UNIT = 32.0


def normalise(pictures):
    """uint8 array [N, H, W] to the network's input, float32 tensor [N, 1, H, W]."""
    return torch.from_numpy(pictures).float().sub_(127.5).div_(64).unsqueeze(1)


def conv(cin, cout, kernel=1, stride=1, groups=1):
    return nn.Sequential(nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(cout), nn.ReLU(True))


class Separable(nn.Module):
    """Depthwise then pointwise, nothing between them, with a bypass where the shape allows."""

    def __init__(self, cin, cout, stride=1):
        super().__init__()
        self.depthwise = nn.Conv2d(cin, cin, 3, stride, 1, groups=cin, bias=False)
        self.pointwise = conv(cin, cout)
        self.bypass = stride == 1 and cin == cout

    def forward(self, x):
        y = self.pointwise(self.depthwise(x))
        return x + y if self.bypass else y


def stage(cin, cout, blocks):
    return nn.Sequential(Separable(cin, cout, 2), *[Separable(cout, cout) for _ in range(blocks - 1)])


class Finder(nn.Module):
    def __init__(self, widths=(16, 32, 64, 96, 128), head=64):
        super().__init__()
        w2, w4, w8, w16, w32 = widths
        self.stem = conv(1, w2, 3, 2)
        self.to4 = stage(w2, w4, 1)
        self.to8 = stage(w4, w8, 2)
        self.to16 = stage(w8, w16, 3)
        # Four blocks let one cell see both ends of a plate 300 pixels wide; at this stride they cost next to nothing.
        self.to32 = stage(w16, w32, 4)
        self.side8, self.side16, self.side32 = conv(w8, head), conv(w16, head), conv(w32, head)
        self.merge16, self.merge8 = Separable(head, head), Separable(head, head)
        self.tower = nn.Sequential(Separable(head, head), Separable(head, head))
        self.heat = nn.Conv2d(head, 1, 1)
        self.corners = nn.Conv2d(head, 8, 1)
        nn.init.constant_(self.heat.bias, -3.5)

    def forward(self, x):
        x8 = self.to8(self.to4(self.stem(x)))
        x16 = self.to16(x8)
        x32 = self.to32(x16)
        y = self.merge16(self.side16(x16) + F.interpolate(self.side32(x32), scale_factor=2.0, mode="nearest"))
        y = self.merge8(self.side8(x8) + F.interpolate(y, scale_factor=2.0, mode="nearest"))
        y = self.tower(y)
        return torch.sigmoid(self.heat(y)), self.corners(y)


def targets(quads, kinds, height, width):
    """Training targets as float32 arrays for quads [N, K, 4, 2] of kinds [N, K] (1 plate, 2 ignore, 0 none).

    Returns heat [N, h, w], corners [N, 8, h, w] in UNITs, weight [N, h, w] (sums to 1 per plate), size [N, 8, h, w] (in UNITs, by
    which corner errors are divided: x by the geometric mean of the plate's sides, y by its height where that is less) and care [N, h, w] (0 where a cut-off plate lies)."""
    n, h, w = len(quads), height // STRIDE, width // STRIDE
    heat, weight, care = np.zeros((n, h, w), np.float32), np.zeros((n, h, w), np.float32), np.ones((n, h, w), np.float32)
    corners, size = np.zeros((n, 8, h, w), np.float32), np.ones((n, 8, h, w), np.float32)
    ys, xs = ((np.arange(m, dtype=np.float32) + .5) * STRIDE for m in (h, w))
    for b, k in zip(*np.nonzero(kinds)):
        q = quads[b, k]
        (x0, y0), (x1, y1) = q.min(0), q.max(0)
        if kinds[b, k] == 2:
            care[b, max(0, int(y0) // STRIDE):int(y1) // STRIDE + 1, max(0, int(x0) // STRIDE):int(x1) // STRIDE + 1] = 0
            continue
        cx, cy = q.mean(0)
        across, down = np.linalg.norm(q[1] - q[0]), np.linalg.norm(q[3] - q[0])
        sx, sy = max(across * .12, 4), max(down * .16, 4)
        g = np.exp(-((xs[None] - cx) ** 2 / (2 * sx * sx) + (ys[:, None] - cy) ** 2 / (2 * sy * sy))).astype(np.float32)
        g[min(h - 1, max(0, int(cy // STRIDE))), min(w - 1, max(0, int(cx // STRIDE)))] = 1
        heat[b] = np.maximum(heat[b], g)
        near = (g > .45) & (g >= heat[b])
        weight[b][near] = g[near] / g[near].sum()
        mean = np.sqrt(across * down)
        size[b, 0::2, near] = mean / UNIT
        size[b, 1::2, near] = min(mean, max(down, 10)) / UNIT
        for c in range(4):
            corners[b, 2 * c][near] = np.broadcast_to((q[c, 0] - xs[None]) / UNIT, (h, w))[near]
            corners[b, 2 * c + 1][near] = np.broadcast_to((q[c, 1] - ys[:, None]) / UNIT, (h, w))[near]
    return heat, corners, weight, size, care


def loss(heat, corners, want):
    """Focal loss of the heat map and corner loss relative to the plate's sides; want holds targets() as tensors."""
    true_heat, true_corners, weight, size, care = want
    p = heat.float().squeeze(1).clamp(1e-4, 1 - 1e-4)
    peak = (true_heat > .999).float()
    count = peak.sum().clamp(min=1)
    focal = -(peak * (1 - p) ** 2 * p.log() + (1 - peak) * care * (1 - true_heat) ** 4 * p ** 2 * (1 - p).log()).sum() / count
    off = (corners.float() - true_corners) / size
    corner = (F.smooth_l1_loss(off, torch.zeros_like(off), reduction="none", beta=.03).sum(1) * weight).sum() / count
    return focal, corner


# ---- reading the maps ------------------------------------------------------------------------------------------------

def overlap(a, b):
    """Intersection over union and over the smaller one, of the bounding boxes of two quads."""
    lo, hi = np.maximum(a.min(0), b.min(0)), np.minimum(a.max(0), b.max(0))
    both = np.prod(np.maximum(hi - lo, 0))
    one, two = np.prod(np.ptp(a, axis=0)), np.prod(np.ptp(b, axis=0))
    return both / max(one + two - both, 1e-6), both / max(min(one, two), 1e-6)


def pick(heat, corners, threshold=.3, most=50):
    """Plates in heat [h, w] and corners [8, h, w] as (score, quad [4, 2] in input pixels), best first.

    A peak is the largest of its 3x3 cells. Its corners are the mean, weighted by squared heat, of what those cells say that
    have at least half its heat: they were all trained on the same plate, and averaging takes away part of their noise. A
    plate whose box overlaps a better one by .3 of the union or half of the smaller box is dropped."""
    h, w = heat.shape
    rim = np.pad(heat, 1)
    largest = np.max([rim[dy:dy + h, dx:dx + w] for dy in range(3) for dx in range(3)], axis=0)
    ys, xs = np.nonzero((heat >= threshold) & (heat >= largest))
    order = np.argsort(-heat[ys, xs])[:most]
    found = []
    for y, x in zip(ys[order], xs[order]):
        total, quad = 0.0, np.zeros((4, 2))
        for v in range(max(0, y - 1), min(h, y + 2)):
            for u in range(max(0, x - 1), min(w, x + 2)):
                if heat[v, u] < .5 * heat[y, x]:
                    continue
                weight = float(heat[v, u]) ** 2
                quad += weight * (corners[:, v, u].reshape(4, 2) * UNIT + np.array([(u + .5) * STRIDE, (v + .5) * STRIDE]))
                total += weight
        quad /= total
        if all(iou < .3 and part < .5 for iou, part in (overlap(quad, q) for _, q in found)):
            found.append((float(heat[y, x]), quad))
    return found
