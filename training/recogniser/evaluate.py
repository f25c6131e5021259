"""Measures a recogniser on the real sets: recogniser/evaluate.py MODEL.onnx [--finder FINDER.onnx] [--sheet FILE.png]

Pictures are only ever measured here, never trained on. Without a finder the plate's place is assumed: the whole picture for
`closeups` (most are filled by their plate), the labelled box grown to the plate's edges for `california`. Reported are: exact
(with or without the small characters, as in tools/score), folded (O=Q=0, I=1), top10, the mean character error, and how
often a text is right when its score exceeds .7.
"""
import argparse
import csv
import os
import re
import sys
import time

import cv2
import numpy as np

from recogniser import decode
from recogniser.network import HEIGHT, WIDTH

MARGINS = (.04, .12)  # those of internal/ocr
FOLD = str.maketrans("OQI", "001")
# The labelled box of `california` is tight around the characters; the plate reaches this far beyond, in box widths and heights.
PLATE_BEYOND_BOX = (.07, .38, .07, .32)  # left, top, right, bottom


def rectified(grey, corners, margin):
    """The plate inside the corners (tl, tr, br, bl), widened by margin × its size on each side, as a HEIGHT×WIDTH crop."""
    corners = np.asarray(corners, np.float32)
    across = max(np.linalg.norm(corners[1] - corners[0]), np.linalg.norm(corners[2] - corners[3]))
    scale = max(1, int(round(across * (1 + 2 * margin) / WIDTH)))
    w, h = WIDTH * scale, HEIGHT * scale
    mx, my = margin / (1 + 2 * margin) * w, margin / (1 + 2 * margin) * h
    target = np.array([[mx, my], [w - mx, my], [w - mx, h - my], [mx, h - my]], np.float32)
    crop = cv2.warpPerspective(grey, cv2.getPerspectiveTransform(corners, target), (w, h), borderMode=cv2.BORDER_REPLICATE)
    return cv2.resize(crop, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) if scale > 1 else crop


class Reader:
    def __init__(self, path, margins=MARGINS):
        self.net, self.margins = cv2.dnn.readNetFromONNX(path), margins

    def logits(self, crop):
        self.net.setInput((crop.astype(np.float32)[None, None] - 127.5) / 64, "input")
        return self.net.forward("logits")[0]

    def read(self, grey, corners):
        return decode.read([self.logits(rectified(grey, corners, m)) for m in self.margins])


def whole(grey, row):
    h, w = grey.shape
    return [(0, 0), (w, 0), (w, h), (0, h)]


def grown_box(grey, row):
    x, y, w, h = (float(row[k]) for k in "xywh")
    left, top, right, bottom = PLATE_BEYOND_BOX
    x0, y0, x1, y1 = x - left * w, y - top * h, x + w + right * w, y + h + bottom * h
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def labelled(shared, name):
    folder = os.path.join(shared, "data", name)
    with open(os.path.join(folder, "labels.csv")) as f:
        for row in csv.DictReader(f):
            if row["plate"]:
                yield row, cv2.imread(os.path.join(folder, row["path"]), cv2.IMREAD_GRAYSCALE)


def edits(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


def forms(text, small):
    return {text, "".join(c for i, c in enumerate(text) if i not in small)}


def place(grey, row, how, finder):
    """Corners of the labelled plate, or None where the finder missed it."""
    if finder is None:
        return how(grey, row)
    found = finder(grey)
    if row["w"]:
        x, y = float(row["x"]) + float(row["w"]) / 2, float(row["y"]) + float(row["h"]) / 2
        found = [(s, c) for s, c in found if cv2.pointPolygonTest(np.asarray(c, np.float32), (x, y), False) >= 0]
    return max(found, key=lambda f: f[0])[1] if found else None


def measure(name, rows, reader, how, finder=None):
    """One line of figures, and what was misread: (crop, label, text, small, probability)."""
    n = exact = folded = top10 = wrong = length = sure = sure_right = missed = 0
    misses, spent = [], 0.
    for row, grey in rows:
        labels = {re.sub("[^A-Z0-9]", "", t) for t in row["plate"].upper().split("|")}
        n += 1
        corners = place(grey, row, how, finder)
        if corners is None:
            missed += 1
            misses.append((cv2.resize(grey, (WIDTH, HEIGHT)), row["plate"], "(not found)", [], 0.))
            continue
        started = time.time()
        candidates, small = reader.read(grey, corners)
        spent += time.time() - started
        text, score = candidates[0] if candidates else ("", -np.inf)
        got = forms(text, small)
        right = bool(got & labels)
        right_folded = bool({t.translate(FOLD) for t in got} & {t.translate(FOLD) for t in labels})
        exact, folded = exact + right, folded + right_folded
        top10 += right or any(t in labels for t, _ in candidates)
        wrong += min(edits(g, t) for g in got for t in labels)
        length += len(min(labels))
        if np.exp(score) > .7:
            sure, sure_right = sure + 1, sure_right + right_folded
        if not right_folded:
            misses.append((rectified(grey, corners, reader.margins[-1]), row["plate"], text, small, float(np.exp(score))))
    line = "%s: exact %.3f folded %.3f top10 %.3f character error %.3f; above .7: %.2f of plates, %.3f right; n %d, not found %d, %.1f ms" % (
        name, exact / n, folded / n, top10 / n, wrong / max(1, length), sure / n, sure_right / max(1, sure), n, missed, spent / n * 1e3)
    return line, misses


def sheet(misses, path, columns=8):
    tiles = []
    for crop, plate, text, small, p in misses:
        caption = np.zeros((26, WIDTH), np.uint8)
        shown = "".join(c.lower() if i in small else c for i, c in enumerate(text))
        cv2.putText(caption, plate, (2, 11), cv2.FONT_HERSHEY_SIMPLEX, .42, 255, 1)
        cv2.putText(caption, "%s %.2f" % (shown, p), (2, 24), cv2.FONT_HERSHEY_SIMPLEX, .42, 200, 1)
        tiles.append(np.vstack([crop, caption]))
    while len(tiles) % columns or not tiles:
        tiles.append(np.zeros((HEIGHT + 26, WIDTH), np.uint8))
    cv2.imwrite(path, np.vstack([np.hstack(tiles[i:i + columns]) for i in range(0, len(tiles), columns)]))


def finder_of(path):
    """What finds plates in a grey picture: [(score, corners)]."""
    from finder.measure import Net
    net = Net(path)
    return lambda grey: net.find(grey, max(320, min(640, max(grey.shape))), margin=0 if grey.shape[1] >= 480 else 32)


SETS = {"closeups": whole, "california": grown_box, "vanity": whole}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--finder", help="ONNX of the finder: measure end to end instead of at assumed places")
    parser.add_argument("--shared", default=os.environ.get("ALPRD_SHARED", "../shared"))
    parser.add_argument("--sets", default="closeups,california")
    parser.add_argument("--sheet", help="write misread plates as a picture: %%s becomes the set's name")
    a = parser.parse_args()
    cv2.setNumThreads(1)
    reader, finder = Reader(a.model), finder_of(a.finder) if a.finder else None
    for name in a.sets.split(","):
        line, misses = measure(name, labelled(a.shared, name), reader, SETS[name], finder)
        print(line, flush=True)
        if a.sheet:
            sheet(misses, a.sheet % name)


if __name__ == "__main__":
    sys.exit(main())
