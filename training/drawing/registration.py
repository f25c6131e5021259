"""The registration on a plate: large characters, what separates their groups, small stacks before or after them, and its ink."""
from typing import List, NamedTuple, Tuple

import cv2
import numpy as np

from drawing import emblems, strokefont
from drawing.canvas import HEIGHT, INKS, MASK_SCALE, WIDTH, blend, colour, mean, soft_noise
from drawing.fittings import sticker

Box = Tuple[float, float, float, float]  # left, top, right, bottom, plate pixels


class Row(NamedTuple):
    """Where the registration may stand, pixels."""
    left: float
    right: float
    top: float
    height: float


class Written(NamedTuple):
    """A registration as it was drawn."""
    span: Box         # around all its characters
    boxes: List[Box]  # of each character, in reading order: prefix, large ones, suffix
    ink: np.ndarray


# What a separator may be, when a layout does not say: shares over all states.
KINDS = ["dash", "dash", "space", "space", "none", "art", "art", "art", "art", "dot", "dot", "sticker"]
NAMED = {" ": "space", "-": "dash", ".": "dot", "*": "emblem", "_": "gap", "#": "sticker"}
ADVANCE = {"dash": .36, "space": .32, "none": .05, "art": .62, "dot": .3, "sticker": .5, "emblem": .75, "gap": 1.}  # of the row's height


def stack_chars(rng):
    count = rng.choices([1, 2, 3], [1, 8, 2.5])[0]
    if rng.random() < .75:
        return "".join(rng.choice(strokefont.LETTERS) for _ in range(count))
    return "".join(rng.choice(strokefont.CHARACTERS) for _ in range(count))


class Stack:
    """Small characters above each other, often from dies of their own, or two of them side by side."""

    def __init__(self, rng, chars, letters, row):
        self.letters = strokefont.lettering(rng) if rng.random() < .4 else letters
        self.chars, self.row = chars, row
        self.abreast = len(chars) == 2 and rng.random() < .06
        self.stagger = rng.uniform(.25, .6) if len(chars) == 2 and not self.abreast and rng.random() < .1 else 0  # Massachusetts, Delaware
        share = {1: rng.uniform(.4, .62), 2: rng.uniform(.38, .53), 3: rng.uniform(.26, .34)}.get(len(chars), 1.02 / len(chars))
        self.height = row.height * share
        broadest = max(self.letters.width(c) for c in chars)
        self.cell = min(self.height * broadest * rng.uniform(.75, 1.15), row.height * .42)
        self.width = self.cell * (2.15 if self.abreast else 1 + self.stagger)
        self.beyond = row.height * max(0, rng.uniform(-.15, .15)) if len(chars) > 1 else 0  # many stacks are taller than the large characters
        self.seat = rng.choice([0, .5, .5, 1])

    def draw(self, mask, left, lift):
        """Paints the stack from the left edge given; lift is the mask's upper edge. Returns the characters' boxes."""
        top, tall, boxes = self.row.top - self.beyond, self.row.height + 2 * self.beyond, []
        pitch = (tall - self.height) / max(1, len(self.chars) - 1)
        for i, char in enumerate(self.chars):
            width = self.letters.width(char) * self.height
            own = min(self.cell, max(width, self.cell * .3)) if char in "1I" else self.cell
            x = left + (self.cell - own) / 2 + i * self.cell * (1.15 if self.abreast else self.stagger)
            if self.abreast or len(self.chars) == 1:
                y = self.row.top + (self.row.height - self.height) * self.seat
            else:
                y = top + i * pitch
            self.letters.draw(mask, char, x * MASK_SCALE, (y - lift) * MASK_SCALE, own * MASK_SCALE, self.height * MASK_SCALE)
            boxes.append((x, y, x + own, y + self.height))
        return boxes


