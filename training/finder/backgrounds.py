"""Places: dashcam frames with their plates painted over, and drawn streets, walls, car parks, clutter."""
import csv
import os
import sys

import cv2
import numpy as np

from finder.dice import between, chance, log_between, rnd
from finder.geometry import fill

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHARED = os.environ.get("ALPRD_SHARED", os.path.join(HERE, "..", "..", "shared"))
# Plates in those frames that the set's labels leave out, found by an earlier finder and picked by eye.
UNLABELLED = os.path.join(HERE, "finder/dashcam_unlabelled.csv")
# What that finder took for plates there and is none: crops are cut around these more often than chance would.
LOOKALIKES = os.path.join(HERE, "finder/dashcam_lookalikes.csv")


class Frames:
    """Dashcam frames with their plates painted over.

    Holds (grey picture, boxes, lookalikes): each box is x, y, w, h in pixels with the mean and spread of the grey that was
    under it, so that a rendered plate can be lit as the scene was; a lookalike is x, y, w, h."""

    RIDE = "dayride_type1_001"

    def __init__(self, root=SHARED):
        self.frames = []
        base = os.path.join(root, "data", "dashcam")
        table = os.path.join(base, "labels.csv")
        if not os.path.exists(table):
            print("scenes: no dashcam frames under %s: procedural backgrounds only" % root, file=sys.stderr)
            return
        boxes = {}
        for row in csv.DictReader(open(table)):
            if os.path.basename(row["path"]).startswith(self.RIDE):
                boxes.setdefault(row["path"], []).append([float(row[k]) for k in "xywh"])
        extra, alike = {}, {}
        for listed, found in ((UNLABELLED, extra), (LOOKALIKES, alike)):
            for row in csv.DictReader(open(listed)):
                found.setdefault(row["path"], []).append([float(row[k]) for k in "xywh"])
        for path, labelled in sorted(boxes.items()):
            grey = cv2.imread(os.path.join(base, path), cv2.IMREAD_GRAYSCALE)
            if grey is None:
                continue
            lit = []
            for x, y, w, h in labelled:
                under = grey[int(y + h * .2):int(y + h * .8) + 1, int(x + w * .15):int(x + w * .85) + 1].astype(np.float32)
                lit.append((x, y, w, h, float(under.mean()), float(under.std())))
            for x, y, w, h in labelled + extra.get(os.path.basename(path), []):
                self.paint_over(grey, x, y, w, h)
            self.frames.append((grey, lit, alike.get(os.path.basename(path), [])))

    @staticmethod
    def paint_over(grey, x, y, w, h):
        """Replaces a plate by what surrounds it, roughened like the rest of the picture, in place."""
        x0, y0, x1, y1 = int(x - w * .07), int(y - h * .15), int(x + w * 1.07) + 1, int(y + h * 1.15) + 1
        m = 8
        X0, Y0, X1, Y1 = max(0, x0 - m), max(0, y0 - m), min(grey.shape[1], x1 + m), min(grey.shape[0], y1 + m)
        part = grey[Y0:Y1, X0:X1]
        hole = np.zeros(part.shape, np.uint8)
        hole[max(0, y0 - Y0):y1 - Y0, max(0, x0 - X0):x1 - X0] = 255
        filled = cv2.GaussianBlur(cv2.inpaint(part, hole, 5, cv2.INPAINT_TELEA), (0, 0), 3).astype(np.float32)
        filled += cv2.GaussianBlur(np.random.standard_normal(part.shape).astype(np.float32), (0, 0), .8) * 5
        soft = cv2.GaussianBlur(hole, (0, 0), 1.5).astype(np.float32) / 255
        grey[Y0:Y1, X0:X1] = np.clip(part * (1 - soft) + filled * soft, 0, 255).astype(np.uint8)

    def crop(self, width, height):
        """A crop scaled to width x height: float32 picture, and the boxes that lie in it with their grey, in its coordinates."""
        grey, lit, alike = rnd.choice(self.frames)
        while True:
            scale = log_between(.45, 2.2)  # frame pixels per scene pixel
            cw, ch = width * scale, height * scale
            if cw <= grey.shape[1] and ch <= grey.shape[0]:
                break
        around = alike if alike and chance(.6) else lit if chance(.6) else []
        if around:
            x, y, w, h = rnd.choice(around)[:4]
            X, Y = x + w / 2 - cw * between(.15, .85), y + h / 2 - ch * between(.15, .85)
        else:
            X, Y = between(0, grey.shape[1] - cw), between(0, grey.shape[0] - ch)
        X, Y = int(max(0, min(grey.shape[1] - cw, X))), int(max(0, min(grey.shape[0] - ch, Y)))
        part = grey[Y:Y + int(ch), X:X + int(cw)]
        scene = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR).astype(np.float32)
        inside = [((x - X) / scale, (y - Y) / scale, w / scale, h / scale, mean, spread) for x, y, w, h, mean, spread in lit]
        inside = [b for b in inside if b[0] > 2 and b[1] > 2 and b[0] + b[2] < width - 2 and b[1] + b[3] < height - 2]
        if chance(.5):
            scene = np.ascontiguousarray(scene[:, ::-1])
            inside = [(width - x - w, y, w, h, mean, spread) for x, y, w, h, mean, spread in inside]
        return scene, inside, 1 / scale


