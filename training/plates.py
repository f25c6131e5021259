"""Rendered US plates: `render(rng)` draws one, flat and clean, with its text.

North Carolina comes first (a quarter of all plates): standard AAA-DDDD with its three mottoes in blue or red dies, and
specialty plates with a picture on the left and small stacked letters at the end. The rest imitate the layouts of the other
jurisdictions by parts rather than by copies: backgrounds, bands, names and mottoes, art between or beside the characters,
stacks, stickers, bolts, dealer frames. The text on a plate is random; nothing here is a photograph.
"""
import math
import random
from typing import List, NamedTuple, Optional, Tuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

import strokefont

WIDTH, HEIGHT = 256, 128
MASK_SCALE = 2  # lettering is drawn at twice the size, then averaged down


class Plate(NamedTuple):
    image: np.ndarray                        # HEIGHT×WIDTH×3 uint8, BGR
    text: str                                # A–Z and 0–9 in reading order, small characters included
    small: List[int]                         # positions in text of small stacked characters
    span: Tuple[float, float, float, float]  # left, top, right, bottom of the registration, pixels
    kind: str                                # "nc", "nc-special" or "general"
    region: Optional[str] = None             # two capital letters of the state whose name or design it bears; None where it bears none
    name: Optional[Tuple[float, float, float, float]] = None  # where the state's name stands, like span; None when absent
    name_readable: bool = False              # whether that name lies open, no frame or sticker over a quarter of it
    hidden: List[int] = []                   # positions in text where something covers about half of the character or more


# Serial patterns: A letter, D digit, blank or - separator. Weights follow how common a pattern is over all states.
PATTERNS = {
    "AAA DDDD": 9, "AAA-DDDD": 6, "AAA DDD": 9, "DDD AAA": 9, "DAAADDD": 13, "AAADDDD": 3, "AAA DDA": 1.5, "AAD DDA": 1.5,
    "AAD DDDA": 1, "DAA DDD": 2, "AA DDDDD": 3, "AADDDDD": 1.5, "DDDDDAA": 1.5, "DDDDAA": 2, "DDDD AA": 3, "AA DDDD": 4,
    "AA-DDDD": 2, "AA-DDD": 3, "DD ADDD": .7, "A DDDDDD": 2, "ADDDDDD": 2, "ADD DDDD": 2, "DDD DDDD": 2, "AAADDAD": .7,
    "DA ADDDD": 1, "DA AADDD": 1, "DA DDDDD": 1, "DAA ADD": 1, "ADDDDD": 1.5, "DDDDDD": 3, "DDD DDD": 3, "DDDDDDD": 2,
    "DDDDD": 4, "DDDD": 4, "DDD": 1, "DD": .3, "D": .3, "AADDD": 2, "DDDDA": 1.5, "DDDDDA": 1.5, "DDAADD": .7, "DDADAD": .4,
    "D-ADDDD": 1, "DD-DDDA": .7, "D-DDDDDA": .7, "DDDAAD": .7, "AADDAD": .5, "DD AADD": 1.2, "DDD-AAA": 2, "AAA-DDD": 2,
    "DDDADDD": 1, "DADDDDA": 1, "DDDDAAD": .5, "AADAAAA": .6, "AADADA": .5, "word": 13, "syllables": 6, "any": 7,
}
# Letters that serials use; I, O and Q are rare there since they look like digits.
SERIAL_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ" * 6 + "OQQI" * 2
WORDS = (
    "GO BIG MY LUV LOVE DOG CAT FLY RUN SKI SURF GOLF BOAT FISH HUNT JEEP TRUCK MOM DAD NANA PAPA BABE KING QUEEN BOSS CHEF DOC "
    "LAW COP ARMY NAVY USA ROCK JAZZ BLUES MUSIC HAPPY LUCKY CRAZY WILD FREE FAST SLOW RED BLUE GREEN PINK BLACK WHITE GOLD STAR "
    "SUN MOON SKY SEA LAKE RIVER BEACH HILL FOX WOLF BEAR EAGLE HAWK TIGER LION PANDA KIDS TOY HOT COOL ICE FIRE ZOOM VROOM GEEK "
    "NERD CODE HACK DATA SOFT WARE BOOK READ TEACH COACH NURSE VET PILOT CAPT MAJ SGT GR8 L8R 4U 2U B4 ME YOU US WE I IM ITS THE "
    "OF IN ON TO BE AND NO YES XOXO COUNTRY CITY TOWN HOME QUILT QUICK IRIS INDIGO OLIVE OTTER OPAL UNIQUE").split()

