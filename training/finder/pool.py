"""Plates for the scenes: American ones as drawing draws them, European and two-row ones."""
import string

import cv2
import numpy as np

from drawing import plates
from finder.dice import between, chance, rnd
from finder.lettering import font_files, lay, lettering

LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


def serial(groups):
    return " ".join("".join(rnd.choice(LETTERS if c == "A" else string.digits) for c in g) for g in groups)


def line(canvas, text, x0, x1, y0, y1, value, face):
    """One line of plate lettering, filling the height and, when it is too long, squeezed to the width."""
    mask = lettering(text, face, 64)
    h = y1 - y0
    w = min(mask.shape[1] * h / mask.shape[0] * between(.75, 1.1), x1 - x0)
    lay(canvas, mask, (x0 + x1 - w) / 2, y0, w, h, value)


EUROPEAN = [("A", "DD", "AAA"), ("AA", "DD", "AAA"), ("A", "DDD", "AAA"), ("AA", "AA", "DDDD"), ("AA", "DDD", "AA"), ("AADD", "AAA"), ("DDDD", "AAA"),
            ("AAA", "DDD"), ("A", "DDDDDD"), ("AA", "DDDDD")]
VIETNAMESE = [("DDA", "DDD.DD"), ("DDAD", "DDD.DD"), ("DDA", "DDDD"), ("DDAD", "DDDD")]


def foreign_plate():
    """A plate that is not American, as grey float32 [h, w] in 0..255, with its height over its width as made in metal."""
    dark = chance(.1)
    paper, ink = (between(20, 90), between(190, 250)) if dark else (between(170, 245), between(10, 80))
    faces = [f for f in font_files() if any(k in f.lower() for k in ("bold", "din", "series", "narrow", "heavy", "national"))] or font_files()
    face = rnd.choice(faces)
    kind = rnd.random()
    if kind < .6:  # one row, 520 x 110 mm and its Italian and Vietnamese neighbours
        w, h = rnd.choice([(520, 110), (520, 110), (520, 110), (440, 110), (360, 110), (470, 110), (520, 115)])
        canvas = np.full((100, int(100 * w / h)), paper, np.float32)
        W = canvas.shape[1]
        left = W * .03
        if chance(.7):
            band = W * between(.07, .11)
            canvas[:, :int(band)] = between(40, 110)
            if chance(.8):
                cv2.circle(canvas, (int(band / 2), 32), int(band * .28), 200, 2, cv2.LINE_AA)
                lay(canvas, lettering(rnd.choice(["RO", "D", "F", "I", "PL", "E", "NL", "H", "BG"]), face), band * .22, 64, band * .56, 20, 235)
            left = band + W * .02
            if chance(.15):
                canvas[:, -int(band):] = between(40, 110)
        inset = between(.10, .2) * 100
        line(canvas, serial(rnd.choice(EUROPEAN)) if chance(.85) else serial(("DDA", "DDDDD")), left, W * between(.9, .97), inset, 100 - inset, ink, face)
    else:
        w, h = rnd.choice([(330, 165), (280, 200), (190, 140), (340, 200), (240, 130), (165, 120)])
        canvas = np.full((140, int(140 * w / h)), paper, np.float32)
        W = canvas.shape[1]
        top, bottom = rnd.choice(VIETNAMESE) if chance(.6) else (rnd.choice(["DDAA", "A", "AA", "AADD"]), rnd.choice(["DDDD", "DDD", "AAA", "DDAAA"]))
        line(canvas, serial([top]), W * .12, W * .88, 12, 64, ink, face)
        line(canvas, serial([bottom]), W * .05, W * .95, 74, 130, ink, face)
    if chance(.6):
        cv2.rectangle(canvas, (2, 2), (canvas.shape[1] - 3, canvas.shape[0] - 3), float(ink), rnd.choice([1, 2, 3]), cv2.LINE_AA)
    return canvas, h / w


def american_plate():
    """A plate of drawing/plates.py as grey float32 [h, w] in 0..255, with its height over its width as made in metal."""
    picture = plates.render(rnd).image
    if picture.ndim == 3:
        picture = cv2.cvtColor(np.clip(picture, 0, 255).astype(np.uint8), cv2.COLOR_BGR2GRAY)
    return picture.astype(np.float32), picture.shape[0] / picture.shape[1]


class PlatePool:
    """Rendering a plate costs more than a scene, so each plate serves in several scenes before a new one takes its place."""

    def __init__(self, size=900, american=.66):
        self.size, self.american, self.plates = size, american, []

    def take(self):
        if len(self.plates) < self.size or chance(.06):
            fresh = american_plate() if chance(self.american) else foreign_plate()
            if len(self.plates) < self.size:
                self.plates.append(fresh)
            else:
                self.plates[rnd.randrange(self.size)] = fresh
        return rnd.choice(self.plates)
