"""Lettering for rendered plates: a parametric stroke die and outline fonts.

No free font is a US plate die, and dies differ between states and decades, so most plates are lettered by `Die`: each
character is a few centre-line strokes whose width, corner radii, thickness, bar heights and shape variants are drawn at
random per plate. Both kinds of lettering share one small interface:

    width(char)                      natural width over height
    draw(mask, char, x, y, w, h)     paints the character into the box, 255 on a uint8 mask (pixels, y down)
"""
import math
import os
import random

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CHARACTERS = DIGITS + LETTERS


def arc(cx, cy, rx, ry, start, end, steps=6):
    """Points of an elliptic arc, angles in degrees, clockwise on screen from the positive x axis."""
    span = [math.radians(start + (end - start) * i / steps) for i in range(steps + 1)]
    return [(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in span]


class Die:
    """One random set of plate dies.

    Strokes live in a box `w` wide and 1 high (y down), measured to the centre of the stroke. Shapes are made when first
    asked for and kept, so that a character looks the same wherever it stands on one plate.
    """

    def __init__(self, rng):
        self.rng = r = random.Random(rng.getrandbits(48))
        self.w = r.uniform(.40, .60)
        self.rx = self.w * r.uniform(.22, .5)
        self.ry = min(.25, self.rx * r.uniform(.8, 1.5))
        self.thickness = r.uniform(.10, .19)
        self.waist = r.uniform(.46, .54)
        self.tip = r.uniform(.22, .34)
        self.bulge = min(self.ry, self.waist / 2, (1 - self.waist) / 2)
        self.square = r.random() < .22
        self.serif = r.uniform(.06, .13) if r.random() < .08 else 0
        self._paths = {}

    # Corners of the full box, each from its first point clockwise.
    def _top_left(self): return arc(self.rx, self.ry, self.rx, self.ry, 180, 270)
    def _top_right(self): return arc(self.w - self.rx, self.ry, self.rx, self.ry, 270, 360)
    def _bottom_right(self): return arc(self.w - self.rx, 1 - self.ry, self.rx, self.ry, 0, 90)
    def _bottom_left(self): return arc(self.rx, 1 - self.ry, self.rx, self.ry, 90, 180)

    def _ring(self, x0, y0, x1, y1):
        a, b = min(self.rx, (x1 - x0) / 2), min(self.ry, (y1 - y0) / 2)
        p = (arc(x0 + a, y0 + b, a, b, 180, 270) + arc(x1 - a, y0 + b, a, b, 270, 360)
             + arc(x1 - a, y1 - b, a, b, 0, 90) + arc(x0 + a, y1 - b, a, b, 90, 180))
        return p + p[:1]

    def _right_bulge(self, y0, y1):
        """The right side of a B, P or 8 between two heights, downwards."""
        b = min(self.bulge, (y1 - y0) / 2)
        return arc(self.w - self.rx, y0 + b, self.rx, b, 270, 360) + arc(self.w - self.rx, y1 - b, self.rx, b, 0, 90)

    def _left_turn(self, y, start, end):
        return arc(self.rx, y, self.rx, self.bulge, start, end)

    def _c(self, low=None):
        """A C from its upper tip round to its lower one, or to height `low` on the right."""
        return ([(self.w, self.tip)] + self._top_right()[::-1] + self._top_left()[::-1] + self._bottom_left()[::-1]
                + self._bottom_right()[::-1] + [(self.w, 1 - self.tip if low is None else low)])

    def paths(self, char):
        """Strokes of a character: lists of (x, y)."""
        if char not in self._paths:
            self._paths[char] = getattr(self, "_glyph_" + char)()
        return self._paths[char]

    def _glyph_O(self): return [self._ring(0, 0, self.w, 1)]

    def _glyph_0(self):
        inset = self.rng.choice([0, 0, 0, .04, .08]) * self.w
        strokes = [self._ring(inset, 0, self.w - inset, 1)]
        if self.rng.random() < .07:
            strokes.append([(self.w * .3, .65), (self.w * .7, .35)])
        return strokes

    def _glyph_Q(self):
        r, w = self.rng, self.w
        return [self._ring(0, 0, w, 1), [(w * r.uniform(.42, .7), r.uniform(.7, .87)), (w * r.uniform(.88, 1.08), r.uniform(.97, 1.03))]]

    def _glyph_C(self): return [self._c()]

    def _glyph_G(self):
        r, w, m = self.rng, self.w, self.waist
        bar = m + r.uniform(0, .12)
        strokes = [self._c(low=bar) + [(w * r.uniform(.4, .75), bar)]]
        if r.random() < .2:
            strokes.append([(w, bar), (w, 1)])
        return strokes

    def _glyph_D(self):
        w, a = self.w, self.rx
        return [[(0, 0), (w - a, 0)] + self._top_right() + self._bottom_right() + [(0, 1), (0, 0)]]

    def _glyph_U(self): return [[(0, 0)] + self._bottom_left()[::-1] + self._bottom_right()[::-1] + [(self.w, 0)]]

    def _glyph_J(self):
        r, w = self.rng, self.w
        strokes = [[(0, r.uniform(.62, .74))] + self._bottom_left()[::-1] + self._bottom_right()[::-1] + [(w, 0)]]
        if r.random() < .2:
            strokes.append([(w * .4, 0), (w, 0)])
        return strokes

    def _glyph_P(self):
        low = self.waist + self.rng.uniform(.0, .1)
        return [[(0, 1), (0, 0), (self.w - self.rx, 0)] + self._right_bulge(0, low) + [(0, low)]]

    def _glyph_R(self):
        r, w, a = self.rng, self.w, self.rx
        low = self.waist + r.uniform(0, .08)
        bowl = [(0, 1), (0, 0), (w - a, 0)] + self._right_bulge(0, low) + [(0, low)]
        if r.random() < .3:
            return [bowl, [(w * .6, low)] + arc(w - a, low + self.bulge, a, self.bulge, 270, 360) + [(w, 1)]]
        return [bowl, [(w * r.uniform(.35, .6), low), (w, 1)]]

    def _glyph_B(self):
        w, m, flat = self.w, self.waist, self.w - self.rx
        return [[(0, m), (0, 0), (flat, 0)] + self._right_bulge(0, m) + [(0, m), (flat, m)]
                + self._right_bulge(m, 1) + [(0, 1), (0, m)]]

    def _glyph_8(self):
        w, m, b = self.w, self.waist, self.bulge
        upper = self._left_turn(b, 180, 270) + self._right_bulge(0, m) + self._left_turn(m - b, 90, 180) + [(0, b)]
        lower = (self._left_turn(m + b, 180, 270) + self._right_bulge(m, 1) + self._left_turn(1 - b, 90, 180)
                 + [(0, m + b)])
        inset = w * self.rng.choice([0, 0, .03, .06])
        return [[(x * (w - 2 * inset) / w + inset, y) for x, y in upper], lower]

    def _glyph_3(self):
        r, w, m, b = self.rng, self.w, self.waist, self.bulge
        foot = self._right_bulge(m, 1) + self._left_turn(1 - b, 90, 180) + [(0, 1 - self.tip * .8)]
        if r.random() < .12:
            return [[(0, 0), (w, 0), (w * .45, m * .85), (w - self.rx, m)] + foot]
        bar = w * r.uniform(.25, .45)
        return [[(0, self.tip * .8)] + self._left_turn(b, 180, 270) + self._right_bulge(0, m) + [(bar, m)],
                [(bar, m), (w - self.rx, m)] + foot]

    def _glyph_S(self):
        w, a, m, b = self.w, self.rx, self.waist, self.bulge
        return [[(w, self.tip * .85)] + arc(w - a, b, a, b, 360, 270) + arc(a, b, a, b, 270, 180)
                + arc(a, m - b, a, b, 180, 90) + arc(w - a, m + b, a, b, 270, 360) + arc(w - a, 1 - b, a, b, 0, 90)
                + arc(a, 1 - b, a, b, 90, 180) + [(0, 1 - self.tip * .85)]]

    def _glyph_5(self):
        r, w, a = self.rng, self.w, self.rx
        top = r.uniform(.36, .46)
        b = min(self.ry, (1 - top) / 2)
        neck = [(w * .1, top)] if r.random() < .6 else arc(a, top + b * .5, a, b * .5, 200, 270, 3)
        return [[(w * .95, 0), (w * r.uniform(0, .08), 0), (0, top + .06)] + neck + [(w - a, top)]
                + arc(w - a, top + b, a, b, 270, 360) + arc(w - a, 1 - b, a, b, 0, 90) + arc(a, 1 - b, a, b, 90, 180)
                + [(0, 1 - self.tip * .75)]]

    def _glyph_2(self):
        r, w, m = self.rng, self.w, self.waist
        head = [(0, self.tip * .9)] + self._top_left() + self._top_right()
        if r.random() < .3:
            return [head + [(w, m * .8), (w * .8, m), (w * .2, m + .15), (0, .8), (0, 1), (w, 1)]]
        if r.random() < .25:
            return [head + [(w, m * .75), (0, 1), (w, 1)]]
        return [head + [(w, m * .85), (w * .9, m), (0, .93), (0, 1), (w, 1)]]

    def _glyph_6(self):
        r, w, a = self.rng, self.w, self.rx
        top = r.uniform(.38, .46)
        b = min(self.ry, (1 - top) / 2)
        ring = (arc(a, top + b, a, b, 180, 270) + arc(w - a, top + b, a, b, 270, 360) + arc(w - a, 1 - b, a, b, 0, 90)
                + arc(a, 1 - b, a, b, 90, 180))
        if r.random() < .6:
            stem = [(w, self.tip * .8)] + self._top_right()[::-1] + self._top_left()[::-1] + [(0, top + b)]
        else:
            stem = [(w * r.uniform(.55, .8), 0), (w * .25, top * .75), (0, top + b)]
        return [stem, ring + ring[:1]]

    def _glyph_9(self): return [[(self.w - x, 1 - y) for x, y in p] for p in self.paths("6")]

    def _glyph_1(self):
        r, w = self.rng, self.w
        strokes = [[(w * .5, 0), (w * .5, 1)]]
        if r.random() < .65:
            strokes.append([(w * .5, 0), (w * r.uniform(.2, .35), r.uniform(.1, .2))])
        if r.random() < .3:
            strokes.append([(w * .25, 1), (w * .75, 1)])
        return strokes

    def _glyph_I(self):
        w = self.w
        strokes = [[(w * .5, 0), (w * .5, 1)]]
        if self.rng.random() < .65:
            inset = w * self.rng.uniform(.04, .3)
            strokes += [[(inset, 0), (w - inset, 0)], [(inset, 1), (w - inset, 1)]]
        return strokes

    def _glyph_4(self):
        """Three constructions: closed with a full stem; open; and California's, Idaho's and Georgia's, where a short stub crosses a
        low bar and the diagonal is nearly upright, often as a vertical with a bend. The last was misread as L until it was common."""
        r, w = self.rng, self.w
        kind = r.random()
        if kind < .3:
            bar, stem = r.uniform(.6, .8), w * r.uniform(.68, .85)
            return [[(stem, 1), (stem, 0), (0, bar), (w * 1.03, bar)]]
        if kind > .65:  # as measured on enlarged California plates
            bar, stem = r.uniform(.74, .87), w * r.uniform(.62, .82)
            return [[(stem, r.choice([1, 1, 1, .95])), (stem, bar - r.uniform(.06, .26))],
                    [(w * r.uniform(.28, .52), 0), (w * r.uniform(0, .08), bar), (w * r.uniform(.94, 1.04), bar)]]
        bar, right = r.uniform(.66, .85), w * r.uniform(.95, 1.08)
        left, head = w * r.choice([0, 0, .06]), w * r.uniform(.22, .62)
        diagonal = [(head, 0), (left, bar), (right, bar)]
        if r.random() < .3:
            diagonal.insert(1, (left + (head - left) * r.uniform(.2, .45), bar * r.uniform(.45, .7)))
        stem = w * r.uniform(.58, .88)
        if kind < .5:
            return [[(stem, 1), (stem, r.uniform(.25, .6))], diagonal]
        return [[(stem, min(1, bar + r.uniform(.1, .34))), (stem, bar - r.uniform(.08, .26))], diagonal]

    def _glyph_7(self):
        r, w = self.rng, self.w
        foot = w * r.uniform(.22, .45)
        if r.random() < .25:
            return [[(0, 0), (w, 0), (w, .08), (w * .45, .55), (foot, 1)]]
        strokes = [[(0, 0), (w, 0), (foot, 1)]]
        if r.random() < .12:
            strokes.append([(0, 0), (0, .12)])
        return strokes

    def _glyph_A(self):
        r, w = self.rng, self.w
        if r.random() < .08:
            m = self.waist + .05
            return [[(0, 1), (0, self.ry)] + self._top_left() + self._top_right() + [(w, 1)], [(0, m), (w, m)]]
        bar, flat = r.uniform(.6, .76), r.choice([0, 0, .06]) * w
        side = w * .5 * (1 - bar)
        return [[(0, 1), (w * .5 - flat, 0), (w * .5 + flat, 0), (w, 1)], [(side + .02, bar), (w - side - .02, bar)]]

    def _glyph_E(self):
        w, bar = self.w, self.w * self.rng.uniform(.68, .92)
        return [[(w * .95, 0), (0, 0), (0, 1), (w * .95, 1)], [(0, self.waist), (bar, self.waist)]]

    def _glyph_F(self):
        w, bar = self.w, self.w * self.rng.uniform(.65, .9)
        return [[(w * .95, 0), (0, 0), (0, 1)], [(0, self.waist), (bar, self.waist)]]

    def _glyph_H(self):
        w, m = self.w, self.waist
        return [[(0, 0), (0, 1)], [(w, 0), (w, 1)], [(0, m), (w, m)]]

    def _glyph_K(self):
        w, m, r = self.w, self.waist, self.rng
        return [[(0, 0), (0, 1)], [(w, 0), (0, m + r.uniform(.04, .16))], [(w * r.uniform(.22, .36), m - .03), (w, 1)]]

    def _glyph_L(self): return [[(0, 0), (0, 1), (self.w * self.rng.uniform(.88, .98), 1)]]
    def _glyph_T(self): return [[(0, 0), (self.w, 0)], [(self.w * .5, 0), (self.w * .5, 1)]]

    def _glyph_V(self):
        w, flat = self.w, self.rng.choice([0, 0, .08, .14])
        return [[(0, 0), (w * (.5 - flat), 1), (w * (.5 + flat), 1), (w, 0)]]

    def _glyph_X(self): return [[(0, 0), (self.w, 1)], [(self.w, 0), (0, 1)]]

    def _glyph_Y(self):
        w, fork = self.w, self.waist + self.rng.uniform(-.08, .06)
        return [[(0, 0), (w * .5, fork), (w, 0)], [(w * .5, fork), (w * .5, 1)]]

    def _glyph_Z(self): return [[(0, 0), (self.w, 0), (0, 1), (self.w, 1)]]

    def _glyph_M(self):
        """As wide as the other letters on most dies; so is the W, whose inner strokes then meet about half-way up."""
        r, w = self.rng, self.w * self.rng.choice([1, 1, 1.12, 1.25])
        return [[(0, 1), (0, 0), (w / 2, r.uniform(.36, .8)), (w, 0), (w, 1)]]

    def _glyph_W(self):
        r, w = self.rng, self.w * self.rng.choice([1, 1, 1.12, 1.25])
        if r.random() < .75:
            foot = r.choice([r.uniform(.02, .12), r.uniform(.1, .25)]) * w
            return [[(0, 0), (foot, 1), (w / 2, r.choice([.1, .3, .4, .5, .6])), (w - foot, 1), (w, 0)]]
        return [[(0, 0), (0, 1), (w / 2, 1 - r.uniform(.36, .8)), (w, 1), (w, 0)]]

    def _glyph_N(self): return [[(0, 1), (0, 0), (self.w, 1), (self.w, 0)]]

    def _span(self, char):
        xs = [x for p in self.paths(char) for x, _ in p]
        return min(0, min(xs)), max(xs)

    def width(self, char):
        low, high = self._span(char)
        return (high - low) * (1 - self.thickness) + self.thickness

    def draw(self, mask, char, x, y, w, h):
        low, high = self._span(char)
        stroke = max(2, int(round(self.thickness * h)))
        stroke = max(2, min(stroke, int(w * .38)))
        tall, wide = h - stroke, max(1., w - stroke)
        scale = wide / max(high - low, 1e-3)
        for path in self.paths(char):
            points = np.array([((px - low) * scale + stroke / 2 + x, py * tall + stroke / 2 + y) for px, py in path])
            cv2.polylines(mask, [(points * 16).astype(np.int32)], False, 255, stroke, cv2.LINE_AA, 4)
            if self.serif and path[0] != path[-1]:
                self._serifs(mask, path, points, h, stroke)
            if self.square:
                half = stroke / 2
                for tx, ty in (points[0], points[-1]):
                    cv2.rectangle(mask, (int(tx - half + .5), int(ty - half + .5)), (int(tx + half - .5), int(ty + half - .5)),
                                  255, -1)


    def _serifs(self, mask, path, points, h, stroke):
        """Short bars across the ends of straight strokes: level at head and foot, upright at the ends of the arms of E, F, L, T, Z."""
        reach, thin = self.serif * h, max(1, int(stroke * .6))
        for (_, y), end, before in ((path[0], points[0], points[1]), (path[-1], points[-1], points[-2])):
            dx, dy = abs(end - before)
            if dy > dx and (y < .03 or y > .97):
                a, b = (end[0] - reach, end[1]), (end[0] + reach, end[1])
            elif dx > dy * 4 and dx > .15 * h:
                a, b = (end[0], end[1] - reach * (y > .1)), (end[0], end[1] + reach * (y < .9))
            else:
                continue
            cv2.line(mask, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), 255, thin, cv2.LINE_AA)


