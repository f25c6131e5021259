"""The state reader: a convolutional network that reads what is printed above and below a registration, for CTC.

Input [N, 1, 96, 320], (grey − 127.5) / 64: the band above the registration over the band below it, each 48 rows for .44 of the plate's
height (`BANDS`, in plate heights) and 320 columns for the plate's width and .04 of it on each side: twice the recogniser's resolution.
Output [N, 2, 80, 29] logits: for each band a row for every fourth column; classes are SIGNS (A–Z, # for any digit, blank between
words) and, last, the CTC blank.

Both bands share one trunk, whose row dimension the head takes apart again. Only layers that OpenCV 4.6 can run are used.
"""
import torch.nn as nn

from recogniser.network import context, conv, refine

WIDTH, BAND_HEIGHT, COLUMNS = 320, 48, 80
BANDS = ((-.10, .34), (.66, 1.10))
SIDE = .04
SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ# "
CLASSES = len(SIGNS) + 1
BLANK = CLASSES - 1
LONGEST = 36  # signs of a band's text that are labelled


class StateReader(nn.Module):
    def __init__(self, widths=(16, 32, 48, 64), head=96):
        super().__init__()
        a, b, c, d = widths
        self.trunk = nn.Sequential(
            conv(1, a, 3, 2), conv(a, b, 3, 2), refine(b), conv(b, c, 3, (2, 1)), refine(c), conv(c, d, 3, (2, 1)), refine(d))
        rows = BAND_HEIGHT // 16
        self.head = nn.Sequential(
            nn.Conv2d(d, head, (rows, 3), (rows, 1), (0, 1), bias=False), nn.BatchNorm2d(head), nn.ReLU(True),
            context(head), context(head), nn.Conv2d(head, CLASSES, 1))

    def forward(self, x):
        return self.head(self.trunk(x)).permute(0, 2, 3, 1)
