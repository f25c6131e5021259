"""Plate dies: `Die`, a parametric stroke lettering whose shapes were drawn against enlarged real plates.

Each character is a few centre-line strokes whose width, corner radii, thickness, bar heights and shape variants are drawn at
random per plate. A `style` fixes what is known of a state's dies (see STYLES); the rest stays random.
"""
import math
import random

import cv2
import numpy as np

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CHARACTERS = DIGITS + LETTERS

# What a state's dies have in common, as far as it shows on photographs; values are ranges or shape names.
STYLES = {
    "california": {"w": (.44, .52), "thickness": (.10, .135), "corner": (.42, .5), "chamfer": False, "4": "stub", "1": "foot", "I": "serifs",
                   "2": "slant", "6": "slant", "S": "spine", "W": "upright", "M": "high", "A": "pointed"},
    "idaho": {"w": (.40, .48), "thickness": (.12, .16), "corner": (.4, .5), "chamfer": False, "4": "stub", "1": "foot", "I": "serifs",
              "2": "slant", "6": "slant", "S": "spine", "M": "deep", "W": "upright"},
    "illinois": {"w": (.42, .50), "thickness": (.11, .14), "corner": (.4, .5), "chamfer": False, "4": "stub", "1": "foot", "I": "serifs",
                 "2": "slant", "S": "spine"},
    "arizona": {"w": (.42, .50), "thickness": (.10, .13), "corner": (.4, .5), "chamfer": False, "1": "foot", "2": "slant", "S": "spine",
                "4": "stub", "V": "blunt", "A": "pointed"},
    "vermont": {"w": (.44, .52), "thickness": (.13, .17), "corner": (.35, .5), "chamfer": False, "1": "foot", "2": "slant", "S": "spine",
                "W": "splayed"},
    "jersey": {"w": (.42, .54), "thickness": (.085, .125), "corner": (.28, .5), "chamfer": True, "S": "spine", "A": "pointed"},
    "square": {"w": (.46, .56), "thickness": (.12, .17), "corner": (.2, .34), "chamfer": True, "A": "flat", "square": True},
    "virginia": {"w": (.46, .56), "thickness": (.07, .09), "corner": (.4, .5), "chamfer": False, "serif": (.03, .055), "contrast": (1.5, 1.85),
                 "1": "foot", "square": True},
    "round": {"w": (.42, .54), "corner": (.4, .5), "chamfer": False, "thickness": (.095, .15)},
    "carolina": {"w": (.38, .48), "thickness": (.11, .15), "corner": (.42, .5), "chamfer": False, "I": "serifs"},
    "bold": {"thickness": (.17, .21), "w": (.46, .58)},
}


def arc(cx, cy, rx, ry, start, end, steps=6):
    """Points of an elliptic arc, angles in degrees, clockwise on screen from the positive x axis."""
    span = [math.radians(start + (end - start) * i / steps) for i in range(steps + 1)]
    return [(cx + rx * math.cos(a), cy + ry * math.sin(a)) for a in span]