FONT_ROOT = "/usr/share/fonts"

# Debian faces that resemble plate lettering, and how often each is drawn.
PLATE_FACES = {
    "truetype/roadgeek/RG2014B.ttf": 3, "truetype/roadgeek/RG2014C.ttf": 5, "truetype/roadgeek/RG2014D.ttf": 4,
    "truetype/roadgeek/RG2014EM.ttf": 1, "truetype/opendin/OSP-DIN.ttf": 5,
    "opentype/national-park/NationalPark-Heavy.otf": 2, "opentype/national-park/NationalPark-Regular.otf": 1,
    "truetype/liberation/LiberationSansNarrow-Bold.ttf": 3, "opentype/urw-base35/NimbusSansNarrow-Bold.otf": 2,
    "truetype/roboto/unhinted/RobotoCondensed-Bold.ttf": 2,
    "truetype/roboto/unhinted/RobotoCondensed-Regular.ttf": 2,
    "truetype/dejavu/DejaVuSansCondensed-Bold.ttf": 1,
    # Virginia's older dies have serifs and strokes of two weights.
    "truetype/dejavu/DejaVuSerifCondensed-Bold.ttf": 1, "truetype/liberation/LiberationSerif-Bold.ttf": 2,
    "opentype/urw-base35/C059-Bold.otf": 2, "opentype/urw-base35/NimbusRoman-Bold.otf": 1,
    "truetype/routed-gothic/routed-gothic.ttf": 2, "truetype/routed-gothic/routed-gothic-narrow.ttf": 3,
}