def separator(rng, image, mask, lift, kind, x, width, row, art_ink, emblem):
    """Draws what stands between two groups; blanks draw nothing."""
    middle, cx = row.top + row.height / 2, x + width / 2
    if kind == "dash":
        half, thick = min(width / 2, row.height * .1) * rng.uniform(.7, 1.1), row.height * rng.uniform(.035, .075)
        cv2.rectangle(mask, (int((cx - half) * MASK_SCALE), int((middle - thick - lift) * MASK_SCALE)),
                      (int((cx + half) * MASK_SCALE), int((middle + thick - lift) * MASK_SCALE)), 255, -1)
    elif kind == "dot":
        cv2.circle(mask, (int(cx * MASK_SCALE), int((middle - lift) * MASK_SCALE)), int(row.height * rng.uniform(.05, .08) * MASK_SCALE), 255, -1,
                   cv2.LINE_AA)
    elif kind == "sticker":
        w, h = int(min(width, row.height * .5)), int(row.height * rng.uniform(.4, .8))
        if w > 8 and h > 12:
            sticker(rng, image, int(cx - w / 2), int(middle - h / 2), w, h)
    elif kind == "emblem" and emblem:
        height = row.height * emblem.height * rng.uniform(.92, 1.08)
        emblems.paint(rng, image, emblem.name, cx, middle + row.height * emblem.lower, height, art_ink if emblem.ink is None else emblem.ink,
                      None if emblem.under else max(6, width * 1.05))
    elif kind == "art":
        height = int(row.height * (rng.uniform(.35, .7) if rng.random() < .4 else rng.uniform(.7, 1.4)))
        under = rng.random() < .25  # reaches below the characters beside it
        emblems.paint(rng, image, "any", cx, middle, height, art_ink, max(5, width * (rng.uniform(1.1, 1.7) if under else 1.05)))


def pick_ink(rng, ground, ink):
    """The ink asked for, or one at random, made to stand out from the ground."""
    if ink is None:
        ink = np.array(rng.choice(INKS), np.float32) + colour(rng, -15, 25)
        if ground.mean() < 110 or rng.random() < .04:
            ink = colour(rng, 200, 255)
    ink = np.asarray(ink, np.float32)
    if abs(ink - ground).sum() < 150:
        ink = np.full(3, 20. if ground.mean() > 110 else 240.)
    return ink


def lay_out(rng, letters, text, row, room, kinds, emblem, fill):
    """Places for the large characters: [(char or None, kind, left, width)], and the text's whole width, before it is shifted."""
    gap = rng.uniform(.05, .26) * row.height
    chosen = rng.choice(kinds) if kinds else None
    stretch = rng.choice([1, 1, 1.6, 2.6]) if chosen in ("art", "space") else 1.
    monospaced = rng.random() < .4
    cell = max(letters.width(c) for c in "MH0") * row.height
    pieces, total = [], 0.
    for char in text:
        if char in NAMED:
            kind = chosen or NAMED[char]
            share = emblem.width if kind == "emblem" and emblem else ADVANCE[kind] * stretch
            advance = share * row.height * (rng.uniform(.6, 1.3) if chosen else rng.uniform(.9, 1.1))
            pieces.append((None, kind, advance, advance))
            total += advance + gap * .4
        else:
            width = letters.width(char) * row.height
            advance = max(width, cell * .8) if monospaced else width
            pieces.append((char, None, width, advance))
            total += advance + gap
    stiff = sum(advance for _, kind, _, advance in pieces if kind == "emblem" and emblem and emblem.stiff)
    total, room = max(1., total - gap - stiff), room - stiff
    count = sum(c is not None for c, _, _, _ in pieces)
    target = room * (rng.uniform(*fill) if fill and count >= 5 else rng.uniform(.86, .99) if count >= 6 else rng.uniform(.5, .97))
    squeeze = max(.33, target / total if total > target else min(1.3, target / total) * rng.uniform(.85, 1))
    squeeze = min(squeeze, room / total)
    places, x = [], 0.
    for char, kind, width, advance in pieces:
        own = 1 / squeeze if stiff and kind == "emblem" else 1
        places.append((char, kind, x + (advance - width) * squeeze / 2, width * squeeze * own))
        x += (advance * own + gap * (.4 if char is None else 1)) * squeeze
    return places, x - gap * squeeze, gap