STATE_NAMES = (
    "Alaska|Alabama|Arkansas|Arizona|California|Colorado|Connecticut|Washington, D.C.|Delaware|Florida|Georgia|Hawaii|Iowa|Idaho|"
    "Illinois|Indiana|Kansas|Kentucky|Louisiana|Massachusetts|Maryland|Maine|Michigan|Minnesota|Missouri|Mississippi|Montana|"
    "North Carolina|North Dakota|Nebraska|New Hampshire|New Jersey|New Mexico|Nevada|New York|Ohio|Oklahoma|Oregon|Pennsylvania|"
    "Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Virginia|Vermont|Washington|Wisconsin|West Virginia|Wyoming"
).split("|")
STATE_CODES = ("AK AL AR AZ CA CO CT DC DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ NM NV NY OH OK OR PA RI SC SD "
               "TN TX UT VA VT WA WI WV WY").split()
MOTTOES = (
    "Grand Canyon State|The Natural State|Constitution State|The First State|Aloha State|Famous Potatoes|Land of Lincoln|"
    "Sportsman's Paradise|Vacationland|Great Lakes Splendor|10,000 lakes|Garden State|Land of Enchantment|Empire State|"
    "Native America|Ocean State|Smiling Faces|Volunteer State|Green Mountain State|Evergreen State|Wild, Wonderful|"
    "America's Dairyland|The Silver State|Discover the Spirit|Life Elevated|Live Free or Die|Keystone State|In God We Trust|"
    "Heart of Dixie|FAYETTE|KNOX|HINDS|MARION|www.state.us|Sunshine State|Dealer|Permanent|Truck|Disabled Veteran|Firefighter|"
    "National Guard|Purple Heart|Wildlife|Support Education|Centennial 1912-2012").split("|")
NC_MOTTOES = ["First in Flight", "First in Flight", "First in Freedom", "In God We Trust"]
NC_CLUBS = ["Friends of the Smokies", "Wildlife", "UNC", "NCSU", "ECU", "App State", "Firefighter", "Veteran", "I Care", "Parkway",
            "Coastal Land Trust", "Horse Council", "Ducks Unlimited", "Cancer Research", "Lighthouse", "First in Flight"]
NC_WORDS = ["ANTIQUE AUTO", "COAST GUARD RESERVE", "NAVAL RESERVE", "FIRE FIGHTER", "IRAQ VETERAN", "AIR MEDAL", "NATIONAL GUARD RETIRED",
            "DISTINGUISHED SERVICE CROSS", "US AIR FORCE", "GOLD STAR", "SILVER STAR", "GUARDIAN OF THE ATLANTIC"]
FRAME_TEXTS = ["CITY MOTORS", "VALLEY AUTO", "MOTORS OF TOWN", "motors.example", "CROSSWAY CARS", "919 555 0123", "(704) 555-0100",
               "CAPITAL", "MOVING FORWARD", "ALUMNI", "RIVER MOTORS", "HONDA OF TOWN", "UNIVERSITY", "I LOVE MY DOG"]
STICKER_TEXTS = ["26", "12", "25", "7", "JAN", "MAR", "02", "8", "OCT", "09", "AUG", "SEP", "97", "04", "JUN", "DEC", "24", "MAY", "5-08"]
SYMBOLS = "♿♿♿★☀♥⚓✈☘♣♠♞♘☼✿❀✶✦❖☮♻⚑☂✚✝♕♜⚜☸✪❄"

# Ink colours, BGR.
INKS = [(150, 60, 20), (120, 40, 10), (20, 20, 20), (30, 30, 30), (40, 20, 150), (30, 25, 180), (60, 90, 20), (40, 80, 10),
        (100, 30, 60), (60, 50, 50), (140, 80, 40), (90, 40, 20)]
NC_BLUE, NC_RED = (125, 60, 30), (45, 35, 170)

_pool = np.random.RandomState(7).standard_normal(1 << 20).astype(np.float32)


def noise(rng, *shape):
    """Standard normal values of the given shape, cut from a fixed pool: much faster than drawing them."""
    n = int(np.prod(shape))
    start = rng.randrange(len(_pool) - n)
    return _pool[start:start + n].reshape(shape)


def soft_noise(rng, coarse_h, coarse_w, h=HEIGHT, w=WIDTH):
    """Smooth random field, about standard normal, h×w float32."""
    return cv2.resize(noise(rng, coarse_h, coarse_w), (w, h), interpolation=cv2.INTER_LINEAR)


def colour(rng, low, high):
    return np.array([rng.uniform(low, high) for _ in range(3)], np.float32)


def shade(values):
    return tuple(int(min(255, max(0, v))) for v in values)


def contrasting(rng, ground):
    """A random ink that can be read on the ground colour."""
    for _ in range(4):
        ink = colour(rng, 0, 255) if rng.random() < .4 else np.array(rng.choice(INKS), np.float32)
        if abs(ink.mean() - np.mean(ground)) > 70:
            return ink
    return np.full(3, 15 if np.mean(ground) > 120 else 245, np.float32)


