"""Renders training pictures for the state reader: the bands above and below the registration, with what is written in them.

    python3 -m state.bands OUT --seed 1 --shards 50
    python3 -m state.bands --sheet FILE.png

Writes OUT/x-SEED-NNN.npy, uint8 [n, 96, 320] (upper band over lower band, see `bands`), and OUT/y-SEED-NNN.npy, uint8 [n, 2, 36 + 80]:
classes of the text in each band (state_reader.SIGNS) padded with 255, and for each of the network's columns the class of the sign
whose middle lies there, or 255. Shards that exist are skipped; the same seed makes the same
shards.

Everything is drawn: names, mottoes and decoys (state/names.py) in some thousand faces of Debian's font packages, upright, slanted,
outlined, shadowed, arched, spaced, in large and small capitals, on plain, shaded and figured grounds, partly behind dealer frames,
bolts and stickers; then placed as the finder would leave them, blurred, lit and compressed (camera/degrade.py). Stickers and frames are
never labelled, and neither is a line that can't be read.
"""
import argparse
import glob
import math
import os
import random
import time

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from camera import degrade
from drawing.canvas import noise
from drawing.emblems import symbol
from state import names as state_names
from state.network import BAND_HEIGHT, BANDS, COLUMNS, LONGEST, SIDE, SIGNS, WIDTH

SHARD = 3000
LOOKS = 3
FACE = 36        # size at which lines are set before they are scaled, pixels; capitals are CAPITALS of it
CAPITALS = .75
EMPTY = 255
CANVAS_W, CANVAS_H = 512, 256

FACES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "out", "state_faces.txt")
# Running hands and brushes, and how often each is drawn; other faces are drawn alike. State names are often written so, and Debian has few.
SCRIPTS = {
    "opentype/kaushanscript/KaushanScript-Regular.otf": 5, "opentype/lobster/lobster.otf": 3, "opentype/lobstertwo/LobsterTwo-Italic.otf": 3,
    "opentype/lobstertwo/LobsterTwo-BoldItalic.otf": 3, "opentype/lobstertwo/LobsterTwo-Bold.otf": 1, "opentype/dancingscript/DancingScript-Bold.otf": 4,
    "opentype/dancingscript/DancingScript-Regular.otf": 3, "truetype/leckerli-one/LeckerliOne-Regular.ttf": 3, "opentype/urw-base35/Z003-MediumItalic.otf": 4,
    "truetype/linex/elegbold.ttf": 4, "truetype/linex/elegital.ttf": 3, "opentype/levien/TypoScript.otf": 4, "truetype/sjfonts/Delphine.ttf": 2,
    "truetype/sjfonts/SteveHand.ttf": 1, "truetype/isabella/Isabella.ttf": 2, "truetype/breip/Breip.ttf": 2, "truetype/rufscript/Rufscript010.ttf": 2,
    "truetype/adf/RomandeADFScriptStd-Italic.otf": 3, "truetype/fifthhorseman/dkgBd.ttf": 1, "truetype/dustin/Domestic_Manners.ttf": 1,
    "truetype/ecolier-court/Ecolier-court.ttf": 2, "truetype/kristi/Kristi.ttf": 2, "truetype/yusei-magic/YuseiMagic-Regular.ttf": 1,
    "opentype/gazis/GFSGazis.otf": 1, "truetype/femkeklaver/femkeklaver.ttf": 1, "truetype/linex/Abecedario.ttf": 1, "truetype/linex/AbecedarioNegrita.ttf": 1,
    "truetype/adf/OldaniaADFStd-Italic.otf": 1, "truetype/adf/OldaniaADFStd-BoldItalic.otf": 1, "opentype/bajaderka/Bajaderka-Regular.otf": 1,
    "opentype/urw-base35/C059-BdIta.otf": 1, "opentype/urw-base35/P052-BoldItalic.otf": 1,
}
SLANTED = ("Italic", "Oblique", "-It", "BdIta", "Ital")
ODD = ("aenigma", "dustin", "linex", "radisnoir", "rampart", "train", "league-mono", "Mono", "summersby", "beteckna", "klaudia", "bwht")


def legible(path, means):
    """How alike the face's capitals are to the usual ones: the mean correlation of their shapes; 0 where letters are missing."""
    try:
        font = ImageFont.truetype(path, 40)
        shapes = []
        for char in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
            box = font.getbbox(char)
            if box[2] - box[0] < 2 or box[3] - box[1] < 2:
                return 0, None
            image = Image.new("L", (box[2] - box[0], box[3] - box[1]), 0)
            ImageDraw.Draw(image).text((-box[0], -box[1]), char, font=font, fill=255)
            s = cv2.GaussianBlur(cv2.resize(np.array(image), (16, 20), interpolation=cv2.INTER_AREA).astype(np.float32), (0, 0), 1.2)
            s -= s.mean()
            shapes.append(s / (np.linalg.norm(s) + 1e-6))
        shapes = np.array(shapes)
        return (1 if means is None else float((shapes * means).sum((1, 2)).mean())), shapes
    except OSError:
        return 0, None