class Die:
    """One random set of plate dies; style is a dict like those of STYLES.

    Strokes live in a box `w` wide and 1 high (y down), measured to the centre of the stroke. Shapes are made when first
    asked for and kept, so that a character looks the same wherever it stands on one plate.
    """

    def __init__(self, rng, style=None):
        self.rng = r = random.Random(rng.getrandbits(48))
        self.style = style = style or {}
        self.w = r.uniform(*style.get("w", (.40, .60)))
        chamfered = style.get("chamfer", r.random() < .12)
        self.steps = 1 if chamfered else 6
        self.rx = self.w * r.uniform(*style.get("corner", (.16, .32) if chamfered else (.22, .5)))
        self.ry = min(.25, self.rx * r.uniform(.8, 1.5))
        self.thickness = r.uniform(*style.get("thickness", (.085, .17)))
        self.waist = r.uniform(.46, .54)
        self.tip = r.uniform(.22, .34)
        self.bulge = min(self.ry, self.waist / 2, (1 - self.waist) / 2)
        self.square = style.get("square", r.random() < .22)
        self.serif = self.contrast = 0
        if "serif" in style or (not style and r.random() < .07):
            self.serif = r.uniform(*style.get("serif", (.03, .08)))
            self.contrast = r.uniform(*style.get("contrast", (1., 2.)))
            if not style:
                self.thickness = r.uniform(.065, .10)
        self._paths, self._spans = {}, {}

    def variant(self, char, **weights):
        """The shape of a character by name: the style's, or one at random."""
        named = self.style.get(char)
        return named if named in weights else self.rng.choices(list(weights), list(weights.values()))[0]

    def _arc(self, cx, cy, rx, ry, start, end):
        return arc(cx, cy, rx, ry, start, end, self.steps)

    # Corners of the full box, each from its first point clockwise.
    def _top_left(self): return self._arc(self.rx, self.ry, self.rx, self.ry, 180, 270)
    def _top_right(self): return self._arc(self.w - self.rx, self.ry, self.rx, self.ry, 270, 360)
    def _bottom_right(self): return self._arc(self.w - self.rx, 1 - self.ry, self.rx, self.ry, 0, 90)
    def _bottom_left(self): return self._arc(self.rx, 1 - self.ry, self.rx, self.ry, 90, 180)

    def _ring(self, x0, y0, x1, y1):
        a, b = min(self.rx, (x1 - x0) / 2), min(self.ry, (y1 - y0) / 2)
        p = (self._arc(x0 + a, y0 + b, a, b, 180, 270) + self._arc(x1 - a, y0 + b, a, b, 270, 360)
             + self._arc(x1 - a, y1 - b, a, b, 0, 90) + self._arc(x0 + a, y1 - b, a, b, 90, 180))
        return p + p[:1]

    def _right_bulge(self, y0, y1):
        """The right side of a B, P or 8 between two heights, downwards."""
        b = min(self.bulge, (y1 - y0) / 2)
        return self._arc(self.w - self.rx, y0 + b, self.rx, b, 270, 360) + self._arc(self.w - self.rx, y1 - b, self.rx, b, 0, 90)

    def _left_turn(self, y, start, end):
        return self._arc(self.rx, y, self.rx, self.bulge, start, end)

    def _c(self, low=None):
        """A C from its upper tip round to its lower one, or to height `low` on the right."""
        return ([(self.w, self.tip)] + self._top_right()[::-1] + self._top_left()[::-1] + self._bottom_left()[::-1]
                + self._bottom_right()[::-1] + [(self.w, 1 - self.tip if low is None else low)])

    def paths(self, char):
        """Strokes of a character: lists of (x, y)."""
        if char not in self._paths:
            self._paths[char] = getattr(self, "_glyph_" + char)()
        return self._paths[char]

    # -- round letters and digits

    def _glyph_O(self): return [self._ring(0, 0, self.w, 1)]

    def _glyph_0(self):
        inset = self.rng.choice([0, 0, 0, .04, .08]) * self.w
        strokes = [self._ring(inset, 0, self.w - inset, 1)]
        if self.rng.random() < .05:
            strokes.append([(self.w * .3, .65), (self.w * .7, .35)])
        return strokes

    def _glyph_Q(self):
        r, w = self.rng, self.w
        kind = self.variant("Q", across=6, under=2, tick=2)
        if kind == "under":  # below the ring, level
            return [self._ring(0, 0, w, .93), [(w * .5, .93), (w * .62, 1), (w * 1.08, 1)]]
        if kind == "tick":   # inside only
            return [self._ring(0, 0, w, 1), [(w * r.uniform(.4, .6), r.uniform(.66, .8)), (w * .85, .96)]]
        return [self._ring(0, 0, w, 1), [(w * r.uniform(.42, .7), r.uniform(.7, .87)), (w * r.uniform(.88, 1.08), r.uniform(.97, 1.03))]]

    def _glyph_C(self): return [self._c()] + self._tick()

    def _tick(self):
        """The upright serif at the upper tip of C, G and S."""
        return [[(self.w, 0), (self.w, self.tip)]] if self.serif else []

    def _glyph_G(self):
        r, w, m = self.rng, self.w, self.waist
        bar = m + r.uniform(0, .14)
        kind = self.variant("G", bar=7, spur=2, hook=1.5)
        if kind == "hook":  # no bar inwards, only a square end: nearest to C
            return [self._c(low=bar)] + [[(w * .72, bar), (w, bar)]] + self._tick()
        strokes = [self._c(low=bar) + [(w * r.uniform(.5, .8), bar)]] + self._tick()  # further in, a blurred G is a 6
        if kind == "spur":
            strokes.append([(w, bar), (w, 1)])
        return strokes

    def _glyph_D(self):
        w, a = self.w, self.rx
        return [[(0, 0), (w - a, 0)] + self._top_right() + self._bottom_right() + [(0, 1), (0, 0)]] + self._spurs()

    def _spurs(self):
        """Serifs left of the stem of B, D, E, F, P, R."""
        return [[(-self.serif, y), (0, y)] for y in (0, 1)] if self.serif else []

    def _glyph_U(self): return [[(0, 0)] + self._bottom_left()[::-1] + self._bottom_right()[::-1] + [(self.w, 0)]]

    def _glyph_J(self):
        r, w = self.rng, self.w
        hook = r.uniform(.62, .8) if r.random() < .8 else r.uniform(.8, .9)
        strokes = [[(0, hook)] + self._bottom_left()[::-1] + self._bottom_right()[::-1] + [(w, 0)]]
        if r.random() < .2:
            strokes.append([(w * .4, 0), (w, 0)])
        return strokes

    def _glyph_P(self):
        low = self.waist + self.rng.uniform(.0, .1)
        return [[(0, 1), (0, 0), (self.w - self.rx, 0)] + self._right_bulge(0, low) + [(0, low)]] + self._spurs()[:1]

    def _glyph_R(self):
        r, w, a = self.rng, self.w, self.rx
        low = self.waist + r.uniform(0, .08)
        bowl = [(0, 1), (0, 0), (w - a, 0)] + self._right_bulge(0, low) + [(0, low)]
        kind = self.variant("R", straight=6, bent=3, upright=1.5)
        if kind == "bent":
            return [bowl, [(w * .6, low)] + self._arc(w - a, low + self.bulge, a, self.bulge, 270, 360) + [(w, 1)]] + self._spurs()[:1]
        if kind == "upright":  # the leg falls from the bowl's end: nearest to A and B
            return [bowl, [(w * r.uniform(.7, .85), low), (w, 1)]] + self._spurs()[:1]
        return [bowl, [(w * r.uniform(.3, .6), low), (w, 1)]] + self._spurs()[:1]

    def _glyph_B(self):
        m, flat = self.waist, self.w - self.rx
        return [[(0, m), (0, 0), (flat, 0)] + self._right_bulge(0, m) + [(0, m), (flat, m)]
                + self._right_bulge(m, 1) + [(0, 1), (0, m)]] + self._spurs()

    def _glyph_8(self):
        w, m, b = self.w, self.waist, self.bulge
        if self.variant("8", rings=7, crossed=1) == "crossed":  # one line that crosses itself, as Idaho's oldest
            i = w * .06
            return [self._arc(w / 2, b, w / 2 - i, b, 180, 360) + [(w - i, m * .62), (0, 1 - (1 - m) * .62)]
                    + self._arc(w / 2, 1 - b, w / 2, b, 180, 0) + [(w, 1 - (1 - m) * .62), (i, m * .62), (i, b)]]
        upper = self._left_turn(b, 180, 270) + self._right_bulge(0, m) + self._left_turn(m - b, 90, 180) + [(0, b)]
        lower = (self._left_turn(m + b, 180, 270) + self._right_bulge(m, 1) + self._left_turn(1 - b, 90, 180)
                 + [(0, m + b)])
        inset = w * self.rng.choice([0, 0, .03, .06])
        return [[(x * (w - 2 * inset) / w + inset, y) for x, y in upper], lower]

    def _glyph_3(self):
        r, w, m, b = self.rng, self.w, self.waist, self.bulge
        foot = self._right_bulge(m, 1) + self._left_turn(1 - b, 90, 180) + [(0, 1 - self.tip * .8)]
        if self.variant("3", round=9, flat=1) == "flat":
            return [[(0, 0), (w, 0), (w * .45, m * .85), (w - self.rx, m)] + foot]
        bar = w * r.uniform(.25, .5)
        return [[(0, self.tip * .8)] + self._left_turn(b, 180, 270) + self._right_bulge(0, m) + [(bar, m)],
                [(bar, m), (w - self.rx, m)] + foot]

    def _glyph_S(self):
        r, w, a, m, b = self.rng, self.w, self.rx, self.waist, self.bulge
        hook = self.tip * r.uniform(.7, 1.1)
        head = [(w, hook)] + self._arc(w - a, b, a, b, 360, 270) + self._arc(a, b, a, b, 270, 180)
        tail = self._arc(w - a, 1 - b, a, b, 0, 90) + self._arc(a, 1 - b, a, b, 90, 180) + [(0, 1 - hook)]
        if self.variant("S", spine=5, curled=5) == "spine":  # a straight spine between two arcs: AZ, CA, ID, IL, VT
            spine = [(0, max(b, r.uniform(.24, .38))), (w, min(1 - b, r.uniform(.60, .76)))]
            return [head + spine + tail] + self._tick()
        return [head + self._arc(a, m - b, a, b, 180, 90) + self._arc(w - a, m + b, a, b, 270, 360) + tail] + self._tick()

    def _glyph_5(self):
        r, w, a = self.rng, self.w, self.rx
        top = r.uniform(.36, .46)
        b = min(self.ry, (1 - top) / 2)
        neck = [(w * .1, top)] if r.random() < .6 else self._arc(a, top + b * .5, a, b * .5, 200, 270)
        return [[(w * r.uniform(.86, .98), 0), (w * r.uniform(0, .1), 0), (0, top + .06)] + neck + [(w - a, top)]
                + self._arc(w - a, top + b, a, b, 270, 360) + self._arc(w - a, 1 - b, a, b, 0, 90) + self._arc(a, 1 - b, a, b, 90, 180)
                + [(0, 1 - self.tip * .75)]]

    def _glyph_2(self):
        r, w, m = self.rng, self.w, self.waist
        head = [(0, self.tip * .9)] + self._top_left() + self._top_right()
        kind = self.variant("2", slant=5, curved=2.5, knee=2.5)
        if kind == "slant":  # straight from the bowl to the foot
            return [head + [(w, m * r.uniform(.6, .85)), (0, r.choice([1, .96])), (0, 1), (w, 1)]]
        if kind == "curved":
            return [head + [(w, m * .8), (w * .8, m), (w * .2, m + .15), (0, .8), (0, 1), (w, 1)]]
        return [head + [(w, m * .85), (w * .9, m), (0, .93), (0, 1), (w, 1)]]

    def _glyph_6(self):
        r, w, a = self.rng, self.w, self.rx
        top = r.uniform(.36, .48)
        b = min(self.ry, (1 - top) / 2)
        ring = (self._arc(a, top + b, a, b, 180, 270) + self._arc(w - a, top + b, a, b, 270, 360)
                + self._arc(w - a, 1 - b, a, b, 0, 90) + self._arc(a, 1 - b, a, b, 90, 180))
        if self.variant("6", round=5.5, slant=4.5) == "round":
            stem = [(w, self.tip * r.uniform(.7, 1))] + self._top_right()[::-1] + self._top_left()[::-1] + [(0, top + b)]
        else:
            stem = [(w * r.uniform(.5, .85), 0), (w * r.uniform(.15, .28), top * .75), (0, top + b)]
        return [stem, ring + ring[:1]]

    def _glyph_9(self): return [[(self.w - x, 1 - y) for x, y in p] for p in self.paths("6")]

    # -- straight digits

    def _glyph_1(self):
        r, w = self.rng, self.w
        kind = self.variant("1", foot=4, flag=4.5, plain=2)
        strokes = [[(w * .5, 0), (w * .5, 1)]]
        if kind != "plain":
            reach = r.uniform(.14, .36)
            if r.random() < .6:
                strokes.append([(w * .5, 0), (w * reach, r.uniform(.1, .2))])
            else:  # a short bar, curving off: nearest to T and I
                strokes.append([(w * .5, 0), (w * .4, r.uniform(.05, .09)), (w * reach, r.uniform(.1, .15))])
        if kind == "foot":
            half = w * r.uniform(.2, .46)
            strokes.append([(w * .5 - half, 1), (w * .5 + half, 1)])
        return strokes

    def _glyph_4(self):
        """Three constructions: closed with a full stem; open; and that of California, Idaho, Illinois and Georgia, where a short stub
        crosses a low bar and the diagonal is nearly upright, often as a vertical with a bend. The last was misread as L until it was
        common."""
        r, w = self.rng, self.w
        kind = self.variant("4", closed=3, open=2, crossed=1.5, stub=3.5)
        if kind == "closed":
            bar, stem = r.uniform(.6, .8), w * r.uniform(.68, .85)
            return [[(stem, 1), (stem, 0), (0, bar), (w * 1.03, bar)]]
        if kind == "stub":  # as measured on enlarged California plates
            bar, stem = r.uniform(.74, .87), w * r.uniform(.62, .82)
            return [[(stem, r.choice([1, 1, 1, .95])), (stem, bar - r.uniform(.06, .26))],
                    [(w * r.uniform(.28, .52), 0), (w * r.uniform(0, .08), bar), (w * r.uniform(.94, 1.04), bar)]]
        bar, right = r.uniform(.66, .85), w * r.uniform(.95, 1.08)
        left, head = w * r.choice([0, 0, .06]), w * r.uniform(.22, .62)
        diagonal = [(head, 0), (left, bar), (right, bar)]
        if r.random() < .3:
            diagonal.insert(1, (left + (head - left) * r.uniform(.2, .45), bar * r.uniform(.45, .7)))
        stem = w * r.uniform(.58, .88)
        if kind == "open":
            return [[(stem, 1), (stem, r.uniform(.25, .6))], diagonal]
        return [[(stem, min(1, bar + r.uniform(.1, .34))), (stem, bar - r.uniform(.08, .26))], diagonal]

    def _glyph_7(self):
        r, w = self.rng, self.w
        foot = w * r.uniform(.2, .5)
        kind = self.variant("7", straight=6, bent=2, curved=2)
        if kind == "bent":
            strokes = [[(0, 0), (w, 0), (w, .08), (w * .45, .55), (foot, 1)]]
        elif kind == "curved":
            strokes = [[(0, 0), (w, 0), (w * .72, .34), (w * .54, .64), (w * .48, 1)]]
        else:
            strokes = [[(0, 0), (w, 0), (foot, 1)]]
        if r.random() < .12:
            strokes.append([(0, 0), (0, .12)])
        return strokes

    # -- straight letters

    def _glyph_A(self):
        r, w = self.rng, self.w
        kind = self.variant("A", pointed=6, flat=3, arched=1)
        if kind == "arched":
            m = self.waist + .05
            return [[(0, 1), (0, self.ry)] + self._top_left() + self._top_right() + [(w, 1)], [(0, m), (w, m)]]
        bar, flat = r.uniform(.6, .78), r.choice([0, 0, .06] if kind == "pointed" else [.1, .16, .22]) * w
        side = (w * .5 - flat) * (1 - bar)
        return [[(0, 1), (w * .5 - flat, 0), (w * .5 + flat, 0), (w, 1)], [(side + .02, bar), (w - side - .02, bar)]]

    def _glyph_E(self):
        w, bar = self.w, self.w * self.rng.uniform(.6, .95)
        return [[(w * .95, 0), (0, 0), (0, 1), (w * .95, 1)], [(0, self.waist), (bar, self.waist)]] + self._spurs()

    def _glyph_F(self):
        w, bar = self.w, self.w * self.rng.uniform(.6, .92)
        middle = self.waist + self.rng.choice([0, 0, .04, .08])
        return [[(w * .95, 0), (0, 0), (0, 1)], [(0, middle), (bar, middle)]] + self._spurs()[:1]

    def _glyph_H(self):
        w, m = self.w, self.waist
        return [[(0, 0), (0, 1)], [(w, 0), (w, 1)], [(0, m), (w, m)]]

    def _glyph_I(self):
        w = self.w
        strokes = [[(w * .5, 0), (w * .5, 1)]]
        if self.variant("I", serifs=6.5, plain=3.5) == "serifs":
            inset = w * self.rng.uniform(.02, .3)
            strokes += [[(inset, 0), (w - inset, 0)], [(inset, 1), (w - inset, 1)]]
        return strokes

    def _glyph_K(self):
        w, m, r = self.w, self.waist, self.rng
        if r.random() < .3:  # both arms from one point of the stem
            return [[(0, 0), (0, 1)], [(w, 0), (0, m), (w, 1)]]
        return [[(0, 0), (0, 1)], [(w, 0), (0, m + r.uniform(.04, .16))], [(w * r.uniform(.22, .36), m - .03), (w, 1)]]

    def _glyph_L(self): return [[(0, 0), (0, 1), (self.w * self.rng.uniform(.86, 1), 1)]] + self._spurs()[1:]
    def _glyph_T(self): return [[(0, 0), (self.w, 0)], [(self.w * .5, 0), (self.w * .5, 1)]]

    def _glyph_V(self):
        r, w = self.rng, self.w
        kind = self.variant("V", pointed=5, blunt=4, shouldered=1)
        flat = r.uniform(.07, .16) if kind == "blunt" else 0
        if kind == "shouldered":  # upright, then converging: between U and V
            y = r.uniform(.2, .5)
            return [[(0, 0), (0, y), (w * .45, 1), (w * .55, 1), (w, y), (w, 0)]]
        return [[(0, 0), (w * (.5 - flat), 1), (w * (.5 + flat), 1), (w, 0)]]

    def _glyph_X(self): return [[(0, 0), (self.w, 1)], [(self.w, 0), (0, 1)]]

    def _glyph_Y(self):
        r, w = self.rng, self.w
        fork = self.waist + r.uniform(-.1, .1)
        if r.random() < .15:  # upright arms
            return [[(0, 0), (0, fork * .5), (w * .5, fork), (w, fork * .5), (w, 0)], [(w * .5, fork), (w * .5, 1)]]
        return [[(0, 0), (w * .5, fork), (w, 0)], [(w * .5, fork), (w * .5, 1)]]

    def _glyph_Z(self): return [[(0, 0), (self.w, 0), (0, 1), (self.w, 1)]]

    def _glyph_M(self):
        """As wide as the other letters on most dies; so is the W, whose inner strokes then meet about half-way up."""
        r, w = self.rng, self.w * self.rng.choice([1, 1, 1.12, 1.25])
        depth = {"high": (.34, .5), "middle": (.45, .7), "deep": (.68, 1.)}[self.variant("M", high=3, middle=5, deep=3)]
        slope = r.choice([0, 0, 0, .06]) * w
        return [[(0, 1), (slope, 0), (w / 2, r.uniform(*depth)), (w - slope, 0), (w, 1)]]

    def _glyph_W(self):
        r, w = self.rng, self.w * self.rng.choice([1, 1, 1.12, 1.25])
        if self.variant("W", splayed=6, upright=4) == "splayed":
            foot = r.choice([r.uniform(.02, .12), r.uniform(.1, .25)]) * w
            return [[(0, 0), (foot, 1), (w / 2, r.choice([.1, .3, .4, .5, .6])), (w - foot, 1), (w, 0)]]
        return [[(0, 0), (0, 1), (w / 2, 1 - r.uniform(.36, .8)), (w, 1), (w, 0)]]  # H's neighbour, when the sheet is burnt out

    def _glyph_N(self):
        inset = self.rng.choice([0, 0, .05, .1])
        return [[(0, 1), (0, 0), (0, inset), (self.w, 1 - inset), (self.w, 1), (self.w, 0)]]

    # -- drawing

    def _span(self, char):
        if char not in self._spans:
            xs = [x for p in self.paths(char) for x, _ in p]
            self._spans[char] = min(0, min(xs)), max(xs)
        return self._spans[char]

    def width(self, char):
        """Natural width over height."""
        low, high = self._span(char)
        broad = self.thickness * max(1, self.contrast)
        return (high - low) * (1 - self.thickness) + broad

    def draw(self, mask, char, x, y, w, h):
        """Paints the character into the box, 255 on a uint8 mask, pixels."""
        if self.contrast > 1.05:  # horizontals thinner than uprights: drawn narrow with a thin pen, then widened
            narrow = max(4, int(round(w / self.contrast)))
            piece = np.zeros((int(round(h)) + 4, narrow + 4), np.uint8)
            self._strokes(piece, char, 2, 2, narrow, h)
            piece = cv2.resize(piece, (int(round(piece.shape[1] * w / narrow)), piece.shape[0]), interpolation=cv2.INTER_LINEAR)
            put(mask, piece, int(round(x - 2 * w / narrow)), int(round(y)) - 2)
        else:
            self._strokes(mask, char, x, y, w, h)

    def _strokes(self, mask, char, x, y, w, h):
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
                    cv2.rectangle(mask, (int(tx - half + .5), int(ty - half + .5)), (int(tx + half - .5), int(ty + half - .5)), 255, -1)

    def _serifs(self, mask, path, points, h, stroke):
        """Short bars across the ends of straight strokes: level at head and foot, upright at the ends of the arms of E, F, L, T, Z."""
        reach, thin = self.serif * h / max(1, self.contrast), max(1, int(stroke * .8))
        for (_, y), end, before in ((path[0], points[0], points[1]), (path[-1], points[-1], points[-2])):
            dx, dy = abs(end - before)
            if dy > dx and (y < .03 or y > .97):
                a, b = (end[0] - reach - stroke / 2, end[1]), (end[0] + reach + stroke / 2, end[1])
            elif dx > dy * 4 and dx > .12 * h:
                reach_up = self.serif * h * (2 if y < .1 or y > .9 else 1)
                a, b = (end[0], end[1] - reach_up * (y > .1)), (end[0], end[1] + reach_up * (y < .9))
            else:
                continue
            cv2.line(mask, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), 255, thin, cv2.LINE_AA)


def put(mask, piece, x, y):
    """Lays a uint8 piece over a mask (the brighter of both), cut at the mask's edges."""
    h, w = piece.shape
    x0, y0, x1, y1 = max(0, x), max(0, y), min(mask.shape[1], x + w), min(mask.shape[0], y + h)
    if x1 > x0 and y1 > y0:
        place = mask[y0:y1, x0:x1]
        np.maximum(place, piece[y0 - y:y1 - y, x0 - x:x1 - x], out=place)
