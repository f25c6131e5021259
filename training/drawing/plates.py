"""Rendered US plates: `render(rng)` draws one, flat and clean, with its text.

    python3 -m drawing.plates [--region NC] [SEED [FILE]]      writes a contact sheet

The text on a plate is random; nothing here is a photograph. Where things are: a state's layouts in layouts_*.py by the state's name, North
Carolina's in drawing/carolina.py, Canada's and Mexico's in drawing/layouts_neighbours.py; clubs', motorcycles', paper and invented plates in drawing/specialty.py; the characters' shapes in drawing/dies.py, how
they are set in drawing/registration.py, formats of serials in drawing/serials.py; pictures in drawing/emblems.py, backgrounds in drawing/grounds.py, and what is put on a
plate or lies before it in drawing/fittings.py.
"""
import argparse
import random
from typing import List, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from drawing import carolina, fittings, layouts, layouts_a_to_h, layouts_i_to_m, layouts_n_to_o, layouts_neighbours
from drawing import layouts_p_to_w, specialty
from drawing.canvas import HEIGHT, WIDTH, colour, shade

Box = Tuple[float, float, float, float]  # left, top, right, bottom, plate pixels


class Plate(NamedTuple):
    image: np.ndarray             # HEIGHT×WIDTH×3 uint8, BGR
    text: str                     # A–Z and 0–9 in reading order, small characters included
    small: List[int]              # positions in text of small stacked characters
    span: Box                     # of the registration
    kind: str                     # a key of KINDS
    region: Optional[str] = None  # two capital letters of the state whose name or design it bears; None where it bears none
    name: Optional[Box] = None    # where the state's name stands; None when absent
    name_readable: bool = False   # whether that name lies open: nothing over a quarter of it
    hidden: List[int] = []        # positions in text where something covers about half of the character or more
    boxes: List[Box] = []         # of each character in text


LAYOUTS = layouts_a_to_h.LAYOUTS + layouts_i_to_m.LAYOUTS + layouts_n_to_o.LAYOUTS + layouts_p_to_w.LAYOUTS
BY_REGION = {}
for _layout in LAYOUTS + carolina.LAYOUTS:
    BY_REGION.setdefault(_layout.region, []).append(_layout)

# Shares of the families: North Carolina's a quarter, layouts of all states nearly half.
KINDS = {"nc": 14, "nc-special": 8, "state": 42, "club": 11, "motorcycle": 4, "paper": 3, "neighbour": 5, "invented": 14}
HIDDEN = .45  # share of a character's box that must be covered for it to count as unreadable


def a_layout(rng, region=None):
    """A standard layout: of the region, or of any state but North Carolina, all states alike but for the layouts' weights."""
    among = BY_REGION[region] if region else LAYOUTS
    if not region and rng.random() < .5:  # half of all plates give every state the same chance
        among = BY_REGION[rng.choice(tuple(BY_REGION))]
    return rng.choices(among, [layout.weight for layout in among])[0]


def drawn(rng, kind, region, cover):
    if kind == "nc":
        layout = a_layout(rng, "NC")
        plate = layouts.draw(rng, layout, cover)
        return plate
    if kind == "nc-special":
        return carolina.special(rng, cover)
    if kind == "paper":
        return specialty.paper(rng, region or rng.choice(["NC"] + list(BY_REGION)), cover)
    if kind == "neighbour":
        among = layouts_neighbours.LAYOUTS
        return layouts.draw(rng, rng.choices(among, [layout.weight for layout in among])[0], cover)
    if kind == "invented":
        return specialty.invented(rng, cover)
    return {"state": layouts.draw, "club": specialty.club, "motorcycle": specialty.motorcycle}[kind](rng, a_layout(rng, region), cover)


def render(rng, kind=None, region=None):
    """Draws a random plate. rng is a random.Random; kind fixes the family (a key of KINDS), region the state."""
    if kind is None:
        shares = KINDS if not region else {"state": 60, "club": 25, "motorcycle": 8, "paper": 7}
        if region == "NC":
            shares = {"nc": 14, "nc-special": 9, "motorcycle": 1, "paper": 1}
        kind = rng.choices(list(shares), list(shares.values()))[0]
    cover = fittings.Cover()
    plate = drawn(rng, kind, region, cover)
    image, written = plate.image, plate.written
    if rng.random() < .5:
        fittings.weather(rng, image, cover)
    if rng.random() < .6:
        fittings.bolts(rng, image)
    if rng.random() < .3:
        cv2.rectangle(image, (1, 1), (WIDTH - 2, HEIGHT - 2), shade(colour(rng, 20, 200)), rng.randint(1, 3))
    if rng.random() < .2:
        fittings.frame(rng, image, written.span[1], written.span[3], cover)
    fittings.obstruct(rng, image, written.span, written.boxes, cover)
    text = plate.prefix + plate.large + plate.suffix
    small = list(range(len(plate.prefix))) + list(range(len(text) - len(plate.suffix), len(text)))
    hidden = [i for i, box in enumerate(written.boxes) if cover.share(box) > HIDDEN]
    readable = plate.name is not None and cover.share(plate.name) < .25
    return Plate(image, text, small, written.span, kind, plate.region, plate.name, readable, hidden, written.boxes)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("file", nargs="?", default="plates.png")
    parser.add_argument("--region", help="two letters: only this state's plates")
    parser.add_argument("--kind", choices=list(KINDS))
    a = parser.parse_args()
    rng = random.Random(a.seed)
    sheet = [render(rng, a.kind, a.region and a.region.upper()).image for _ in range(72)]
    cv2.imwrite(a.file, np.vstack([np.hstack(sheet[i:i + 8]) for i in range(0, 72, 8)]))


if __name__ == "__main__":
    main()