def faces():
    """Usable faces by kind: plain, slanted, script, odd; each as (paths, weights). Looked through once, then kept in a file."""
    if not os.path.exists(FACES):
        found = sorted(set(glob.glob("/usr/share/fonts/**/*.[ot]tf", recursive=True)))
        usual = [p for p in found if any(k in p for k in ("Sans-Bold", "Sans-Regular", "Serif-Bold", "Serif-Regular", "RG2014D"))]
        means = np.mean([s for s in (legible(p, None)[1] for p in usual) if s is not None], axis=0)
        means /= np.linalg.norm(means, axis=(1, 2), keepdims=True)
        kept = [p for p in found if legible(p, means)[0] > (.56 if "aenigma" in p else .45)]
        os.makedirs(os.path.dirname(FACES), exist_ok=True)
        with open(FACES, "w") as f:
            f.write("\n".join(kept))
    with open(FACES) as f:
        all_faces = f.read().split("\n")
    script = [(os.path.join("/usr/share/fonts", p), w) for p, w in SCRIPTS.items() if os.path.exists(os.path.join("/usr/share/fonts", p))]
    taken = {p for p, _ in script}
    odd = [p for p in all_faces if any(s in p for s in ODD) and p not in taken]
    taken.update(odd)
    slanted = [p for p in all_faces if any(s in p for s in SLANTED) and p not in taken]
    taken.update(slanted)
    plain = [p for p in all_faces if p not in taken]
    return [(k, [1] * len(k)) for k in (plain, slanted)] + [tuple(zip(*script)) or (plain, [1] * len(plain))] + [(odd or plain, [1] * len(odd or plain))]


# States whose plates have borne their name in a running hand for decades: each hand is its own, and none is a font of Debian's, so that they
# are drawn more often than others in all hands there are.
HANDS = ("ca", "ca", "ca", "tn", "tn", "il", "il", "la", "sd", "ny")

_faces, _fonts, _lengths, _running, _script = [], {}, {}, set(), []


def font_of(rng):
    if not _faces:
        _faces.extend(faces())
        _running.update(_faces[2][0])
    kind = rng.choices([0, 1, 2, 3], [20, 8, 68, 4] if _script else [46, 14, 34, 6])[0]
    path = rng.choices(*_faces[kind])[0]
    if path not in _fonts:
        if len(_fonts) > 900:
            _fonts.clear()
            _lengths.clear()
        _fonts[path] = ImageFont.truetype(path, FACE)
    return _fonts[path]


def sign(char):
    """The class of a printed character, or None where the network leaves it out."""
    said = SIGNS.find(char.upper() if char.isascii() else " ")
    return said if said >= 0 else SIGNS.index("#") if char.isdigit() else None if char in ".,'’" else SIGNS.index(" ")


def written(rng, text, font):
    """A line as (uint8 mask about FACE pixels high with tight edges, [(class, middle of the character in pixels)]), or (None, [])."""
    spaced = rng.random() < .16
    small_caps = text.isupper() and rng.random() < .1
    middles = []
    if not spaced and not small_caps:
        left, top, right, bottom = font.getbbox(text)
        image = Image.new("L", (max(1, right - left) + 2, max(1, bottom - top) + 2), 0)
        ImageDraw.Draw(image).text((1 - left, 1 - top), text, font=font, fill=255)
        x = 1. - left
        for char in text:
            if (font, char) not in _lengths:
                _lengths[font, char] = font.getlength(char)
            middles.append((sign(char), x + _lengths[font, char] / 2))
            x += _lengths[font, char]
        return np.array(image), middles
    gap = rng.uniform(1, 15) if spaced else 0
    shrink = rng.uniform(.68, .85)
    pieces, x = [], 0.
    first = True
    for char in text:
        if char == " ":
            middles.append((sign(char), x + 4))
            x += 11 + gap
            first = True
            continue
        left, top, right, bottom = font.getbbox(char)
        if right <= left or bottom <= top:
            return None, []
        image = Image.new("L", (right - left, bottom - top), 0)
        ImageDraw.Draw(image).text((-left, -top), char, font=font, fill=255)
        glyph, base = np.array(image), bottom
        if small_caps and not first:
            glyph = cv2.resize(glyph, (max(1, int(glyph.shape[1] * shrink)), max(1, int(glyph.shape[0] * shrink))), interpolation=cv2.INTER_AREA)
        first = False
        middles.append((sign(char), x + glyph.shape[1] / 2))
        pieces.append((glyph, int(x), base))
        x += glyph.shape[1] + 3 + gap
    if not pieces:
        return None, []
    low = max(b for _, _, b in pieces)
    high = max(g.shape[0] + low - b for g, _, b in pieces)
    mask = np.zeros((high + 2, int(x) + 4), np.uint8)
    for glyph, x, base in pieces:
        y = high - (0 if small_caps else low - base) - glyph.shape[0]
        y = max(0, y)
        place = mask[y:y + glyph.shape[0], x:x + glyph.shape[1]]
        np.maximum(place, glyph[:place.shape[0], :place.shape[1]], out=place)
    return mask, middles