def blend(image, mask, x, y, ink, opacity=1.):
    """Paints ink through a uint8 mask whose upper left corner stands at (x, y); what lies outside is cut."""
    h, w = mask.shape
    x0, y0, x1, y1 = max(0, x), max(0, y), min(image.shape[1], x + w), min(image.shape[0], y + h)
    if x1 <= x0 or y1 <= y0:
        return
    part = mask[y0 - y:y1 - y, x0 - x:x1 - x].astype(np.float32)[..., None] * (opacity / 255)
    place = image[y0:y1, x0:x1]
    ink = np.minimum(255, np.maximum(0, np.asarray(ink, np.float32)))
    np.add(place, (ink - place) * part, out=place, casting="unsafe")


def fitted(mask, height, max_width):
    scale = min(height / mask.shape[0], max_width / mask.shape[1])
    return cv2.resize(mask, (max(2, int(mask.shape[1] * scale)), max(2, int(mask.shape[0] * scale))),
                      interpolation=cv2.INTER_AREA)


def random_text(rng):
    """A registration's large characters with separators, for example "ABC-1234"."""
    pattern = rng.choices(list(PATTERNS), list(PATTERNS.values()))[0]
    if pattern == "word":
        text = rng.choice(WORDS) + rng.choice(["", "", " "]) + rng.choice(WORDS + [""] * 30)
        return (text + rng.choice(["", "", "", str(rng.randint(1, 99))]))[:rng.choice([7, 7, 7, 8])].strip()
    if pattern == "syllables":
        consonants, vowels = "BCDFGHJKLMNPRSTVWZ" * 2 + "QXY", "AAEEIOOUY"
        text = "".join(rng.choice(consonants) + rng.choice(vowels) + (rng.choice(consonants) if rng.random() < .4 else "")
                       for _ in range(4))
        return text[rng.randint(0, 1):][:rng.randint(4, 8)]
    if pattern == "any":
        return "".join(rng.choice(strokefont.CHARACTERS) for _ in range(rng.randint(2, 8)))
    return with_repeats(rng, fill(rng, pattern))


def fill(rng, pattern):
    letters = strokefont.LETTERS if rng.random() < .2 else SERIAL_LETTERS
    return "".join(rng.choice(letters) if c == "A" else rng.choice(strokefont.DIGITS) if c == "D" else c for c in pattern)


def with_repeats(rng, text):
    """Doubles some characters: runs such as 8000 are what a column reader merges, so they are drawn more often than by chance."""
    for _ in range(rng.choice([0, 0, 1, 3])):
        if len(text) > 1:
            i = rng.randrange(len(text) - 1)
            a, b = text[i], text[i + 1]
            if a.isalnum() and b.isalnum() and a.isalpha() == b.isalpha():
                text = text[:i + 1] + a + text[i + 2:]
    return text


_symbols = {}


def symbol(rng):
    """A pictogram as a uint8 mask, about 100 pixels."""
    if rng.random() < .5:
        return figure(rng, 96)
    char = rng.choice(SYMBOLS)
    if char not in _symbols:
        font = ImageFont.truetype(strokefont.FONT_ROOT + "/truetype/dejavu/DejaVuSans.ttf", 100)
        left, top, right, bottom = font.getbbox(char)
        image = Image.new("L", (right - left + 4, bottom - top + 4), 0)
        ImageDraw.Draw(image).text((2 - left, 2 - top), char, font=font, fill=255)
        _symbols[char] = np.array(image)
    return _symbols[char]


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


# -- backgrounds -------------------------------------------------------------------------------------------------------

def background(rng):
    base = colour(rng, 150, 255) if rng.random() < .78 else colour(rng, 10, 140)
    if rng.random() < .3:
        base[:] = base.mean()
    ground = np.empty((HEIGHT, WIDTH, 3), np.float32)
    ground[:] = base
    if rng.random() < .6:
        knots = np.linspace(0, HEIGHT, 4)
        for k in range(3):
            ground[..., k] += np.interp(np.arange(HEIGHT), knots, [rng.uniform(-60, 40) for _ in range(4)])[:, None]
    if rng.random() < .35:
        ground += soft_noise(rng, rng.randint(3, 14), rng.randint(4, 28))[..., None] * colour(rng, 4, 25)
    image = np.clip(ground, 0, 255).astype(np.uint8)
    for _ in range(rng.choice([0, 0, 1, 3])):
        cv2.ellipse(image, (rng.randint(0, WIDTH), rng.randint(0, HEIGHT)), (rng.randint(8, 70), rng.randint(5, 40)),
                    rng.randint(0, 180), 0, 360, shade(base + colour(rng, -80, 40)), rng.choice([-1, -1, 2]))
    if rng.random() < .22:
        hills(rng, image, base)
    if rng.random() < .25:
        image[:rng.randint(14, 34)] = colour(rng, 0, 255)
    if rng.random() < .25:
        image[HEIGHT - rng.randint(14, 30):] = colour(rng, 0, 255)
    return image


