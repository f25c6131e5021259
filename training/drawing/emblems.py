"""Pictures on plates: state outlines, what stands between groups (sun, tree, rider, fruit), seals, made-up logos, pictograms.

`mask(rng, name)` gives a silhouette, `paint(rng, image, name, cx, cy, height, ink)` lays one on a plate, in several colours where
the real one has them. Everything is drawn by hand from the look of real plates, coarsely: at plate size more does not show.
"""
import math
import random

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from drawing import strokefont
from drawing.canvas import blend, noise, rgb, scaled, soft_noise

SIZE = 96
SYMBOLS = "♿♿♿★☀♥⚓✈☘♣♠♞♘☼✿❀✶✦❖☮♻⚑☂✚✝♕♜⚜☸✪❄"

# Outlines, points in a box 100 wide and 100 high; the number before them is the shape's width over its height.
OUTLINES = {
    "tx": (1.05, "30,0 50,0 50,28 62,33 78,36 95,38 100,58 95,70 80,80 66,90 66,100 55,95 45,78 35,68 26,76 16,68 8,55 0,45 30,45"),
    "mn": (.9, "0,5 30,5 32,0 36,8 60,12 100,18 70,38 55,50 55,65 75,85 80,100 10,100 10,60 4,50"),
    "ny": (1.25, "0,72 6,62 5,55 35,50 42,42 40,35 55,10 72,5 78,30 80,60 83,85 100,85 85,98 78,95 68,82 60,75 4,77"),
    "tn": (4, "0,100 10,30 35,25 97,5 100,20 85,60 78,95"),
    "ky": (2.1, "0,85 15,70 25,55 40,60 50,35 58,10 68,0 85,10 100,50 85,80 40,90 5,100"),
    "fl": (1.1, "0,5 30,5 33,10 70,12 72,5 78,10 85,35 100,70 97,95 88,100 78,80 68,60 65,40 50,22 35,25 20,15 0,15"),
    "nj": (.55, "40,0 95,20 85,40 100,50 95,75 50,100 45,90 5,75 35,50 10,30"),
    "mo": (1.15, "0,0 55,0 60,10 70,40 95,75 100,85 90,100 85,90 15,90 15,35"),
    "ga": (.85, "10,0 55,0 60,10 100,60 95,95 85,100 20,98 15,60"),
    "mt": (1.8, "0,5 100,10 100,80 45,80 42,90 30,85 22,65 15,60 15,40 5,25"),
    "oh": (.95, "0,10 40,12 60,15 100,0 100,50 60,95 30,90 0,85"),
    "ok": (1.9, "0,10 100,10 100,85 60,85 40,75 35,25 0,25"),
    "ne": (2.1, "0,10 65,10 85,25 95,60 100,90 30,90 30,65 0,65"),
    "ct": (1.4, "0,15 75,10 95,10 100,70 50,80 5,100"),
    "wv": (1.1, "40,0 48,30 70,35 95,25 100,35 75,60 60,80 35,100 10,80 0,60 20,50 35,25"),
    "al": (.65, "10,0 85,0 100,60 95,85 40,85 38,100 22,100 20,85 12,80"),
    "in": (.65, "10,5 100,5 100,70 70,85 40,95 10,100 0,95 15,80"),
    "keystone": (.95, "20,0 80,0 80,22 100,22 85,100 15,100 0,22 20,22"),
    "diamond": (.95, "50,0 100,35 50,100 0,35"),
    "star": (1, "50,0 62,35 100,35 69,58 81,95 50,72 19,95 31,58 0,35 38,35"),
    "heart": (1, "50,100 10,58 0,30 10,8 28,2 44,10 50,24 56,10 72,2 90,8 100,30 90,58"),
    "pelican": (.7, "55,0 75,8 100,30 70,22 62,30 72,60 60,90 40,100 20,95 40,70 42,40 40,15"),
    "heron": (.6, "30,10 45,0 60,10 100,12 62,18 50,45 70,60 60,72 48,75 50,100 44,100 42,75 20,80 5,95 25,60 38,40 42,22"),
    "bison": (1.5, "0,50 8,30 25,10 45,5 70,25 95,30 100,55 94,95 86,95 86,70 60,65 55,95 46,95 44,70 30,75 28,98 20,98 18,75 5,72"),
    "bird": (1, "0,30 30,40 50,0 60,40 100,20 75,60 60,75 80,100 50,85 40,70 20,60"),
    "ship": (1, "0,70 15,70 15,20 35,10 35,68 40,68 40,5 65,0 65,68 70,68 70,25 90,20 90,68 100,62 90,95 15,100"),
    "lighthouse": (.4, "20,100 32,25 25,25 25,18 34,18 34,5 50,0 66,5 66,18 75,18 75,25 68,25 80,100"),
    "palmetto": (.8, "45,100 47,55 44,48 30,60 34,46 12,56 24,38 4,34 26,28 12,12 34,20 36,4 48,18 60,2 64,20 86,10 76,28 98,32 78,40 90,56 66,46 70,62 54,50 53,100"),
    "crown": (1.1, "0,30 22,50 30,8 42,40 50,0 58,40 70,8 78,50 100,30 90,100 10,100"),
    "lily": (.8, "50,0 66,28 58,50 78,34 98,42 96,66 82,62 80,52 66,64 62,78 72,100 50,90 28,100 38,78 34,64 20,52 18,62 4,66 2,42 22,34 42,50 34,28"),
    "maple": (1, "50,0 60,20 70,14 66,44 80,30 84,40 100,38 92,56 96,62 70,80 72,88 53,84 54,100 46,100 47,84 28,88 30,80 4,62 8,56 0,38 16,40 20,30 34,44 30,14 40,20"),
    "saguaro": (.6, "42,100 42,60 15,60 10,52 10,25 22,25 22,48 42,48 42,8 50,0 58,8 58,58 78,58 78,35 90,35 90,62 82,70 58,70 58,100"),
}


