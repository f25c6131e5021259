"""Renders training pictures for the state reader from whole plates (drawing/plates.py), as state/bands.py does from bands: with the ground, the
stickers, bolts, frames and large characters of the state's own layout around its name, and mostly as small as a camera on a pole sees it.

    python3 -m state.plates OUT --seed 1 --shards 20
    python3 -m state.plates --sheet FILE.png

Writes what state/bands.py writes. Every line that a plate bears is labelled but those in Debian's smallest print and those that a
sticker or a frame hides.
"""
import argparse
import math
import random

import cv2
import numpy as np
from PIL import ImageFont

from camera import degrade
from drawing import carolina, fittings, layouts, plates, specialty
from state import bands as state_bands
from state import names as state_names
from state.bands import CANVAS_H, CANVAS_W, LOOKS, Line, sign

KINDS = {"state": 55, "nc": 12, "nc-special": 5, "club": 14, "invented": 10, "motorcycle": 2, "paper": 2}
OPEN = .25   # share of a line that may lie hidden
ADVANCES = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"

_advances, _written = [], []


def noting(put):
    """put_legend that notes what it wrote, and where."""
    def noted(rng, image, legend, shift=(0, 0)):
        if not isinstance(legend.text, str):
            legend = legend._replace(text=rng.choice(legend.text))
        box = put(rng, image, legend, shift)
        _written.append((legend.text, box))
        return box
    return noted


layouts.put_legend = carolina.put_legend = specialty.put_legend = noting(layouts.put_legend)


def middles(text, width):
    """[(class, middle)] of a line's characters, pixels: about where any face sets them."""
    if not _advances:
        _advances.append(ImageFont.truetype(ADVANCES, 36))
    advances = [_advances[0].getlength(c) for c in text]
    scale, x, out = width / max(1., sum(advances)), 0., []
    for char, advance in zip(text, advances):
        out.append((sign(char), (x + advance / 2) * scale))
        x += advance
    return [m for m in out if m[0] is not None]


def plate(rng):
    """A flat grey plate, float32 CANVAS_H×CANVAS_W, and its lines; None where its registration can't be told from the ground."""
    del _written[:]
    cover = fittings.Cover()
    drawn = plates.drawn(rng, rng.choices(list(KINDS), list(KINDS.values()))[0], None, cover)
    image, span = drawn.image, drawn.written.span
    if rng.random() < .4:
        fittings.weather(rng, image, cover)
    if rng.random() < .6:
        fittings.bolts(rng, image)
    if rng.random() < .3:
        cv2.rectangle(image, (1, 1), (plates.WIDTH - 2, plates.HEIGHT - 2), plates.shade(plates.colour(rng, 20, 200)), rng.randint(1, 3))
    if rng.random() < .2:
        fittings.frame(rng, image, span[1], span[3], cover)
    grey = degrade.grey_look(rng, image, span)
    if grey is None:
        return None
    lines = []
    k = CANVAS_W / plates.WIDTH
    for text, (left, top, right, bottom) in _written:
        said = state_names.plain(text)
        if not said or cover.share((left, top, right, bottom)) > OPEN:
            continue
        name = drawn.name is not None and (left, top, right, bottom) == tuple(drawn.name)
        lines.append(Line(said, name, left * k, top * k, (right - left) * k, (bottom - top) * k, (bottom - top) * k * .85,
                          [(c, left * k + x) for c, x in middles(text, (right - left) * k)]))
    return cv2.resize(grey, (CANVAS_W, CANVAS_H), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.float32), lines


def plate_width(rng):
    """Width of the plate in the picture, pixels: 50–230, most below 130."""
    low, high = (50, 130) if rng.random() < .7 else (110, 230)
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def shard(rng, count=state_bands.SHARD):
    x = np.zeros((count, 2 * state_bands.BAND_HEIGHT, state_bands.WIDTH), np.uint8)
    y = np.full((count, 2, state_bands.LONGEST + state_bands.COLUMNS), state_bands.EMPTY, np.uint8)
    order = list(range(count))
    rng.shuffle(order)
    i = 0
    while i < count:
        made = plate(rng)
        for _ in range(LOOKS if made else 0):
            if i < count:
                x[order[i]], y[order[i]] = state_bands.look(rng, *made, width=plate_width(rng))
                i += 1
    return x, y


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shards", type=int, default=20)
    parser.add_argument("--sheet", help="write examples as a picture instead")
    a = parser.parse_args()
    cv2.setNumThreads(1)
    if a.sheet:
        rng = random.Random(a.seed)
        made = [m for m in (plate(rng) for _ in range(70)) if m][:60]
        return state_bands.draw_sheet(a.sheet, [state_bands.look(rng, *m, width=plate_width(rng)) for m in made])
    state_bands.write_shards(a.out, a.seed, a.shards, shard)


if __name__ == "__main__":
    main()