# Faces for state names, slogans, stickers and frames.
LEGEND_FACES = [
    "truetype/dejavu/DejaVuSans-Bold.ttf", "truetype/dejavu/DejaVuSerif-Bold.ttf",
    "truetype/dejavu/DejaVuSerif-BoldItalic.ttf", "truetype/dejavu/DejaVuSerifCondensed-Bold.ttf",
    "truetype/liberation/LiberationSansNarrow-Bold.ttf", "truetype/liberation/LiberationSerif-Bold.ttf",
    "truetype/liberation/LiberationSerif-BoldItalic.ttf", "truetype/roboto/unhinted/RobotoCondensed-Bold.ttf",
    "opentype/urw-base35/Z003-MediumItalic.otf", "opentype/urw-base35/URWBookman-Demi.otf",
    "opentype/urw-base35/URWBookman-DemiItalic.otf", "opentype/urw-base35/C059-BdIta.otf",
    "opentype/urw-base35/P052-Bold.otf", "opentype/urw-base35/URWGothic-Demi.otf",
    "opentype/urw-base35/NimbusSans-Bold.otf", "truetype/roadgeek/RG2014EM.ttf", "truetype/roadgeek/RG2014D.ttf",
    "opentype/national-park/NationalPark-Heavy.otf", "truetype/lato/Lato-Bold.ttf", "truetype/lato/Lato-BlackItalic.ttf",
]