def hills(rng, image, base):
    """A skyline across the plate, behind the characters."""
    level, points = rng.uniform(.3, .95) * HEIGHT, [(0, HEIGHT)]
    for x in range(0, WIDTH + 33, 32):
        points.append((x, int(level + rng.uniform(-16, 16))))
    cv2.fillPoly(image, [np.array(points + [(WIDTH, HEIGHT)], np.int32)], shade(base + colour(rng, -110, 10)))


def carolina_background(rng):
    """White reflective sheeting, usually with the faint blue scene of the standard plate: dunes and grass below."""
    image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    paper = rng.uniform(185, 250)
    image[:] = (paper, paper - rng.uniform(0, 8), paper - rng.uniform(0, 16))
    if rng.random() < .75:
        tint = np.interp(np.arange(HEIGHT), [0, 40, 90, HEIGHT], [rng.uniform(-25, 0), 0, rng.uniform(-20, 0), rng.uniform(-60, -5)])
        image[:] = np.clip(image + tint[:, None, None] * np.array([.3, .8, 1]), 0, 255)
        for _ in range(14):
            x, v = rng.randint(0, WIDTH), paper - rng.uniform(5, 50)
            cv2.line(image, (x, HEIGHT), (x + rng.randint(-16, 16), HEIGHT - rng.randint(8, 48)), shade((v + 20, v, v)), 1, cv2.LINE_AA)
        if rng.random() < .6:  # the flyer: two wings and struts
            x, y, v = rng.randint(40, 200), rng.randint(24, 46), paper - rng.uniform(15, 60)
            for dy in (0, 9):
                cv2.line(image, (x - 30, y + dy), (x + 30, y + dy - 4), shade((v + 20, v, v)), 2, cv2.LINE_AA)
            for dx in (-20, 0, 20):
                cv2.line(image, (x + dx, y - 2), (x + dx, y + 8), shade((v + 20, v, v)), 1, cv2.LINE_AA)
    return image


def legend_line(rng, image, text, height, top, ink=None, offset=None):
    """Writes a legend; top is the upper edge in pixels, or, when negative, minus the gap below it."""
    mask = fitted(strokefont.legend(text, rng), height, WIDTH * rng.uniform(.5, .88))
    x = (WIDTH - mask.shape[1]) // 2 + int(rng.gauss(0, 8) if offset is None else offset)
    x = max(0, min(WIDTH - mask.shape[1] - 1, x))
    y = top if top >= 0 else HEIGHT - mask.shape[0] + top
    if ink is None:
        place = image[max(0, y):y + mask.shape[0], x:x + mask.shape[1]]
        ink = contrasting(rng, place.mean((0, 1)))
    blend(image, mask, x, y, ink, rng.uniform(.75, 1))
    return x, y, x + mask.shape[1], y + mask.shape[0]


def general_legends(rng, image):
    """Writes a state's name and a motto; returns the state's code and the place of its name."""
    k, motto = rng.randrange(len(STATE_CODES)), rng.choice(MOTTOES)
    name = STATE_NAMES[k]
    name = name.upper() if rng.random() < .6 else name
    motto = motto.upper() if rng.random() < .4 else motto
    name_above = rng.random() < .82
    box = legend_line(rng, image, name, rng.randint(15, 28), rng.randint(2, 8) if name_above else -rng.randint(2, 8))
    if rng.random() < .88:
        legend_line(rng, image, motto, rng.randint(8, 20), -rng.randint(2, 8) if name_above else rng.randint(2, 8))
    return STATE_CODES[k], box


# -- the registration --------------------------------------------------------------------------------------------------

class Row(NamedTuple):
    """Where the registration may stand, pixels."""
    left: float
    right: float
    top: float
    height: float


def stack_chars(rng):
    count = rng.choices([1, 2, 3], [1, 8, 2.5])[0]
    if rng.random() < .75:
        return "".join(rng.choice(strokefont.LETTERS) for _ in range(count))
    return "".join(rng.choice(strokefont.CHARACTERS) for _ in range(count))


def stack_size(letters, chars, row, rng):
    """Width and height of one small character, plate pixels."""
    height = row.height * {1: rng.uniform(.4, .62), 2: rng.uniform(.40, .53), 3: rng.uniform(.27, .34)}[len(chars)]
    return min(height * max(letters.width(c) for c in chars) * rng.uniform(.75, 1.15), row.height * .42), height


