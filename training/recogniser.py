"""The recogniser: a convolutional network that names the characters of a plate column by column, for CTC.

Input [N, 1, 64, 160], (grey − 127.5) / 64. Output [N, 40, 73] logits, one row for every fourth pixel column.
Classes 0–35 are 0–9 and A–Z, 36–71 the same characters when they stand small and stacked, 72 is the CTC blank.

Every column sees the whole width through two context blocks: without them characters were doubled, dropped and shifted (design
notes, reading.md). Only layers that OpenCV 4.6 can run are used.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from strokefont import CHARACTERS

HEIGHT, WIDTH, COLUMNS = 64, 160, 40
CLASSES = 2 * len(CHARACTERS) + 1
SMALL = len(CHARACTERS)
BLANK = CLASSES - 1


def conv(inputs, outputs, kernel, stride=1, relu=True):
    kernel = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, (kernel[0] // 2, kernel[1] // 2), bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, nn.ReLU(True)) if relu else nn.Sequential(*layers)


class Residual(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.body = nn.Sequential(*layers)
        nn.init.zeros_(layers[-1][1].weight)

    def forward(self, x):
        return F.relu(x + self.body(x))


def refine(width):
    return Residual(conv(width, width, 3), conv(width, width, 3, relu=False))


def context(width, inner=48, reach=15):
    """Looks 15 columns wide. Dense in a narrow middle: a depthwise 3×15 trains at 300 crops/s on one core, this at 540."""
    return Residual(conv(width, inner, 1), conv(inner, inner, (1, reach)), conv(inner, width, 1, relu=False))


class Recogniser(nn.Module):
    def __init__(self, widths=(16, 32, 64, 96), head=128):
        super().__init__()
        a, b, c, d = widths
        self.trunk = nn.Sequential(
            conv(1, a, 3, 2), conv(a, b, 3, 2), refine(b), conv(b, c, 3, (2, 1)), refine(c), conv(c, d, 3, (2, 1)), refine(d),
            context(d), context(d))
        self.head = nn.Sequential(
            nn.Conv2d(d, head, (HEIGHT // 16, 3), 1, (0, 1), bias=False), nn.BatchNorm2d(head), nn.ReLU(True),
            conv(head, head, 1), nn.Conv2d(head, CLASSES, 1))

    def forward(self, x):
        return self.head(self.trunk(x)).squeeze(2).transpose(1, 2)


def prepare(crops):
    """uint8 numpy [n, 64, 160] to network input."""
    x = torch.from_numpy(crops).float().sub_(127.5).div_(64).unsqueeze(1)
    return x.contiguous(memory_format=torch.channels_last)


def text_of(classes):
    """Class numbers to (text, small positions)."""
    return "".join(CHARACTERS[c % SMALL] for c in classes), [i for i, c in enumerate(classes) if c >= SMALL]