def bent(rng, mask):
    """Arched, waved, slanted or rising lettering."""
    h, w = mask.shape
    kind = rng.random()
    if kind > .34:
        return mask
    x = np.arange(w, dtype=np.float32)
    u = (x - w / 2) / (w / 2)
    if kind < .1:  # arch
        rise = (u * u) * h * rng.uniform(.15, .8) * rng.choice([1, 1, 1, -1])
    elif kind < .14:  # wave
        rise = np.sin(u * rng.uniform(1, 4) + rng.uniform(0, 6)) * h * .2
    elif kind < .24:  # rising line
        rise = u * w * rng.uniform(-.07, .05)
    else:
        rise = u * 0
    slant = rng.uniform(-.2, .5) if kind >= .24 else rng.choice([0, 0, rng.uniform(-.1, .35)])
    pad_top, pad_bottom = int(max(0, -rise.min())) + 1, int(max(0, rise.max())) + 1
    reach = int(abs(slant) * h) + 1
    H, W = h + pad_top + pad_bottom, w + 2 * reach
    my, mx = np.meshgrid(np.arange(H, dtype=np.float32), np.arange(W, dtype=np.float32), indexing="ij")
    sx = mx - reach + slant * (my - H / 2)
    sy = my - pad_top - np.interp(sx, x, rise).astype(np.float32)
    return cv2.remap(mask, sx, sy, cv2.INTER_LINEAR)


class Line:
    """One printed line: where it stands on the canvas and what it says."""
    __slots__ = ("plain", "key", "x", "y", "w", "h", "cap", "signs", "seen")

    def __init__(self, plain, key, x, y, w, h, cap, signs):
        self.plain, self.key, self.x, self.y, self.w, self.h, self.cap, self.signs, self.seen = plain, key, x, y, w, h, cap, signs, 1.


def paint(canvas, mask, x, y, ink, opacity=1.):
    h, w = mask.shape
    x0, y0, x1, y1 = max(0, x), max(0, y), min(CANVAS_W, x + w), min(CANVAS_H, y + h)
    if x1 <= x0 or y1 <= y0:
        return
    part = mask[y0 - y:y1 - y, x0 - x:x1 - x].astype(np.float32) * (opacity / 255)
    place = canvas[y0:y1, x0:x1]
    place += (ink - place) * part