def draw_stack(letters, mask, chars, left, row, rng, size):
    """Draws small characters above each other from the left edge given; often with dies of their own."""
    if rng.random() < .5:
        letters = strokefont.lettering(rng)
    width, height = size
    beyond = row.height * max(0, rng.uniform(-.15, .15)) if len(chars) > 1 else 0  # many stacks are taller than the large characters
    row = row._replace(top=row.top - beyond, height=row.height + 2 * beyond)
    pitch = (row.height - height) / max(1, len(chars) - 1)
    start = row.top if len(chars) > 1 or rng.random() < .5 else row.top + (row.height - height) * rng.choice([.5, 1])
    for i, char in enumerate(chars):
        own = min(width, max(letters.width(char) * height, width * .3)) if char in "1I" else width
        letters.draw(mask, char, (left + (width - own) / 2) * MASK_SCALE, (start + i * pitch) * MASK_SCALE, own * MASK_SCALE,
                     height * MASK_SCALE)


def separator(rng, image, mask, kind, x, width, row, art_ink):
    """Draws what stands between two groups: a dash, dot or picture; blank draws nothing."""
    middle, cx = row.top + row.height / 2, x + width / 2
    if kind == "dash":
        half, thick = min(width / 2, row.height * .1) * rng.uniform(.7, 1.1), row.height * rng.uniform(.035, .075)
        cv2.rectangle(mask, (int((cx - half) * MASK_SCALE), int((middle - thick) * MASK_SCALE)),
                      (int((cx + half) * MASK_SCALE), int((middle + thick) * MASK_SCALE)), 255, -1)
    elif kind == "dot":
        cv2.circle(mask, (int(cx * MASK_SCALE), int(middle * MASK_SCALE)), int(row.height * .07 * MASK_SCALE), 255, -1, cv2.LINE_AA)
    elif kind == "sticker":
        w, h = int(min(width, row.height * .5)), int(row.height * rng.uniform(.4, .8))
        if w > 8 and h > 12:
            sticker(rng, image, int(cx - w / 2), int(middle - h / 2), w, h)
    elif kind == "art":
        emblem = symbol(rng)
        height = int(row.height * (rng.uniform(.35, .7) if rng.random() < .4 else rng.uniform(.7, 1.4)))
        w = max(5, int(min(width * 1.1, height * emblem.shape[1] / emblem.shape[0])))
        emblem = cv2.resize(emblem, (w, height), interpolation=cv2.INTER_AREA)
        blend(image, emblem, int(cx - w / 2), int(middle - height / 2), art_ink)


def registration(rng, image, row, text, prefix="", suffix="", ink=None, separators=None, letters=None):
    """Draws small prefix, large text and small suffix into the row. Returns the span and the ink."""
    letters = letters or strokefont.lettering(rng)
    ground = image[int(max(0, row.top)):int(row.top + row.height), int(row.left):int(row.right)].reshape(-1, 3).mean(0)
    if ink is None:
        ink = np.array(rng.choice(INKS), np.float32) + colour(rng, -15, 25)
        if ground.mean() < 110 or rng.random() < .04:
            ink = colour(rng, 200, 255)
    ink = np.asarray(ink, np.float32)
    if abs(ink - ground).sum() < 150:
        ink = np.full(3, 20. if ground.mean() > 110 else 240.)
    mask = np.zeros((HEIGHT * MASK_SCALE, WIDTH * MASK_SCALE), np.uint8)
    left, right = row.left, row.right
    gap = rng.uniform(.05, .26) * row.height
    span_left, span_right = None, None
    if prefix:
        size = stack_size(letters, prefix, row, rng)
        draw_stack(letters, mask, prefix, left, row, rng, size)
        span_left = left
        left += size[0] + max(2, gap * rng.uniform(.5, 1.4))
    if suffix:
        size = stack_size(letters, suffix, row, rng)
        suffix_gap = max(2, gap * rng.uniform(.5, 1.4))
        right -= size[0] + suffix_gap
    kind = rng.choice(separators or ["dash", "dash", "space", "space", "none", "art", "art", "art", "dot", "dot", "sticker"])
    stretch = rng.choice([1, 1, 1.6, 2.6]) if kind in ("art", "space") else 1.
    monospaced = rng.random() < .4
    cell = max(letters.width(c) for c in "MH0") * row.height
    pieces, total = [], 0.
    for char in text:
        if char in "- ":
            advance = {"dash": .36, "space": .32, "none": .05, "art": .62, "dot": .3, "sticker": .5}[kind] * row.height * rng.uniform(.6, 1.3) * stretch
            pieces.append((None, advance, advance))
            total += advance + gap * .4
        else:
            width = letters.width(char) * row.height
            advance = max(width, cell * .8) if monospaced else width
            pieces.append((char, width, advance))
            total += advance + gap
    total -= gap
    room, count = right - left, sum(c is not None for c, _, _ in pieces)
    target = room * (rng.uniform(.86, .99) if count >= 6 else rng.uniform(.5, .97))
    squeeze = max(.33, target / total if total > target else min(1.3, target / total) * rng.uniform(.85, 1))
    used = total * squeeze
    if used > room:
        squeeze *= room / used
        used = room
    slack = room - used
    hug = prefix or suffix
    x = left + slack * (.5 if not hug and slack < room * .2 else rng.uniform(.1, .9) if hug else rng.uniform(.3, .7))
    if span_left is None:
        span_left = x
    art_ink = ink if rng.random() < .3 else colour(rng, 0, 240)
    for char, width, advance in pieces:
        if char is None:
            separator(rng, image, mask, kind, x, advance * squeeze, row, art_ink)
            x += (advance + gap * .4) * squeeze
            continue
        letters.draw(mask, char, (x + (advance - width) * squeeze / 2) * MASK_SCALE, row.top * MASK_SCALE,
                     width * squeeze * MASK_SCALE, row.height * MASK_SCALE)
        x += (advance + gap) * squeeze
    x -= gap * squeeze
    span_right = x
    if suffix:
        start = (x if rng.random() < .6 else right) + suffix_gap
        draw_stack(letters, mask, suffix, start, row, rng, size)
        span_right = start + size[0]
    band = slice(max(0, int(row.top) - 5), int(row.top + row.height) + 6)
    mask = cv2.resize(mask[band.start * MASK_SCALE:band.stop * MASK_SCALE], (WIDTH, band.stop - band.start), interpolation=cv2.INTER_AREA)
    stamp(rng, image[band], mask, ink, ground)
    return (span_left, row.top, span_right, row.top + row.height), ink


