"""What is added to a plate on the vehicle: stickers, bolts, frames, hitches, mud, snow. Whatever may hide a character or the name
is drawn into a `Cover` as well, so that labels can tell what lies hidden.
"""
import cv2
import numpy as np

from drawing import strokefont
from drawing.canvas import HEIGHT, WIDTH, blend, colour, fitted, noise, shade, soft_noise

FRAME_TEXTS = ["CITY MOTORS", "VALLEY AUTO", "MOTORS OF TOWN", "motors.example", "CROSSWAY CARS", "919 555 0123", "(704) 555-0100",
               "CAPITAL", "MOVING FORWARD", "ALUMNI", "RIVER MOTORS", "HONDA OF TOWN", "UNIVERSITY", "I LOVE MY DOG", "TOYOTA", "OAK LAWN", "FORD",
               "MERCEDES BMW VOLVO SERVICE", "HAWKS", "Subaru of Town", "BERKELEY", "THOUSAND OAKS", "1-800-555-0142", "Chevrolet Cadillac"]
STICKER_TEXTS = ["26", "12", "25", "7", "JAN", "MAR", "02", "8", "OCT", "09", "AUG", "SEP", "97", "04", "JUN", "DEC", "24", "MAY", "5-08", "10-11", "FEB",
                 "NOV", "APR", "2012", "06", "JULY", "05-10", "2004"]


class Cover:
    """Which pixels of the plate lie under something."""

    def __init__(self):
        self.mask = None

    def fresh(self):
        """The mask to draw into, 255 where covered."""
        if self.mask is None:
            self.mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        return self.mask

    def share(self, box):
        """Which part of a box lies hidden, 0 to 1; what reaches off the plate counts as hidden."""
        left, top, right, bottom = box
        area = max(1., (right - left) * (bottom - top))
        x0, y0, x1, y1 = max(0, int(left + .5)), max(0, int(top + .5)), min(WIDTH, int(right + .5)), min(HEIGHT, int(bottom + .5))
        if x1 <= x0 or y1 <= y0:
            return 1.
        off = max(0., 1 - (x1 - x0) * (y1 - y0) / area)
        if self.mask is None:
            return off if off > .1 else 0.
        return float(np.count_nonzero(self.mask[y0:y1, x0:x1])) / area + (off if off > .1 else 0.)


_texts = {}


def small_text(text, scale, thick):
    """A sticker's text as a uint8 mask; cached."""
    key = text, scale, thick
    if key not in _texts:
        (w, h), low = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
        image = np.zeros((h + low + 2, w + 2), np.uint8)
        cv2.putText(image, text, (1, h + 1), cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thick, cv2.LINE_AA)
        _texts[key] = image
    return _texts[key]


