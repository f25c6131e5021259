"""How a state's plate is described (`Layout`) and drawn (`draw`). The descriptions themselves stand in layouts_*.py and drawing/carolina.py.

All places and sizes are shares of the plate's width and height, from the upper left; colours are six hexadecimal digits.
"""
import random
from typing import Dict, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from drawing import emblems, fittings, grounds, registration, serials, strokefont
from drawing.canvas import HEIGHT, WIDTH, blend, colour, fitted, rgb


class Legend(NamedTuple):
    """A line of text around its middle (x, y); height and width bound it. A tuple of texts is a choice."""
    text: object
    y: float = .12
    height: float = .16
    width: float = .6
    x: float = .5
    face: Optional[str] = "block"  # a key of strokefont.MANNERS, None for any
    ink: str = "202020"
    edge: Optional[str] = None     # colour of an outline
    arch: float = 0.               # how far the middle stands above the ends, share of the text's height


class Emblem(NamedTuple):
    """What "*" in a serial stands for. height and width are shares of the characters' height."""
    name: str
    height: float = .6
    width: float = .6
    lower: float = 0.              # how far below the middle
    ink: Optional[object] = None   # BGR, None for the serial's ink
    under: bool = False            # wider than its gap, lying below the characters beside it
    stiff: bool = False            # as wide as it is, however narrow the characters beside it are


class Layout(NamedTuple):
    region: Optional[str]          # two letters, None for what is no state's
    ground: Tuple                  # steps of grounds.painted
    serials: Dict[str, float]      # formats (see serials) and their shares
    ink: str
    name: Optional[Legend]
    legends: Tuple = ()
    row: Tuple[float, float, float, float] = (.04, .96, .28, .76)  # left, right, top, bottom of the characters
    die: Optional[str] = None      # a key of dies.STYLES
    emblem: Optional[Emblem] = None
    stickers: str = "tl tr"        # corners that bear one
    weight: float = 1.
    county: float = 0.             # how often a county's name replaces the last legend
    own: bool = True               # whether personalised texts are issued on it
    fill: Tuple[float, float] = (.93, 1.)  # of the row, by a full text


class Drawn(NamedTuple):
    """A plate before anything was put on it."""
    image: np.ndarray
    prefix: str
    large: str
    suffix: str
    written: registration.Written
    region: Optional[str]
    name: Optional[registration.Box]


COUNTIES = ("ORANGE|LAKE|PINELLAS|JACKSON|CLARK|KENTON|FAYETTE|KNOX|MARION|SHELBY|DAVIDSON|HINDS|RANKIN|MADISON|POLK|SCOTT|LINN|JOHNSON|MARSHALL|DOUGLAS|"
            "CHATHAM|CLAYTON|COBB|FULTON|WARREN|BLOUNT|BOONE|HANCOCK|TATE|LEE|WAYNE|GREENE|MONROE|JEFFERSON|IN GOD WE TRUST|SUMTER|BIBB|HALL").split("|")

OWNERS = {"word": 4, "syllables": 3, "any": 1}  # personalised texts
COMMERCIAL = {"ADDDDDD": 2, "DDDDDD": 2, "AADDDDD": 2, "DDDDDAA": 1, "DDD DDD": 1, "AADDDD": 2, "DDDDDDA": 1, "ADD DDD": 1, "AA DDDD": 1, "DDDDDA": 1, "DDAADD": .5,
              "{tk}DDDDD": 1, "DDDDDD{trk}": .3, "{A}DDDDD": .6, "DDDD-A": .4, "{dlr}DDDD": .4, "DDDADD": .5}
MARKED = {"DDDDD": 3, "DDDD{AA}": 2, "AADDDD": 2, "ADDDD": 2, "DDDDA": 1, "DDDDDD": 1, "{AA}DDDD": 1, "DDDAA": 1, "DDDDAA": 1}
TRADES = "TRUCK|TRAILER|DEALER|COMMERCIAL|FARM|PERMANENT|APPORTIONED|LIVERY|GOVERNMENT|MUNICIPAL|TAXI|SEMI TRAILER|UTILITY TRAILER".split("|")

VARIANTS = 4  # backgrounds kept of each layout
_grounds = {}


def background(rng, layout):
    """A copy of one of the layout's backgrounds, which are the same in every run."""
    k = rng.randrange(VARIANTS)
    key = layout.ground, k
    if key not in _grounds:
        _grounds[key] = grounds.painted(random.Random(repr(key)), layout.ground)
    return _grounds[key].copy()


def arched(mask, rise):
    """A line of text on a bow."""
    h, w = mask.shape
    high = int(h * rise) + 1
    tall = np.zeros((h + high, w), np.uint8)
    tall[high:] = mask
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h + high, dtype=np.float32))
    return cv2.remap(tall, x, y + high * (1 - (2 * x / w - 1) ** 2), cv2.INTER_LINEAR)