def stamp(rng, image, mask, ink, ground):
    """Inks the lettering, with the relief, swollen or worn paint and outlines that real dies leave."""
    weight = rng.random()
    if weight < .10:
        mask = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    elif weight < .18:
        mask = cv2.erode(mask, np.ones((2, 2), np.uint8))
    if rng.random() < .5:
        light = rng.choice([-1, 1])
        blend(image, mask, 2 * light, 2, ground + rng.uniform(-60, -15), .7)
        blend(image, mask, -light, -1, np.minimum(255, ground + 40), .6)
    if rng.random() < .05:
        blend(image, cv2.dilate(mask, np.ones((5, 5), np.uint8)), 0, 0, 255 - ink, .9)
    if rng.random() < .10:
        wear = soft_noise(rng, rng.randint(6, 24), rng.randint(12, 48), *mask.shape) < rng.uniform(1., 2.)
        mask = (mask * np.where(wear, 1., rng.uniform(.1, .6)).astype(np.float32)).astype(np.uint8)
    blend(image, mask, 0, 0, ink, rng.uniform(.8, 1))


# -- fittings ----------------------------------------------------------------------------------------------------------

def sticker(rng, image, x, y, w, h):
    ground = colour(rng, 0, 255)
    cv2.rectangle(image, (x, y), (x + w, y + h), shade(ground), -1)
    ink = (255, 255, 255) if ground.mean() < 120 else (0, 0, 0)
    cv2.putText(image, rng.choice(STICKER_TEXTS), (x + 1, y + h - 5), cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(.3, .5), ink,
                rng.choice([1, 2]), cv2.LINE_AA)


def stickers(rng, image, top_corners):
    for side in (0, 1):
        w, h = rng.randint(18, 36), rng.randint(14, 26)
        x = rng.randint(2, 12) if side == 0 else WIDTH - w - rng.randint(2, 12)
        if top_corners:
            if rng.random() < .8:
                sticker(rng, image, x, rng.randint(2, 8), w, h)
        elif rng.random() < .5:
            sticker(rng, image, x, rng.randint(2, 8) if rng.random() < .5 else HEIGHT - h - rng.randint(2, 7), w, h)


def bolts(rng, image):
    for x in (rng.randint(46, 76), WIDTH - rng.randint(46, 76)):
        ys = [rng.randint(5, 12)] + ([HEIGHT - rng.randint(5, 12)] if rng.random() < .6 else [])
        for y in ys:
            r, v = rng.randint(2, 6), rng.uniform(10, 240)
            cv2.circle(image, (x, y), r, (v, v, v), -1, cv2.LINE_AA)
            if r > 3:
                cv2.circle(image, (x, y), r, (v * .5, v * .5, v * .5), 1, cv2.LINE_AA)


def share_covered(box, covers):
    """Which part of a box the covers (boxes that don't overlap) hide, 0 to 1."""
    left, top, right, bottom = box
    hidden = sum(max(0, min(right, r) - max(left, l)) * max(0, min(bottom, b) - max(top, t)) for l, t, r, b in covers)
    return hidden / max(1e-6, (right - left) * (bottom - top))