def installed(names):
    """The faces that this machine has, as full paths. A missing package narrows variety, it is no error."""
    found = [os.path.join(FONT_ROOT, n) for n in names if os.path.exists(os.path.join(FONT_ROOT, n))]
    if not found:
        raise SystemExit("no plate fonts found under %s: see training/README.md for the Debian packages" % FONT_ROOT)
    return found


class Face:
    """Plate lettering taken from an outline font; same interface as Die."""

    def __init__(self, path):
        font = ImageFont.truetype(path, 110)
        glyphs = {}
        for char in CHARACTERS:
            left, _, right, _ = font.getbbox(char)
            image = Image.new("L", (right - left + 4, 160), 0)
            ImageDraw.Draw(image).text((2 - left, 0), char, font=font, fill=255)
            glyphs[char] = np.array(image)
        rows = np.where(glyphs["H"].max(1) > 40)[0]
        top, bottom = max(0, rows[0] - 2), rows[-1] + 3
        self.glyphs = {char: glyph[top:bottom] for char, glyph in glyphs.items()}

    def width(self, char):
        h, w = self.glyphs[char].shape
        return w / h

    def draw(self, mask, char, x, y, w, h):
        x, y, w, h = int(round(x)), int(round(y)), max(2, int(round(w))), max(2, int(round(h)))
        glyph = cv2.resize(self.glyphs[char], (w, h), interpolation=cv2.INTER_AREA)
        x0, y0, x1, y1 = max(0, x), max(0, y), min(mask.shape[1], x + w), min(mask.shape[0], y + h)
        if x1 > x0 and y1 > y0:
            place = mask[y0:y1, x0:x1]
            np.maximum(place, glyph[y0 - y:y1 - y, x0 - x:x1 - x], out=place)


_faces = {}


def lettering(rng, stroke_share=.64):
    """A random lettering for one plate: a fresh Die, or one of the plate faces."""
    if rng.random() < stroke_share:
        return Die(rng)
    if not _faces:
        _faces["paths"] = installed(PLATE_FACES)
        _faces["weights"] = [PLATE_FACES[os.path.relpath(p, FONT_ROOT)] for p in _faces["paths"]]
    path = rng.choices(_faces["paths"], _faces["weights"])[0]
    if path not in _faces:
        _faces[path] = Face(path)
    return _faces[path]


_legends = {}


def legend(text, rng):
    """A line of text in a random legend face, as a uint8 mask about 36 pixels high; cached."""
    if "faces" not in _legends:
        _legends["faces"] = installed(LEGEND_FACES)
    path = rng.choice(_legends["faces"])
    key = text, path
    if key not in _legends:
        font = ImageFont.truetype(path, 36)
        left, top, right, bottom = font.getbbox(text)
        image = Image.new("L", (max(1, right - left) + 4, max(1, bottom - top) + 4), 0)
        ImageDraw.Draw(image).text((2 - left, 2 - top), text, font=font, fill=255)
        _legends[key] = np.array(image)
    return _legends[key]