def write(rng, image, row, text, prefix="", suffix="", ink=None, kinds=None, letters=None, emblem=None, fill=None):
    """Draws small prefix, large text and small suffix into the row.

    kinds lists what a separator may be, one of which is taken for the whole text; with None the text's own separators say
    (NAMED). emblem describes "*" (layouts.Emblem); fill is the range of the row's width that full texts take.
    """
    letters = letters or strokefont.lettering(rng)
    ground = mean(image[int(max(0, row.top)):int(row.top + row.height), int(row.left):int(row.right)])
    ink = pick_ink(rng, ground, ink)
    lift = max(0, int(row.top) - 9)
    lower = min(HEIGHT, int(row.top + row.height) + 10)
    mask = np.zeros(((lower - lift) * MASK_SCALE, WIDTH * MASK_SCALE), np.uint8)
    left, right = row.left, row.right
    before = Stack(rng, prefix, letters, row) if prefix else None
    after = Stack(rng, suffix, letters, row) if suffix else None
    beside = rng.uniform(.05, .26) * row.height
    if before:
        left += before.width + max(2, beside)
    if after:
        right -= after.width + max(2, beside)
    places, used, gap = lay_out(rng, letters, text, row, right - left, kinds, emblem, fill)
    slack = right - left - used
    hug = before or after
    x0 = left + slack * (rng.uniform(.1, .9) if hug and not fill else .5 if slack < (row.right - row.left) * .2 or fill else rng.uniform(.3, .7))
    boxes = before.draw(mask, row.left if rng.random() < .6 else x0 - before.width - max(2, beside), lift) if before else []
    art_ink = ink if rng.random() < .5 else colour(rng, 0, 240)  # dark art as tall as a character must not pass for a hidden one
    for char, kind, x, width in places:
        if char is None:
            separator(rng, image, mask, lift, kind, x0 + x, width, row, ink if kind == "emblem" else art_ink, emblem)
            continue
        letters.draw(mask, char, (x0 + x) * MASK_SCALE, (row.top - lift) * MASK_SCALE, width * MASK_SCALE, row.height * MASK_SCALE)
        boxes.append((x0 + x, row.top, x0 + x + width, row.top + row.height))
    if after:
        boxes += after.draw(mask, (x0 + used if rng.random() < .6 else right) + max(2, beside), lift)
    band = slice(lift, lower)
    mask = cv2.resize(mask, (WIDTH, lower - lift), interpolation=cv2.INTER_AREA)
    stamp(rng, image[band], mask, ink, ground)
    span = min(b[0] for b in boxes), row.top, max(b[2] for b in boxes), row.top + row.height
    return Written(span, boxes, ink)


def stamp(rng, image, mask, ink, ground):
    """Inks the lettering, with the relief, swollen or worn paint and outlines that real dies leave."""
    weight = rng.random()
    if weight < .10:
        mask = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    elif weight < .18:
        mask = cv2.erode(mask, np.ones((2, 2), np.uint8))
    bare = rng.random() < .012  # embossed, ink gone: only the relief shows
    if bare or rng.random() < .5:
        light = rng.choice([-1, 1])
        blend(image, mask, 2 * light, 2, ground + rng.uniform(-60, -15) * (2.2 if bare else 1), .7)
        blend(image, mask, -light, -1, np.minimum(255, ground + 40), .6)
    if rng.random() < .05:
        blend(image, cv2.dilate(mask, np.ones((5, 5), np.uint8)), 0, 0, 255 - ink, .9)
    if rng.random() < .10:
        wear = soft_noise(rng, rng.randint(6, 24), rng.randint(12, 48), *mask.shape) < rng.uniform(1., 2.)
        mask = (mask * np.where(wear, 1., rng.uniform(.1, .6)).astype(np.float32)).astype(np.uint8)
    blend(image, mask, 0, 0, ink * .15 + ground * .8 if bare else ink, rng.uniform(.86, 1))