def frame(rng, image, row):
    """A dealer's frame around the plate; it may cover the legends, never the registration. Returns the boxes it covers."""
    ground = colour(rng, 0, 90) if rng.random() < .6 else colour(rng, 90, 240)
    top = rng.randint(3, max(4, min(26, int(row.top) - 3)))
    bottom = rng.randint(3, max(4, min(34, int(HEIGHT - row.top - row.height) - 3)))
    side = rng.randint(2, 6)
    image[:top] = ground
    image[HEIGHT - bottom:] = ground
    image[:, :side] = ground
    image[:, WIDTH - side:] = ground
    ink = (255, 255, 255) if ground.mean() < 120 else (0, 0, 0)
    for y, h in ((HEIGHT - bottom + 1, bottom - 4), (1, top - 4)):
        if rng.random() < .65 and h > 6:
            mask = fitted(strokefont.legend(rng.choice(FRAME_TEXTS), rng), h, WIDTH * .8)
            blend(image, mask, (WIDTH - mask.shape[1]) // 2, y, ink)
    return [(0, 0, WIDTH, top), (0, HEIGHT - bottom, WIDTH, HEIGHT), (0, top, side, HEIGHT - bottom),
            (WIDTH - side, top, WIDTH, HEIGHT - bottom)]


def side_picture(rng, image, x, width, row, club=None):
    """The picture of a specialty plate beside the registration."""
    height = int(row.height * rng.uniform(.6, 1.5))
    if rng.random() < .3:  # photograph-like: a dappled oval or panel
        w, h = int(width * rng.uniform(.5, 1)), int(height * rng.uniform(.6, 1))
        shape = np.zeros((h, w), np.uint8)
        cv2.ellipse(shape, (w // 2, h // 2), (w // 2, h // 2), 0, 0, 360, 255, -1) if rng.random() < .6 else shape.fill(255)
        shape = (shape * np.clip(.6 + .35 * soft_noise(rng, rng.randint(4, 16), rng.randint(3, 12), h, w), 0, 1)).astype(np.uint8)
        blend(image, shape, int(x + rng.uniform(0, max(1, width - w))), int(row.top + (row.height - h) / 2), colour(rng, 0, 160))
    y = int(row.top + row.height / 2 - height / 2)
    for _ in range(rng.randint(1, 3)):
        emblem = symbol(rng)
        w = max(6, int(min(width, height * emblem.shape[1] / emblem.shape[0]) * rng.uniform(.6, 1)))
        h = max(6, int(height * rng.uniform(.5, 1)))
        blend(image, cv2.resize(emblem, (w, h), interpolation=cv2.INTER_AREA), int(x + rng.uniform(0, max(1, width - w))),
              y + rng.randint(0, max(1, height - h)), colour(rng, 0, 240), rng.uniform(.7, 1))
    if club and rng.random() < .5:
        mask = fitted(strokefont.legend(club, rng), rng.randint(6, 11), width)
        blend(image, mask, int(x + (width - mask.shape[1]) / 2), y + rng.randint(0, max(1, height - 8)), colour(rng, 0, 140))


# -- whole plates ------------------------------------------------------------------------------------------------------

def carolina(rng):
    image = carolina_background(rng)
    ink = np.array(NC_BLUE if rng.random() < .7 else NC_RED, np.float32) + colour(rng, -15, 20)
    height = HEIGHT * rng.uniform(.40, .50)
    row = Row(rng.uniform(5, 14), WIDTH - rng.uniform(5, 14), HEIGHT * rng.uniform(.47, .53) - height / 2, height)
    legend_line(rng, image, rng.choice(NC_MOTTOES), rng.randint(15, 24), rng.randint(3, 9), ink if rng.random() < .5 else None)
    name = legend_line(rng, image, "NORTH CAROLINA", rng.randint(14, 24), -rng.randint(3, 8), ink if rng.random() < .7 else None)
    text = with_repeats(rng, fill(rng, "AAA-DDDD"))
    separators = ["dash"] * 7 + ["space", "none", "dot"]
    span, ink = registration(rng, image, row, text, ink=ink, separators=separators)
    stickers(rng, image, True)
    return image, text, "", "", span, row, "NC", name


def carolina_special(rng):
    """Specialty plates as the state's samples show them: picture or words on the left, mostly four digits, two stacked letters
    after them (sometimes before); plates in full colour often give the registration a white panel."""
    full_colour = rng.random() < .4
    image = background(rng) if full_colour else carolina_background(rng)
    club = rng.choice(NC_CLUBS)
    height = HEIGHT * rng.uniform(.40, .54)
    top = HEIGHT * rng.uniform(.48, .54) - height / 2
    picture = WIDTH * rng.uniform(.16, .36)
    left = 4 + picture + rng.uniform(0, 8)
    suffix = stack_chars(rng) if rng.random() < .72 else ""
    prefix = stack_chars(rng) if not suffix and rng.random() < .5 else ""
    if rng.random() < .1:  # no picture
        left = rng.uniform(5, 12)
    row = Row(left, WIDTH - rng.uniform(4, 12), top, height)
    if full_colour and rng.random() < .5:
        paper = rng.uniform(200, 255)
        cv2.rectangle(image, (int(left - 3), int(top - 5)), (WIDTH - 4, int(top + height + 5)), (paper, paper, paper), -1)
    legend_line(rng, image, rng.choice(NC_MOTTOES + [club]), rng.randint(11, 20), rng.randint(3, 9))
    below = rng.choice(["NORTH CAROLINA"] * 3 + ["North Carolina", club])
    name = legend_line(rng, image, below, rng.randint(14, 22), -rng.randint(2, 6))
    name = None if below == club else name
    if left > 20:
        side_picture(rng, image, 4, picture, row, club)
        if rng.random() < .35:
            words(rng, image, picture, row)
    pattern = rng.choice(["DDDD"] * 6 + ["DDDDD", "DDD", "AADDD", "AADD", "AAAA", "ADDDD", "ADDDD", "DDD"])
    text = with_repeats(rng, fill(rng, pattern))
    span, _ = registration(rng, image, row, text, prefix, suffix,
                           ink=None if full_colour else np.array(NC_BLUE if rng.random() < .7 else NC_RED) + colour(rng, -15, 20))
    stickers(rng, image, True)
    return image, text, prefix, suffix, span, row, "NC", name


def words(rng, image, width, row):
    """Small words beside the registration, in two or three lines: ANTIQUE AUTO, COAST GUARD RESERVE."""
    lines = rng.choice(NC_WORDS).split()
    y, height = row.top + row.height * rng.uniform(.1, .5), rng.randint(7, 12)
    for line in lines:
        mask = fitted(strokefont.legend(line, rng), height, width)
        blend(image, mask, int(4 + (width - mask.shape[1]) / 2), int(y), colour(rng, 0, 130))
        y += height + 2


def general(rng):
    image = background(rng)
    region, name = general_legends(rng, image)
    text = random_text(rng)
    count = sum(c.isalnum() for c in text)
    height = HEIGHT * rng.uniform(.36, .54)
    row = Row(rng.uniform(3, 12), WIDTH - rng.uniform(3, 12), HEIGHT * rng.uniform(.46, .56) - height / 2, height)
    prefix = suffix = ""
    if count <= 6 and rng.random() < .2:
        if rng.random() < .6:
            prefix = stack_chars(rng)
        else:
            suffix = stack_chars(rng)
    if count <= 6 and rng.random() < .24:
        width = row.height * rng.uniform(.5, 1.3)
        if rng.random() < .8:
            side_picture(rng, image, row.left, width, row)
            row = row._replace(left=row.left + width + 3)
        else:
            side_picture(rng, image, row.right - width, width, row)
            row = row._replace(right=row.right - width - 3)
    if rng.random() < .05:  # art behind the characters
        side_picture(rng, image, rng.uniform(60, 150), 60, row)
    span, _ = registration(rng, image, row, text, prefix, suffix)
    stickers(rng, image, False)
    return image, text, prefix, suffix, span, row, region, name


def render(rng, kind=None):
    """Draws a random plate. rng is a random.Random; kind fixes the family ("nc", "nc-special", "general")."""
    kind = kind or rng.choices(["nc", "nc-special", "general"], [14, 11, 75])[0]
    image, text, prefix, suffix, span, row, region, name = {"nc": carolina, "nc-special": carolina_special, "general": general}[kind](rng)
    if rng.random() < .6:
        bolts(rng, image)
    if rng.random() < .35:
        cv2.rectangle(image, (1, 1), (WIDTH - 2, HEIGHT - 2), shade(colour(rng, 20, 200)), rng.randint(1, 3))
    covers = frame(rng, image, row) if rng.random() < .2 else []
    large = "".join(c for c in text if c.isalnum())
    whole = prefix + large + suffix
    small = list(range(len(prefix))) + list(range(len(prefix + large), len(whole)))
    return Plate(image, whole, small, span, kind, region, name, name is not None and share_covered(name, covers) < .25)


def main():
    """Writes a contact sheet of clean plates: plates.py [seed [file]]."""
    import sys
    rng = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    drawn = [render(rng).image for _ in range(72)]
    cv2.imwrite(sys.argv[2] if len(sys.argv) > 2 else "plates.png", np.vstack([np.hstack(drawn[i:i + 8]) for i in range(0, 72, 8)]))


if __name__ == "__main__":
    main()