def write_line(rng, canvas, text, plain, key, height, cx, cy, room):
    """Writes a line centred at (cx, cy), its capitals `height` pixels high, no wider than room. Returns the Line or None."""
    font = font_of(rng)
    if text.isupper() and font.path in _running and rng.random() < .85:
        text = text.title()  # running hands are not set in capitals
    mask, middles = written(rng, text, font)
    if mask is None:
        return None
    h, w = mask.shape
    before = w
    scale = height / max(16., CAPITALS * FACE if h < FACE else .8 * h)
    stretch = rng.choice([1, 1, rng.uniform(.65, 1), rng.uniform(1, 1.45)])
    if w * scale * stretch > room:
        stretch *= room / (w * scale * stretch)
        if stretch < .5:
            scale *= stretch / .5
            stretch = .5
    mask = bent(rng, mask)
    beside = (mask.shape[1] - before) / 2
    across = mask.shape[1]
    size = max(4, int(mask.shape[1] * scale * stretch)), max(4, int(mask.shape[0] * scale))
    mask = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    weight = rng.random()
    if weight > .85 and font.path in _running:  # a finer pen
        mask = np.maximum(0, cv2.GaussianBlur(mask, (0, 0), .7).astype(np.float32) * 1.9 - 200).clip(0, 255).astype(np.uint8)
    elif weight < .35:  # bolder; thin faces are rare on plates
        mask = np.minimum(255, cv2.GaussianBlur(mask, (0, 0), .8).astype(np.float32) * rng.uniform(1.2, 1.9)).astype(np.uint8)
    h, w = mask.shape
    x, y = int(cx - w / 2), int(cy - h / 2)
    x = max(3, min(CANVAS_W - w - 3, x))
    place = canvas[max(0, y):max(1, y + h), max(0, x):x + w]
    if place.size == 0:
        return None
    ground = float(place.mean())
    contrast = rng.uniform(60, 220)
    ink = ground - contrast if ground - contrast > 5 and (rng.random() < .75 or ground + contrast > 250) else ground + contrast
    if not 0 <= ink <= 255:
        ink = 10. if ground > 125 else 245.
    style = rng.random()
    if style < .10:  # shadow
        d = max(1, int(height * rng.uniform(.06, .14)))
        paint(canvas, mask, x + rng.choice([-d, d]), y + d, rng.choice([ink * .5, 2 * ground - ink, ground - 60, rng.uniform(0, 255)]))
        paint(canvas, mask, x, y, ink)
    elif style < .24:  # rim of another tone around the letters
        reach = max(1, int(height * rng.uniform(.05, .12)))
        rim = cv2.dilate(np.pad(mask, reach), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
        paint(canvas, rim, x - reach, y - reach, rng.choice([2 * ground - ink, 250, 10]) if rng.random() < .7 else ground + (ink - ground) * .5)
        paint(canvas, mask, x, y, ink)
    elif style < .29:  # hollow letters
        core = cv2.erode(mask, np.ones((3, 3), np.uint8))
        paint(canvas, mask, x, y, ink)
        paint(canvas, core, x, y, ground + rng.uniform(-.2, .3) * (ink - ground))
    elif style < .36:  # in a box
        pad = int(height * rng.uniform(.15, .5))
        canvas[max(0, y - pad):y + h + pad, max(0, x - 2 * pad):x + w + 2 * pad] = ink
        paint(canvas, mask, x, y, ground)
    elif style < .44:  # letters whose tone changes from top to bottom
        to = ink + (ground - ink) * rng.uniform(0, .6)
        for part in range(2):
            half = mask.copy()
            half[(0 if part else h // 2):(h // 2 if part else h)] = 0
            paint(canvas, half, x, y, to if part else ink)
    else:
        paint(canvas, mask, x, y, ink, rng.uniform(.75, 1))
    signs = [(c, x + (m + beside) * w / across) for c, m in middles if c is not None]
    return Line(plain, key, x, y, w, h, height, signs)


def ground(rng):
    base = rng.uniform(140, 255) if rng.random() < .74 else rng.uniform(10, 140)
    canvas = np.full((CANVAS_H, CANVAS_W), base, np.float32)
    if rng.random() < .55:
        canvas += np.interp(np.arange(CANVAS_H), np.linspace(0, CANVAS_H, 5), [rng.uniform(-70, 40) for _ in range(5)])[:, None].astype(np.float32)
    if rng.random() < .3:
        canvas += cv2.resize(noise(rng, rng.randint(3, 20), rng.randint(4, 40)), (CANVAS_W, CANVAS_H)) * rng.uniform(3, 22)
    for at_top in (True, False):
        kind = rng.random()
        edge = int(CANVAS_H * rng.uniform(.1, .3))
        rows = slice(0, edge) if at_top else slice(CANVAS_H - edge, CANVAS_H)
        if kind < .2:  # a band of another colour
            canvas[rows] = rng.uniform(0, 255)
            if rng.random() < .3:
                y = edge if at_top else CANVAS_H - edge
                cv2.line(canvas, (0, y), (CANVAS_W, y), rng.uniform(0, 255), rng.randint(2, 6))
        elif kind < .42:  # hills, trees, a skyline
            level = edge if at_top else CANVAS_H - edge
            rough = rng.uniform(4, 34)
            step = rng.choice([6, 16, 40, 80])
            xs = list(range(-step, CANVAS_W + 2 * step, step))
            line = [(x, int(level + rng.uniform(-rough, rough))) for x in xs]
            side = CANVAS_H if (not at_top or rng.random() < .6) else 0
            cv2.fillPoly(canvas, [np.array([(xs[0], side)] + line + [(xs[-1], side)], np.int32)], float(np.clip(base + rng.uniform(-130, 70), 0, 255)))
        elif kind < .5:
            for _ in range(rng.randint(3, 30)):
                cv2.line(canvas, (rng.randint(0, CANVAS_W), rng.randint(rows.start, rows.stop)), (rng.randint(0, CANVAS_W), rng.randint(rows.start, rows.stop)),
                         float(np.clip(base + rng.uniform(-90, 60), 0, 255)), rng.randint(1, 4))
        elif kind < .58:  # rings: a rainbow, a sun
            c = (int(rng.uniform(0, CANVAS_W)), int(rng.uniform(0, CANVAS_H)))
            for k in range(rng.randint(1, 5)):
                cv2.circle(canvas, c, int(rng.uniform(20, 160)), float(np.clip(base + rng.uniform(-80, 50), 0, 255)), rng.randint(2, 14))
    for _ in range(rng.choice([0, 0, 0, 1, 2])):  # emblems anywhere, mostly between the lines
        emblem = symbol(rng)
        size = rng.randint(24, 120)
        emblem = cv2.resize(emblem, (size, size), interpolation=cv2.INTER_AREA)
        paint(canvas, emblem, rng.randint(0, CANVAS_W - size), rng.randint(-10, CANVAS_H - size // 2), rng.uniform(0, 255), rng.uniform(.3, 1))
    return np.clip(canvas, 0, 255)


def registration(rng, canvas):
    """Large characters in the middle; they are none of this network's business."""
    height = CANVAS_H * rng.uniform(.36, .56)
    top = CANVAS_H * rng.uniform(.46, .56) - height / 2
    text = "".join(rng.choice("0123456789ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(rng.choice([4, 5, 6, 6, 7, 7])))
    drawn, _ = written(rng, text, font_of(rng))
    if drawn is None:
        return
    width = int(CANVAS_W * min(.97, len(text) * rng.uniform(.12, .15)))
    mask = np.zeros((CANVAS_H, CANVAS_W), np.uint8)
    x, y = (CANVAS_W - width) // 2, int(top)
    mask[y:y + int(height), x:x + width] = cv2.resize(drawn, (width, int(height)), interpolation=cv2.INTER_AREA)
    middle = canvas[int(top):int(top + height)].mean()
    ink = middle - rng.uniform(60, 200) if middle > 110 else middle + rng.uniform(60, 200)
    paint(canvas, mask, 0, 0, float(np.clip(ink, 0, 255)), 1)
    if rng.random() < .4:  # embossed edges
        canvas[1:] += (mask[1:].astype(np.float32) - mask[:-1]) * rng.uniform(-.25, .25)


def sticker(rng, canvas, lines, top):
    w, h = rng.randint(36, 84), rng.randint(24, 56)
    x = rng.choice([rng.randint(2, 24), CANVAS_W - w - rng.randint(2, 24)])
    y = rng.randint(0, 14) if top else CANVAS_H - h - rng.randint(0, 14)
    if rng.random() < .75:
        tone = rng.uniform(20, 255)
        canvas[y:y + h, x:x + w] = tone
        if rng.random() < .3:
            cv2.rectangle(canvas, (x, y), (x + w, y + h), rng.uniform(0, 255), 2)
        for line in lines:
            across = max(0, min(x + w, line.x + line.w) - max(x, line.x)) / max(1, line.w)
            down = max(0, min(y + h, line.y + line.h) - max(y, line.y)) / max(1, line.h)
            if down > .3:
                line.seen -= across
    else:
        tone = canvas[y:y + h, x:x + w].mean()
        if any(min(x + w, l.x + l.w) > max(x, l.x) and min(y + h, l.y + l.h) > max(y, l.y) for l in lines):
            return
    ink = tone - rng.uniform(60, 200) if tone > 120 else tone + rng.uniform(60, 200)
    word = rng.choice(["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC", "%02d" % rng.randint(0, 30),
                       "%d" % rng.randint(1, 12), "20%02d" % rng.randint(0, 30), "%02d-%02d" % (rng.randint(1, 12), rng.randint(0, 30))])
    font = font_of(rng)
    mask, _ = written(rng, word, font)
    if mask is None:
        return
    k = min((w - 6) / mask.shape[1], (h - 6) / mask.shape[0])
    mask = cv2.resize(mask, (max(3, int(mask.shape[1] * k)), max(3, int(mask.shape[0] * k))), interpolation=cv2.INTER_AREA)
    paint(canvas, mask, x + (w - mask.shape[1]) // 2, y + (h - mask.shape[0]) // 2, float(np.clip(ink, 0, 255)))


def bolts(rng, canvas):
    u = rng.uniform(.16, .3)
    for v in rng.choice([(.1, .9), (.1,), (.9,)]):
        for x in (u, 1 - u):
            c = (int(x * CANVAS_W + rng.gauss(0, 3)), int(v * CANVAS_H + rng.gauss(0, 3)))
            tone = rng.uniform(0, 255)
            if rng.random() < .5:
                cv2.circle(canvas, c, rng.randint(5, 11), tone, -1)
                cv2.circle(canvas, c, rng.randint(3, 6), float(np.clip(tone + rng.uniform(-90, 90), 0, 255)), -1)
            else:
                cv2.ellipse(canvas, c, (rng.randint(8, 15), rng.randint(4, 7)), 0, 0, 360, tone, rng.choice([-1, 2]))


def frame(rng, canvas, lines):
    """A dealer's frame over the edges, with lettering that names no state of this plate."""
    tone = rng.choice([rng.uniform(0, 60), rng.uniform(150, 255)])
    side = rng.randint(3, 12)
    canvas[:, :side] = tone
    canvas[:, CANVAS_W - side:] = tone
    for top in (True, False):
        thick = int(CANVAS_H * rng.choice([rng.uniform(.02, .08), rng.uniform(.05, .22)]))
        rows = slice(0, thick) if top else slice(CANVAS_H - thick, CANVAS_H)
        keep = None
        if thick > 30 and rng.random() < .5:  # only the middle or the ends are broad
            keep = canvas[rows].copy()
            a = rng.randint(60, 200)
        canvas[rows] = tone
        if keep is not None:
            thin = slice(thick // 3, thick) if top else slice(0, thick - thick // 3)
            if rng.random() < .5:
                canvas[rows][thin, a:CANVAS_W - a] = keep[thin, a:CANVAS_W - a]
            else:
                canvas[rows][thin, :a], canvas[rows][thin, CANVAS_W - a:] = keep[thin, :a], keep[thin, CANVAS_W - a:]
        if thick > 10 and rng.random() < .75:
            text = " ".join(rng.choice(["MOTORS", "AUTO", "of", "HONDA", "FORD", "CITY", "TOYOTA", "DEALER", "www", "ALUMNI", "SALES", "I LOVE MY", "DOG",
                                        state_names.decoy(rng), rng.choice(list(state_names.NAMES.values()))]) for _ in range(rng.randint(1, 4)))
            mask, _ = written(rng, text.upper() if rng.random() < .7 else text, font_of(rng))
            if mask is not None:
                k = min(CANVAS_W * rng.uniform(.4, .9) / mask.shape[1], thick * .7 / mask.shape[0])
                mask = cv2.resize(mask, (max(3, int(mask.shape[1] * k)), max(3, int(mask.shape[0] * k))), interpolation=cv2.INTER_AREA)
                y = (thick - mask.shape[0]) // 2 if top else CANVAS_H - thick + (thick - mask.shape[0]) // 2
                paint(canvas, mask, (CANVAS_W - mask.shape[1]) // 2, y, 240. if tone < 100 else 15.)
        for line in lines:
            covered = max(0, min(line.y + line.h, rows.stop) - max(line.y, rows.start)) / max(1, line.h)
            line.seen -= covered * (.6 if keep is not None else 1)


def plate(rng):
    """A flat grey plate, float32 CANVAS_H×CANVAS_W, and its lines."""
    canvas = ground(rng)
    lines = []
    registration(rng, canvas)
    for where in "tb":
        if rng.random() < (.06 if where == "t" else .14):
            continue
        hand = rng.choice(HANDS) if _script and rng.random() < .5 else None
        printed, plain, names = state_names.draw(rng, where, hand)
        size = rng.uniform(.085, .21) if where == "t" else rng.uniform(.06, .17)
        if len(plain) > 15:
            size = min(size, rng.uniform(.06, .12))
        height = CANVAS_H * size
        margin = CANVAS_H * rng.uniform(.015, .08)
        cy = margin + height / 2 if where == "t" else CANVAS_H - margin - height / 2
        if rng.random() < .1:  # deeper in the plate
            cy += CANVAS_H * rng.uniform(0, .07) * (1 if where == "t" else -1)
        cx = CANVAS_W / 2 + (rng.gauss(0, 18) if rng.random() < .72 else rng.uniform(-140, 140))
        room = CANVAS_W * rng.choice([.55, .7, .8, .94])
        second = rng.random()
        if second < .12:  # a smaller line above or below, which is not asked for
            text, said, _ = state_names.draw(rng, where) if rng.random() < .3 else (state_names.decoy(rng), "", False)
            small = height * rng.uniform(.3, .6)
            shift = (height + small) * rng.uniform(.5, .65) * rng.choice([-1, 1])
            if 2 + small / 2 < cy + shift < CANVAS_H - 2 - small / 2:
                write_line(rng, canvas, text, said, False, small, cx + rng.gauss(0, 60), cy + shift, room)
        elif second < .17 and len(plain) < 12:  # beside it
            text = state_names.decoy(rng)
            if len(text) < 9:
                away = rng.choice([-1, 1]) * CANVAS_W * .33
                cx -= away * .4
                room = CANVAS_W * .55
                other = write_line(rng, canvas, text, state_names.plain(text), False, height * rng.uniform(.5, 1), cx + away * 1.4, cy, CANVAS_W * .24)
                if other:
                    lines.append(other)
        line = write_line(rng, canvas, printed, plain, names, height, cx, cy, room)
        if line:
            lines.append(line)
    if rng.random() < .05:
        np.clip(canvas, 0, 255, out=canvas)
    for top in (True, True, False, False):
        if rng.random() < .3:
            sticker(rng, canvas, lines, top)
    if rng.random() < .55:
        bolts(rng, canvas)
    if rng.random() < .3:
        cv2.rectangle(canvas, (1, 1), (CANVAS_W - 2, CANVAS_H - 2), rng.uniform(20, 235), rng.randint(1, 6))
    if rng.random() < .25:
        frame(rng, canvas, lines)
    return np.clip(canvas, 0, 255), lines


def placed(rng, width):
    """Where the plate's corners come to stand in a picture that shows it `width` pixels wide as the finder gives it: the projection
    from the canvas to the whole picture, its size, and the projection's picture in plate units. Noise as FINDER.md measured it."""
    sx, sy = (.032, .058) if width > 100 else (.038, .075) if width > 60 else (.04, .09)
    k = rng.choice([.25, .6, 1, 1, 1.3])
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) + noise(rng, 4, 2) * np.array([sx, sy], np.float32) * (k * .55)
    corners += noise(rng, 1, 2) * np.array([sx, sy], np.float32) * (k * .45)
    return corners


def bands(picture, width, top, left):
    """The two bands, one over the other, 2·BAND_HEIGHT×WIDTH uint8: from a picture in which the plate's sides run along x = left…left+width
    and y = top…top+width/2, as floats."""
    height = width / 2
    out = np.empty((2 * BAND_HEIGHT, WIDTH), np.uint8)
    for i, (v0, v1) in enumerate(BANDS):
        x0, x1, y0, y1 = left - SIDE * width, left + (1 + SIDE) * width, top + v0 * height, top + v1 * height
        # Half-pixel centres: output (i + .5) / WIDTH of the way.
        ax, ay = (x1 - x0) / WIDTH, (y1 - y0) / BAND_HEIGHT
        shrink = max(ax, ay)
        source = picture
        if shrink > 1.5:
            source = cv2.GaussianBlur(picture, (0, 0), sigmaX=max(.01, .4 * ax), sigmaY=max(.01, .4 * ay))
        matrix = np.array([[ax, 0, x0 + .5 * ax - .5], [0, ay, y0 + .5 * ay - .5]], np.float32)
        out[i * BAND_HEIGHT:(i + 1) * BAND_HEIGHT] = cv2.warpAffine(source, matrix, (WIDTH, BAND_HEIGHT), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                                                                   borderMode=cv2.BORDER_REPLICATE)
    return out


def look(rng, canvas, lines, easy=False, width=None):
    """One degraded look at a plate, width pixels wide, by chance when None: (bands, labels [2, LONGEST + COLUMNS])."""
    width = width or math.exp(rng.uniform(math.log(150), math.log(440)) if rng.random() < (.85 if _script else .7) else rng.uniform(math.log(60), math.log(170)))
    if easy:
        width = rng.uniform(260, 430)
    mx, my = int(width * .14) + 2, int(width * .1) + 2
    w, h = int(width + 2 * mx), int(width / 2 + 2 * my)
    corners = placed(rng, width)
    target = corners * np.array([width, width / 2], np.float32) + np.array([mx, my], np.float32)
    source = np.array([[0, 0], [CANVAS_W, 0], [CANVAS_W, CANVAS_H], [0, CANVAS_H]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, target.astype(np.float32))
    scale = width / CANVAS_W
    grey = cv2.GaussianBlur(canvas, (0, 0), .4 / scale) if scale < .7 else canvas
    if rng.random() < .1:
        image = cv2.warpPerspective(grey, matrix, (w, h), borderMode=cv2.BORDER_REPLICATE)
    else:
        image = cv2.warpPerspective(grey, matrix, (w, h), dst=degrade.surroundings(rng, h, w), borderMode=cv2.BORDER_TRANSPARENT)
    # The blur that the smallest line still bears, more seldom what it does not.
    caps = [l.cap * scale for l in lines]
    pitch = max(caps) * rng.choice([.5, .9, 1.4]) if caps else 10
    if not easy:
        image = degrade.light(rng, image)
        if rng.random() < (.35 if _script else .7):
            image = degrade.optics(rng, image, pitch)
        image = degrade.compress(rng, degrade.sensor(rng, image, 60.))
    image = np.clip(image, 0, 255).astype(np.uint8)
    out = bands(image, width, my, mx)
    y = np.full((2, LONGEST + COLUMNS), EMPTY, np.uint8)
    for band, (v0, v1) in enumerate(BANDS):
        kept = []
        for line in lines:
            if line.seen < .66 or not line.plain:
                continue
            points = np.array([[[line.x, line.y], [line.x + line.w, line.y], [line.x + line.w, line.y + line.h], [line.x, line.y + line.h]]], np.float32)
            p = cv2.perspectiveTransform(points, matrix)[0]
            x0, x1 = (p[:, 0].min() - mx) / width, (p[:, 0].max() - mx) / width
            top, bottom = (p[:2, 1].mean() - my) / (width / 2), (p[2:, 1].mean() - my) / (width / 2)
            inside = (min(bottom, v1) - max(top, v0)) / max(1e-6, bottom - top)
            if inside < .8 or x0 < -SIDE - .01 or x1 > 1 + SIDE + .01:
                continue
            tall, advance = line.cap * scale, line.w * scale / max(1, len(line.plain))
            if tall < 3.2 or advance < 2.4:
                continue
            kept.append((line, x0, x1))
        kept.sort(key=lambda k: (not k[0].key, -k[0].cap))
        chosen = []
        for k in kept:
            if all(k[2] <= c[1] + .01 or k[1] >= c[2] - .01 for c in chosen):
                chosen.append(k)
        chosen.sort(key=lambda k: k[1])
        text = " ".join(k[0].plain for k in chosen)[:LONGEST]
        for i, char in enumerate(text):
            y[band, i] = SIGNS.index(char)
        for line, _, _ in chosen:
            middle = line.y + line.h / 2
            at = cv2.perspectiveTransform(np.array([[(x, middle) for _, x in line.signs]], np.float32), matrix)[0, :, 0]
            columns = (((at - mx) / width + SIDE) / (1 + 2 * SIDE) * COLUMNS).astype(int)
            for (c, _), column in zip(line.signs, columns):
                if 0 <= column < COLUMNS and (SIGNS[c] != " " or y[band, LONGEST + column] == EMPTY):
                    y[band, LONGEST + column] = c
    return out, y


def shard(rng, count=SHARD, easy=False):
    x = np.zeros((count, 2 * BAND_HEIGHT, WIDTH), np.uint8)
    y = np.full((count, 2, LONGEST + COLUMNS), EMPTY, np.uint8)
    order = list(range(count))
    rng.shuffle(order)
    i = 0
    while i < count:
        canvas, lines = plate(rng)
        for _ in range(LOOKS):
            if i < count:
                x[order[i]], y[order[i]] = look(rng, canvas, lines, easy)
                i += 1
    return x, y


def text_of(row):
    return "".join(SIGNS[c] for c in row[:LONGEST] if c != EMPTY)


def draw_sheet(path, looks, columns=5):
    """Writes looks as a picture, each over what it is labelled with."""
    tiles = []
    for x, y in looks[:len(looks) // columns * columns]:
        caption = np.zeros((28, WIDTH), np.uint8)
        for b in (0, 1):
            for k in np.flatnonzero(y[b, LONGEST:] != EMPTY):
                cv2.putText(x, SIGNS[y[b, LONGEST + k]], (int(k * 4), BAND_HEIGHT * (b + 1) - 2), cv2.FONT_HERSHEY_SIMPLEX, .3, 255, 1)
            cv2.putText(caption, text_of(y[b]), (2, 11 + 13 * b), cv2.FONT_HERSHEY_SIMPLEX, .38, 255, 1)
        tiles.append(np.vstack([x, caption]))
    cv2.imwrite(path, np.vstack([np.hstack(tiles[i:i + columns]) for i in range(0, len(tiles), columns)]))


def write_shards(out, seed, shards, make):
    """Writes the shards of a seed that aren't there yet; make gives one for a random generator."""
    os.makedirs(out, exist_ok=True)
    for k in range(shards):
        name = "%d-%03d.npy" % (seed, k)
        if os.path.exists(os.path.join(out, "y-" + name)):
            continue
        started = time.time()
        x, y = make(random.Random(seed * 100003 + k))
        np.save(os.path.join(out, "part-" + name), x)
        np.save(os.path.join(out, "y-" + name), y)
        os.replace(os.path.join(out, "part-" + name), os.path.join(out, "x-" + name))
        print("shard %s: %.0f looks/s" % (name, len(x) / (time.time() - started)), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shards", type=int, default=30)
    parser.add_argument("--script", action="store_true", help="mostly running hands")
    parser.add_argument("--easy", action="store_true", help="large and sharp: the first looks of a training, which then starts sooner")
    parser.add_argument("--sheet", help="write examples as a picture instead")
    a = parser.parse_args()
    cv2.setNumThreads(1)
    if a.script:
        _script.append(True)
    if a.sheet:
        rng = random.Random(a.seed)
        return draw_sheet(a.sheet, [look(rng, *plate(rng)) for _ in range(60)])
    write_shards(a.out, a.seed, a.shards, lambda rng: shard(rng, easy=a.easy))


if __name__ == "__main__":
    main()