def put_legend(rng, image, legend, shift=(0, 0)):
    """Writes a legend, moved by shift pixels; returns its box."""
    text = legend.text if isinstance(legend.text, str) else rng.choice(legend.text)
    mask = strokefont.legend(text, rng, legend.face)
    if legend.arch:
        mask = arched(mask, legend.arch * rng.uniform(.7, 1.2))
    mask = fitted(mask, legend.height * HEIGHT * rng.uniform(.92, 1.08),
                  legend.width * WIDTH * rng.uniform(.94, 1.04))
    x = int(legend.x * WIDTH - mask.shape[1] / 2 + shift[0])
    x = max(1, min(WIDTH - mask.shape[1] - 1, x))
    y = int(legend.y * HEIGHT - mask.shape[0] / 2 + shift[1])
    y = max(0, min(HEIGHT - mask.shape[0], y))
    if legend.edge:
        for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            blend(image, mask, x + dx, y + dy, rgb(legend.edge))
    blend(image, mask, x, y, rgb(legend.ink) + rng.uniform(-15, 15), rng.uniform(.85, 1))
    return x, y, x + mask.shape[1], y + mask.shape[0]


def upright_word(rng, image, row, ink):
    """A kind of vehicle in small letters from top to bottom at the right, B TRUCK or VETERAN: no part of the registration. Returns the
    width it takes, pixels."""
    word = rng.choice(("BTRUCK", "TRUCK", "TRAILER", "DEALER", "VETERAN", "DISABLED", "FARMER", "LIVERY"))
    letters, pitch = strokefont.lettering(rng), row.height / len(word)
    width = int(max(6, pitch * rng.uniform(.8, 1.2)))
    mask = np.zeros((int(row.height) + 2, width + 2), np.uint8)
    for i, char in enumerate(word):
        letters.draw(mask, char, 1, i * pitch + 1, width * (.4 if char == "I" else 1), pitch * .86)
    blend(image, mask, int(row.right - width), int(row.top), ink)
    return width + rng.uniform(3, 8)


def draw(rng, layout, cover, issue=None):
    """A plate of a layout, with background, legends, serial, stickers. issue is "standard", "owner" (personalised text), "trade"
    (trucks, trailers, dealers) or "marked" (a wheelchair or badge before the serial), by chance when None."""
    if issue is None:
        issue = rng.choices(("standard", "owner", "trade", "marked"), (80, 11 if layout.own else 0, 5, 4))[0]
    image = background(rng, layout)
    shift = rng.gauss(0, 2), rng.gauss(0, 1.2)
    size = rng.uniform(.95, 1.25)
    name = put_legend(rng, image, layout.name._replace(height=layout.name.height * size, width=layout.name.width * size), shift) if layout.name else None
    for i, legend in enumerate(layout.legends):
        if i == len(layout.legends) - 1:
            if issue == "trade":
                legend = legend._replace(text=rng.choice(TRADES), face=rng.choice(("block", "condensed", "die")), height=max(.09, legend.height))
            elif layout.county and rng.random() < layout.county:
                legend = legend._replace(text=rng.choice(COUNTIES))
        put_legend(rng, image, legend, shift)
    left, right, top, bottom = layout.row
    row = registration.Row(left * WIDTH + rng.uniform(-2, 2), right * WIDTH + rng.uniform(-2, 2), top * HEIGHT + rng.uniform(-2, 2) + shift[1],
                           (bottom - top) * HEIGHT * rng.uniform(.95, 1.04))
    formats = {"standard": layout.serials, "owner": OWNERS, "trade": COMMERCIAL, "marked": MARKED}[issue]
    prefix, middle, suffix = serials.split(serials.random_text(rng, formats))
    ink = rgb(layout.ink) + rng.uniform(-20, 14) + colour(rng, -6, 6)
    emblem = layout.emblem
    if issue == "owner" and emblem and emblem.under and rng.random() < .8:  # the picture lies below the owner's text
        emblems.paint(rng, image, emblem.name, WIDTH * .5, row.top + row.height * (.5 + emblem.lower), row.height * emblem.height, ink)
    if issue == "owner" and " " in middle and not emblem and rng.random() < .3:  # a heart or the like between the owner's words
        emblem = Emblem(rng.choice(("heart", "heart", "star", "any")), rng.uniform(.5, .9), rng.uniform(.5, .9), ink=colour(rng, 0, 200))
        middle = middle.replace(" ", "*")
    elif issue == "owner" and rng.random() < .1:
        middle = middle.replace(" ", rng.choice("-."))
    if issue in ("standard", "trade") and rng.random() < .025:
        row = row._replace(right=row.right - upright_word(rng, image, row, ink))
    if issue == "owner" and emblem and emblem.name == "rider" and rng.random() < .8:  # before the owner's text, for it has the text's own ink
        width = row.height * rng.uniform(.7, .95)
        emblems.paint(rng, image, "rider", row.left + width / 2, row.top + row.height / 2, row.height * emblem.height, ink, width)
        row = row._replace(left=row.left + width + rng.uniform(1, 5))
    if issue == "marked":
        width = row.height * rng.uniform(.45, .7)
        emblems.paint(rng, image, "wheelchair" if rng.random() < .5 else "any", row.left + width / 2, row.top + row.height / 2, row.height * rng.uniform(.5, 1),
                      ink if rng.random() < .6 else colour(rng, 0, 200), width)
        row = row._replace(left=row.left + width + rng.uniform(-1, 6))
    letters = strokefont.lettering(rng, style=layout.die if rng.random() < .8 else None)
    written = registration.write(rng, image, row, middle, prefix, suffix, ink, None, letters, emblem, layout.fill)
    for corner in layout.stickers.split():
        if rng.random() < .75:
            fittings.sticker_at(rng, image, corner, cover)
    return Drawn(image, prefix, "".join(c for c in middle if c.isalnum()), suffix, written, layout.region, name)