def sticker(rng, image, x, y, w, h, cover=None, ground=None, text=None):
    ground = colour(rng, 0, 255) if ground is None else ground
    cv2.rectangle(image, (x, y), (x + w, y + h), shade(ground), -1)
    ink = (255, 255, 255) if ground.mean() < 120 else (0, 0, 0)
    mask = fitted(small_text(text or rng.choice(STICKER_TEXTS), .5, rng.choice([1, 2])), h * rng.uniform(.55, .9), w * .9)
    blend(image, mask, x + (w - mask.shape[1]) // 2, y + (h - mask.shape[0]) // 2, ink)
    if cover:
        cover.fresh()[max(0, y):y + h, max(0, x):x + w] = 255


def stickers(rng, image, top_corners, cover):
    """Month and year at corners: both upper ones, or any."""
    for side in (0, 1):
        w, h = rng.randint(18, 36), rng.randint(14, 26)
        x = rng.randint(2, 12) if side == 0 else WIDTH - w - rng.randint(2, 12)
        if top_corners:
            if rng.random() < .8:
                sticker(rng, image, x, rng.randint(2, 8), w, h, cover)
        elif rng.random() < .5:
            sticker(rng, image, x, rng.randint(2, 8) if rng.random() < .5 else HEIGHT - h - rng.randint(2, 7), w, h, cover)


def sticker_at(rng, image, corner, cover):
    """A sticker, or its empty well, in a corner ("tl", "tr", "bl", "br")."""
    w, h = rng.randint(26, 40), rng.randint(15, 23)
    x = rng.randint(4, 10) if corner[1] == "l" else WIDTH - w - rng.randint(4, 10)
    y = rng.randint(3, 8) if corner[0] == "t" else HEIGHT - h - rng.randint(4, 9)
    if rng.random() < .2:
        cv2.rectangle(image, (x, y), (x + w, y + h), shade(colour(rng, 60, 160)), 1)
    else:
        sticker(rng, image, x, y, w, h, cover)


def bolts(rng, image):
    for x in (rng.randint(46, 76), WIDTH - rng.randint(46, 76)):
        ys = [rng.randint(5, 12)] + ([HEIGHT - rng.randint(5, 12)] if rng.random() < .6 else [])
        for y in ys:
            r, v = rng.randint(2, 6), rng.uniform(10, 240)
            cv2.circle(image, (x, y), r, (v, v, v), -1, cv2.LINE_AA)
            if r > 3:
                cv2.circle(image, (x, y), r, (v * .5, v * .5, v * .5), 1, cv2.LINE_AA)


def frame(rng, image, top_edge, bottom_edge, cover):
    """A dealer's frame: it may cover the legends, and now and then touches the characters' heads or feet. The edges are those of the
    characters, pixels."""
    v, tint = rng.random(), rng.uniform(-6, 6)
    ground = np.full(3, rng.uniform(8, 60)) + tint if v < .62 else np.full(3, rng.uniform(110, 235)) + tint if v < .85 else colour(rng, 10, 230)
    over = int(rng.uniform(0, .1) * (bottom_edge - top_edge)) if rng.random() < .25 else -3
    top = rng.randint(3, max(4, min(26, int(top_edge) + (over if rng.random() < .3 else -3))))
    bottom = rng.randint(3, max(4, min(34, int(HEIGHT - bottom_edge) + over)))
    if over > 0:
        bottom = int(HEIGHT - bottom_edge) + over
    side = rng.randint(2, 6)
    for part in (slice(0, top), slice(HEIGHT - bottom, HEIGHT)):
        image[part] = ground
        cover.fresh()[part] = 255
    for part in (slice(0, side), slice(WIDTH - side, WIDTH)):
        image[:, part] = ground
        cover.fresh()[:, part] = 255
    ink = (255, 255, 255) if ground.mean() < 120 else (0, 0, 0)
    for y, h in ((HEIGHT - bottom + 1, bottom - 4), (1, top - 4)):
        if rng.random() < .65 and h > 6:
            mask = fitted(strokefont.legend(rng.choice(FRAME_TEXTS), rng), h, WIDTH * .8)
            blend(image, mask, (WIDTH - mask.shape[1]) // 2, y, ink)


def cast(image, mask, ink, cover, opacity=1.):
    """Lays something opaque over the plate; mask is HEIGHT×WIDTH uint8."""
    blend(image, mask, 0, 0, ink, opacity)
    if opacity > .6:
        np.maximum(cover.fresh(), np.where(mask > 127, 255, 0).astype(np.uint8), out=cover.fresh())


def hitch(rng, image, deep, top_edge, bottom_edge, cover):
    """A tow ball on its shank, a receiver or a bracket from below; deep is how far into the characters it reaches, share of their height."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cx, r = int(WIDTH * rng.uniform(.3, .7)), rng.randint(9, 19)
    reach = int(bottom_edge - deep * (bottom_edge - top_edge))
    if rng.random() < .78:
        cv2.circle(mask, (cx, reach + r), r, 255, -1, cv2.LINE_AA)
        cv2.rectangle(mask, (cx - r // 2, reach + r), (cx + r // 2, HEIGHT), 255, -1)
    else:
        cv2.rectangle(mask, (cx - rng.randint(8, 30), reach), (cx + rng.randint(8, 30), HEIGHT), 255, -1)
    v = rng.uniform(15, 190)
    cast(image, mask, (v, v, v), cover)
    if v > 90:  # chrome: a bright spot
        cv2.circle(image, (cx - r // 3, reach + int(r * .7)), max(1, r // 4), (250, 250, 250), -1, cv2.LINE_AA)


def splatter(rng, image, deep, top_edge, bottom_edge, cover):
    """Mud or snow clinging to one side; deep as in hitch."""
    snow, edge = rng.random() < .4, rng.random()
    ink = np.full(3, rng.uniform(215, 255)) if snow else np.array([50, 70, 90]) * rng.uniform(.6, 1.5)
    ragged = np.interp(np.arange(WIDTH), np.linspace(0, WIDTH - 1, 9), noise(rng, 9)) * rng.uniform(4, 12) + noise(rng, WIDTH)
    rows, limit = np.arange(HEIGHT)[:, None], deep * (bottom_edge - top_edge)
    if edge < .5:
        inside = rows > (bottom_edge - limit + ragged)[None, :]
    elif edge < .75:
        inside = rows < (top_edge + limit + ragged)[None, :]
    else:  # clots
        inside = soft_noise(rng, rng.randint(5, 12), rng.randint(8, 24)) > 2.3 - 1.4 * deep
    cast(image, np.where(inside, 255, 0).astype(np.uint8), ink, cover, rng.uniform(.75, 1))


def plaster(rng, image, boxes, cover):
    """A sticker, leaf or tape over one character."""
    left, top, right, bottom = rng.choice(boxes)
    w, h = int((right - left) * rng.uniform(.6, 1.2)), int((bottom - top) * rng.uniform(.4, .9))
    sticker(rng, image, int(left + rng.uniform(-.2, .4) * (right - left)), int(top + rng.uniform(0, .5) * (bottom - top)), w, h, cover,
            text=" ")


def obstruct(rng, image, span, boxes, cover):
    """Things in front of the plate: mostly they only touch the characters; about one plate in fifty loses some."""
    top, bottom, chance = span[1], span[3], rng.random()
    if chance < .03:
        deep = rng.uniform(.45, .9)
    elif chance < .11:
        deep = rng.uniform(-.1, .22)
    else:
        return
    kind = rng.random()
    if kind < .5:
        hitch(rng, image, deep, top, bottom, cover)
    elif kind < .85 or deep < .4:
        splatter(rng, image, deep, top, bottom, cover)
    else:
        plaster(rng, image, boxes, cover)


def bend(rng, image, cover):
    """A corner bent over, or the whole sheet rippled: neither moves a character by more than about two pixels."""
    if rng.random() < .4:
        x, y, size = rng.choice((0, WIDTH)), rng.choice((0, HEIGHT)), rng.uniform(8, 30)
        corner = np.array([[x, y], [abs(x - size * rng.uniform(.6, 1.6)), y], [x, abs(y - size)]], np.int32)
        cv2.fillPoly(image, [corner], shade(np.full(3, rng.uniform(20, 200)) + rng.uniform(-10, 10)), cv2.LINE_AA)
        cv2.fillPoly(cover.fresh(), [corner], 255)
        return
    x, y = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
    wave = np.sin(x * rng.uniform(.01, .05) + y * rng.uniform(-.03, .03) + rng.uniform(0, 6))
    image[:] = cv2.remap(image, x, y + wave * rng.uniform(.5, 2), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    image[:] = np.clip(image * (1 + wave * rng.uniform(.03, .16))[..., None], 0, 255)


def sheeting(rng, image):
    """The reflective sheet's own pattern: lines, chequers, dots of a verification mark."""
    step, strength = rng.choice((8, 12, 16, 24)), rng.uniform(3, 14)
    x, y = np.meshgrid(np.arange(WIDTH) // step % 2, np.arange(HEIGHT) // step % 2)
    pattern = rng.choice((x ^ y, x, y, (x | y)))
    image[:] = np.clip(image + ((pattern - .5) * strength)[..., None], 0, 255)


def weather(rng, image, cover):
    """Dirt, fading, peeling, bends over the whole plate, in place."""
    chance = rng.random()
    if chance < .07:  # a film of dust, thicker below
        film = np.clip(.25 + .2 * soft_noise(rng, 6, 10) + np.linspace(-.15, .25, HEIGHT, dtype=np.float32)[:, None], 0, .65)
        image[:] = (image + (np.array([95, 115, 130], np.float32) * rng.uniform(.5, 1.3) - image) * film[..., None]).clip(0, 255)
    elif chance < .13:  # faded by the sun
        image[:] = cv2.addWeighted(image, rng.uniform(.45, .8), np.full_like(image, rng.randint(170, 235)), rng.uniform(.25, .45), 0)
    elif chance < .155:  # peeling sheet
        bare = soft_noise(rng, rng.randint(6, 20), rng.randint(8, 30)) > rng.uniform(1.6, 2.2)
        image[bare] = shade(np.full(3, rng.uniform(90, 200)))
    elif chance < .2:  # specks
        for _ in range(rng.randint(3, 25)):
            v = rng.uniform(20, 140)
            cv2.circle(image, (rng.randint(0, WIDTH), rng.randint(0, HEIGHT)), rng.choice([1, 1, 2]), (v * .8, v, v), -1, cv2.LINE_AA)
    elif chance < .30:
        bend(rng, image, cover)
    elif chance < .36:
        sheeting(rng, image)
    elif chance < .41:  # cracks and scratches
        for _ in range(rng.randint(1, 4)):
            x, y = rng.randint(0, WIDTH), rng.randint(0, HEIGHT)
            cv2.line(image, (x, y), (x + rng.randint(-60, 60), y + rng.randint(-50, 50)), shade(colour(rng, 90, 230)), 1, cv2.LINE_AA)