def outline(name):
    aspect, points = OUTLINES[name]
    w, h = max(8, int(SIZE * min(1.6, aspect))), max(8, int(SIZE * min(1.6, aspect) / aspect))
    image = np.zeros((h, w), np.uint8)
    xy = np.array([[float(v) for v in p.split(",")] for p in points.split()]) / 100 * [w - 1, h - 1]
    cv2.fillPoly(image, [(xy * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return image


def rider():
    """Wyoming's bucking horse: hind quarters and tail left, head thrown down at the right, the rider upright with his hat raised."""
    image = np.zeros((158, 100), np.uint8)

    def points(*xy):
        return (np.array(xy, np.float32) * 16).astype(np.int32).reshape(-1, 2)

    for part in (points(43, 10, 47, 1, 61, 0, 69, 10, 65, 17, 50, 15),                                                     # hat
                 points(45, 36, 58, 28, 65, 38, 66, 55, 69, 71, 53, 66, 47, 59),                                           # trunk
                 points(24, 57, 43, 59, 48, 63, 69, 71, 79, 86, 91, 105, 100, 120, 98, 134, 66, 147, 65, 141, 72, 135, 74, 128, 66, 112, 58, 115, 49, 110, 43, 102,
                        35, 89, 20, 90, 10, 81, 10, 68, 14, 60)):                                                          # horse
        cv2.fillPoly(image, [part], 255, cv2.LINE_AA, 4)
    cv2.circle(image, (71, 29), 8, 255, -1, cv2.LINE_AA)
    for thick, part in ((5, points(50, 15, 39, 23, 39, 30, 49, 40)), (4, points(65, 38, 68, 71)), (7, points(2, 76, 6, 60, 9, 46, 16, 38, 23, 43, 23, 58)),
                        (8, points(55, 107, 56, 130, 60, 146, 62, 156)), (7, points(20, 88, 9, 97, 20, 107, 32, 132)), (6, points(35, 90, 24, 105, 32, 116)),
                        (1, points(68, 115, 68, 138))):  # arms, tail, legs, rein
        cv2.polylines(image, [part], False, 255, thick, cv2.LINE_AA, 4)
    return image


def zia():
    """New Mexico's sun: a ring and four bundles of rays."""
    image, c = np.zeros((SIZE, SIZE), np.uint8), SIZE // 2
    cv2.circle(image, (c, c), 15, 255, 4, cv2.LINE_AA)
    for k, (side, reach) in enumerate(((-9, 36), (-3, 46), (3, 46), (9, 36))):
        cv2.rectangle(image, (c + side - 1, c - reach), (c + side + 1, c - 18), 255, -1)
        cv2.rectangle(image, (c + side - 1, c + 18), (c + side + 1, c + reach), 255, -1)
        cv2.rectangle(image, (c - reach, c + side - 1), (c - 18, c + side + 1), 255, -1)
        cv2.rectangle(image, (c + 18, c + side - 1), (c + reach, c + side + 1), 255, -1)
    return image


def fir():
    """Oregon's tree: ragged, narrow, taller than the characters."""
    image = np.zeros((150, 50), np.uint8)
    for j in range(13):
        y, half = 4 + j * 11, 4 + j * 1.5 + (j % 3) * 3
        cv2.fillPoly(image, [np.array([[25, y - 6], [25 - half, y + 13], [25 + half * .9, y + 11]], np.int32)], 255, cv2.LINE_AA)
    return image


def arch():
    """Utah's: a span on two legs."""
    image = np.zeros((SIZE, 110), np.uint8)
    cv2.ellipse(image, (55, 90), (52, 86), 0, 180, 360, 255, -1)
    cv2.ellipse(image, (58, 96), (24, 62), 0, 180, 360, 0, -1)
    return image


def profile():
    """A bearded head in profile, as Illinois' Lincoln or New Hampshire's old man."""
    image = np.zeros((SIZE, 70), np.uint8)
    points = np.array([[22, 8], [45, 4], [58, 16], [58, 30], [66, 44], [58, 48], [58, 58], [50, 76], [40, 80], [62, 95], [4, 95], [24, 70], [14, 50],
                       [12, 24]], np.int32)
    cv2.polylines(image, [points], True, 255, 2, cv2.LINE_AA)
    cv2.line(image, (44, 30), (54, 30), 255, 3)
    cv2.ellipse(image, (44, 66), (13, 14), 0, 0, 360, 160, -1)
    cv2.ellipse(image, (26, 20), (12, 14), 0, 0, 360, 160, -1)
    return image


def seal(rng):
    """A round seal: ring, words round it, something in the middle; often with letters, which are none of the registration's."""
    image, c = np.zeros((SIZE, SIZE), np.uint8), SIZE // 2
    cv2.circle(image, (c, c), c - 3, 255, rng.choice([2, 3, 6]), cv2.LINE_AA)
    if rng.random() < .6:
        cv2.circle(image, (c, c), int(c * rng.uniform(.55, .7)), 255, rng.choice([1, 2]), cv2.LINE_AA)
    if rng.random() < .5:
        for k in range(rng.randint(14, 26)):
            a = k * 2 * math.pi / 24
            cv2.circle(image, (int(c + math.cos(a) * c * .78), int(c + math.sin(a) * c * .78)), 2, 255, -1)
    inner = letters(rng) if rng.random() < .5 else figure(rng, 60)
    inner = scaled(inner, min(58, 50 * inner.shape[1] / inner.shape[0]), 50)
    y, x = c - inner.shape[0] // 2, c - inner.shape[1] // 2
    place = image[y:y + inner.shape[0], x:x + inner.shape[1]]
    np.maximum(place, inner[:place.shape[0], :place.shape[1]], out=place)
    return 255 - image if rng.random() < .15 else image


def letters(rng):
    """A club's initials in a legend face."""
    return strokefont.legend("".join(rng.choice("ABCDEFGHJKLMNOPRSTUVW") for _ in range(rng.choice([1, 1, 2, 3]))), rng)


def magnolia():
    image, c = np.zeros((SIZE, SIZE), np.uint8), SIZE // 2
    for k in range(7):
        a = k * 2 * math.pi / 7
        cv2.ellipse(image, (int(c + math.cos(a) * 24), int(c + math.sin(a) * 24)), (22, 14), math.degrees(a), 0, 360, 255, 2, cv2.LINE_AA)
    cv2.circle(image, (c, c), 8, 255, -1)
    return image


def banner():
    """Washington, D.C.: three stars over two bars."""
    image = np.zeros((SIZE, 80), np.uint8)
    for y in (46, 70):
        cv2.rectangle(image, (4, y), (76, y + 13), 255, -1)
    star = scaled(outline("star"), 20, 20)
    for x in (4, 30, 56):
        image[16:36, x:x + 20] = star
    return image


MADE = {"rider": rider, "zia": zia, "fir": fir, "arch": arch, "profile": profile, "magnolia": magnolia, "banner": banner}
_kept = {}


def mask(rng, name):
    """A silhouette by name as a uint8 mask about 100 pixels high; "any" is a random pictogram or made-up figure."""
    if name == "any":
        return symbol(rng)
    if name == "seal":
        variant = name, rng.randrange(24)
        if variant not in _kept:
            _kept[variant] = seal(random.Random(variant[1]))
        return _kept[variant]
    if name not in _kept:
        _kept[name] = MADE[name]() if name in MADE else outline(name)
    return _kept[name]


def paint(rng, image, name, cx, cy, height, ink, width=None):
    """Lays an emblem with its middle at (cx, cy), pixels; ink is BGR. width caps its width."""
    if name in PAINTED:
        return PAINTED[name](rng, image, cx, cy, height, ink)
    shape = mask(rng, name)
    w = height * shape.shape[1] / shape.shape[0]
    if width and w > width:
        height, w = height * width / w, width
    shape = scaled(shape, max(4, w), max(4, height))
    blend(image, shape, int(cx - shape.shape[1] / 2), int(cy - shape.shape[0] / 2), ink)


def oranges(rng, image, cx, cy, height, ink):
    """Florida: the state, pale green, under two oranges with leaves and a blossom, all rimmed dark."""
    paint(rng, image, "fl", cx + height * .1, cy, height * 1.5, rgb("8fc7a6"))
    rim = max(1, int(height * rng.uniform(.015, .04)))

    def at(dx, dy):
        return int(cx + dx * height), int(cy + dy * height)

    for dx, dy in ((.16, -.24), (-.14, .2)):
        cv2.circle(image, at(dx, dy), int(height * .28), rgb(rng.choice(("f07a1e", "e8681c", "f08a30"))).tolist(), -1, cv2.LINE_AA)
        cv2.circle(image, at(dx, dy), int(height * .28), rgb("8a3a10").tolist(), rim, cv2.LINE_AA)
    for dx, dy, tilt in ((-.14, -.3, 35), (-.05, -.48, -60), (-.2, -.12, 80)):
        cv2.ellipse(image, at(dx, dy), (int(height * .17), int(height * .08)), tilt, 0, 360, rgb("1f5a34").tolist(), -1, cv2.LINE_AA)
    for k in range(5):
        angle = math.radians(72 * k)
        petal = at(.17 + .1 * math.cos(angle), .2 + .1 * math.sin(angle))
        cv2.circle(image, petal, int(height * .085), (240, 242, 244), -1, cv2.LINE_AA)
        cv2.circle(image, petal, int(height * .085), (96, 104, 96), max(1, rim // 2), cv2.LINE_AA)


def peach(rng, image, cx, cy, height, ink):
    """Georgia: the outline of a peach, the state inside, leaves on top."""
    r = height * .42
    cv2.ellipse(image, (int(cx), int(cy)), (int(r), int(r * .95)), 0, -60, 250, tuple(rgb("f08040").tolist()), max(2, int(height * .09)), cv2.LINE_AA)
    paint(rng, image, "ga", cx, cy + height * .05, height * .45, rgb("2f6b35"))
    cv2.ellipse(image, (int(cx + r * .2), int(cy - r * 1.2)), (int(r * .5), int(r * .2)), -20, 0, 360, tuple(rgb("3f8f50").tolist()), -1, cv2.LINE_AA)


def sun(rng, image, cx, cy, height, ink):
    """New Mexico: the rays in the ink of the serial, a red disc in the ring."""
    paint(rng, image, "zia", cx, cy, height, ink)
    cv2.circle(image, (int(cx), int(cy)), int(height * .13), tuple(rgb("d03040").tolist()), -1, cv2.LINE_AA)


def shield(rng, image, cx, cy, height, ink):
    """Maryland: a shield quartered black and gold, red and white."""
    half, h = height * .33, height * .5
    points = [(-1, -1), (1, -1), (1, .2), (0, 1), (-1, .2)]
    cv2.fillPoly(image, [np.array([(cx + x * half, cy + y * h) for x, y in points], np.int32)], tuple(rgb("d8b030").tolist()), cv2.LINE_AA)
    for x, y, c in ((-.8, -.8, "202020"), (.1, -.8, "c02030"), (-.7, -.1, "c02030"), (.1, -.1, "202020")):
        cv2.rectangle(image, (int(cx + x * half), int(cy + y * h)), (int(cx + (x + .55) * half), int(cy + (y + .55) * h)), tuple(rgb(c).tolist()), -1)


def texas(rng, image, cx, cy, height, ink):
    """Texas: the state in the flag's three colours."""
    paint(rng, image, "tx", cx, cy, height, rgb("2c3f7d"))
    paint(rng, image, "tx", cx + height * .12, cy + height * .1, height * .55, rgb("c03038"))
    cv2.circle(image, (int(cx - height * .12), int(cy - height * .02)), max(1, int(height * .07)), (255, 255, 255), -1)


def wheelchair(rng, image, cx, cy, height, ink):
    blend(image, scaled(glyph("♿"), height * .8, height), int(cx - height * .4), int(cy - height / 2), ink)


PAINTED = {"oranges": oranges, "peach": peach, "sun": sun, "shield": shield, "texas": texas, "wheelchair": wheelchair}


# -- made-up ones --------------------------------------------------------------------------------------------------------

def glyph(char):
    if char not in _kept:
        font = ImageFont.truetype(strokefont.FONT_ROOT + "/truetype/dejavu/DejaVuSans.ttf", 100)
        left, top, right, bottom = font.getbbox(char)
        image = Image.new("L", (right - left + 4, bottom - top + 4), 0)
        ImageDraw.Draw(image).text((2 - left, 2 - top), char, font=font, fill=255)
        _kept[char] = np.array(image)
    return _kept[char]


def symbol(rng):
    """A pictogram, seal, silhouette or made-up figure as a uint8 mask, about 100 pixels."""
    chance = rng.random()
    if chance < .36:
        return figure(rng, SIZE)
    if chance < .56:
        return mask(rng, "seal")
    if chance < .76:
        return mask(rng, rng.choice(tuple(OUTLINES) + tuple(MADE)))
    if chance < .82:
        return letters(rng)
    return glyph(rng.choice(SYMBOLS))


def figure(rng, n):
    """A made-up emblem, n×n uint8 mask: blot, rays, tree, ring or scribble."""
    image, c, kind = np.zeros((n, n), np.uint8), n / 2, rng.random()
    if kind < .25:
        return upright(rng, n)
    if kind < .5:
        angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        radius = c * .6 + sum(rng.uniform(-.18, .18) * c * np.cos(j * angle + rng.uniform(0, 6.3)) for j in range(1, 7))
        squash = rng.uniform(.5, 1)
        points = np.stack([c + radius * np.cos(angle) * squash, c + radius * np.sin(angle)], 1)
        cv2.fillPoly(image, [points.astype(np.int32)], 255)
    elif kind < .68:
        cv2.circle(image, (int(c), int(c)), int(c * rng.uniform(.2, .4)), 255, rng.choice([-1, 3]))
        rays = rng.choice([4, 4, 5, 8])
        for j in range(rays):
            dx, dy = math.cos(j * 2 * math.pi / rays), math.sin(j * 2 * math.pi / rays)
            for side in (-.21, -.07, .07, .21) if rays == 4 else (0,):
                x, y, reach = c - dy * side * c, c + dx * side * c, rng.uniform(.75, .98)
                cv2.line(image, (int(x + dx * c * .42), int(y + dy * c * .42)), (int(x + dx * c * reach), int(y + dy * c * reach)), 255,
                         rng.choice([2, 3, 4]))
    elif kind < .8:
        for j in range(rng.randint(2, 5)):
            y, spread = n * j / 5, c * (.25 + .13 * j)
            cv2.fillPoly(image, [np.array([[c, y], [c - spread, y + n * .35], [c + spread, y + n * .35]], np.int32)], 255)
        cv2.rectangle(image, (int(c - 2), int(n * .7)), (int(c + 3), n - 2), 255, -1)
    elif kind < .88:
        cv2.ellipse(image, (int(c), int(c)), (int(c * .9), int(c * rng.uniform(.5, .9))), 0, 0, 360, 255, rng.choice([-1, 4, 8]))
        cv2.circle(image, (int(c), int(c)), int(c * .4), rng.choice([0, 255]), -1)
    else:
        for _ in range(rng.randint(3, 9)):
            cv2.line(image, (rng.randint(0, n), rng.randint(0, n)), (rng.randint(0, n), rng.randint(0, n)), 255, rng.randint(2, 8))
    return image


def upright(rng, n):
    """Trees, palms, lighthouses, statues: a speckled, roughly symmetric figure taller than wide."""
    rows = np.arange(n)
    half = np.interp(rows, np.linspace(0, n, 7), [rng.uniform(.02, .42) * n for _ in range(7)])
    if rng.random() < .5:
        half = half * (1 + .5 * np.sin(rows * rng.uniform(.3, 1.2)))
    w = int(n * rng.uniform(.4, .8))
    across = np.abs(np.arange(w)[None, :] - w / 2 + noise(rng, n)[:, None] * rng.choice([0, 1, 2]))
    image = np.where(across < half[:, None] * w / n, 255, 0).astype(np.uint8)
    if rng.random() < .7:
        holes = soft_noise(rng, rng.randint(8, 40), rng.randint(6, 30), n, w) > rng.uniform(.2, 1.2)
        image[holes] = 0
    return image