def cloud(width, height, cells, amplitude):
    """Smooth noise over several octaves."""
    out = np.zeros((height, width), np.float32)
    for _ in range(rnd.randint(1, 4)):
        n = np.random.standard_normal((max(2, int(cells * height / width) + 1), int(cells) + 1)).astype(np.float32)
        out += cv2.resize(n, (width, height), interpolation=cv2.INTER_LINEAR) * amplitude
        cells, amplitude = min(cells * between(1.8, 3), width // 2), amplitude * between(.4, .8)
    return out


def procedural(width, height):
    """A street, a wall, a car park or plain clutter: float32 [height, width]."""
    horizon = int(height * between(.1, .6))
    scene = np.empty((height, width), np.float32)
    scene[:horizon] = between(60, 245)
    scene[horizon:] = between(40, 170)
    scene += cloud(width, height, rnd.randint(2, 5), between(4, 30))
    for _ in range(rnd.randint(0, 7)):  # buildings, walls, trees
        w, h = log_between(15, width * .7), log_between(12, height * .7)
        x, y = int(between(-w * .3, width)), int(horizon - h * between(.2, 1))
        x0, y0, x1, y1 = max(0, x), max(0, y), min(width, int(x + w)), min(height, int(y + h))
        if x1 - x0 < 3 or y1 - y0 < 3:
            continue
        if chance(.35):
            coarse = rnd.randint(1, 4)
            n = np.random.standard_normal(((y1 - y0) // coarse + 1, (x1 - x0) // coarse + 1)).astype(np.float32)
            scene[y0:y1, x0:x1] = between(30, 120) + cv2.resize(n, (x1 - x0, y1 - y0)) * between(8, 45)
        else:
            value = between(20, 235)
            scene[y0:y1, x0:x1] = value
            if chance(.7):
                pitch_x, pitch_y, pane = rnd.randint(5, 40), rnd.randint(5, 40), between(0, 255)
                for px in range(x0 + 2, x1, pitch_x):
                    for py in range(y0 + 2, y1, pitch_y):
                        cv2.rectangle(scene, (px, py), (min(x1, px + int(pitch_x * .6)), min(y1, py + int(pitch_y * .6))), pane, -1)
    for _ in range(rnd.randint(0, 6)):  # poles, kerbs, lane marks, wires
        a = (rnd.randint(-20, width + 20), rnd.randint(-20, height + 20))
        b = (a[0] + rnd.randint(-8, 8), rnd.randint(0, height)) if chance(.4) else (rnd.randint(-20, width + 20), rnd.randint(horizon, height + 20))
        cv2.line(scene, a, b, between(0, 255), rnd.randint(1, 5), cv2.LINE_AA)
    for _ in range(rnd.randint(0, 4)):
        clutter(scene)
    return scene


def clutter(scene):
    """One plain shape, row of stripes or patch of texture in place."""
    height, width = scene.shape
    value, x, y = between(0, 255), rnd.randint(0, width), rnd.randint(0, height)
    w, h = int(log_between(6, 160)), int(log_between(5, 110))
    kind = rnd.random()
    if kind < .3:
        cv2.rectangle(scene, (x - w // 2, y - h // 2), (x + w // 2, y + h // 2), value, rnd.choice([-1, -1, 1, 2, 4]))
    elif kind < .45:
        cv2.ellipse(scene, (x, y), (w // 2 + 1, h // 2 + 1), rnd.randint(0, 180), 0, 360, value, rnd.choice([-1, -1, 2]), cv2.LINE_AA)
    elif kind < .6:
        fill(scene, [[x + rnd.randint(-w, w), y + rnd.randint(-h, h)] for _ in range(rnd.randint(3, 6))], value)
    elif kind < .68:  # twigs
        tips = [(x, y)]
        for _ in range(rnd.randint(8, 40)):
            a = rnd.choice(tips[-12:])
            b = (int(a[0] + rnd.gauss(0, 14)), int(a[1] - abs(rnd.gauss(0, 14))))
            cv2.line(scene, a, b, value, rnd.choice([1, 1, 1, 2, 3]), cv2.LINE_AA)
            tips.append(b)
    elif kind < .87:
        pitch = rnd.randint(3, 13)
        thick = rnd.randint(1, max(1, pitch - 2))
        x0, y0 = max(0, x - w // 2), max(0, y - h // 2)
        if chance(.55):
            for q in range(x0, min(width, x0 + w), pitch):
                cv2.line(scene, (q, y0), (q, min(height, y0 + h)), value, thick)
        if chance(.6):
            for q in range(y0, min(height, y0 + h), pitch):
                cv2.line(scene, (x0, q), (min(width, x0 + w), q), value, thick)
    else:
        x0, y0, x1, y1 = max(0, x - w), max(0, y - h), min(width, x + w), min(height, y + h)
        if x1 - x0 > 4 and y1 - y0 > 4:
            n = np.random.standard_normal(((y1 - y0) // rnd.randint(1, 3) + 1, (x1 - x0) // rnd.randint(1, 3) + 1)).astype(np.float32)
            scene[y0:y1, x0:x1] += cv2.resize(n, (x1 - x0, y1 - y0)) * between(5, 45)
