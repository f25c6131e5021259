"""What stands or falls between a plate and the camera: rain, snow, mud, shadows, low sun, headlamps, hitches, straps.

All works on a grey float32 picture in place where it can, in picture pixels; `scale` is the plate's width there. What hides characters also
returns where, so that their labels can say so.
"""
import math

import cv2
import numpy as np

from drawing.canvas import noise


def ramp(rng, height, width):
    """A linear field from −1.4 to 1.4 at a random angle."""
    angle = rng.uniform(0, 2 * math.pi)
    x = np.linspace(-1, 1, width, dtype=np.float32) * math.cos(angle)
    y = np.linspace(-1, 1, height, dtype=np.float32) * math.sin(angle)
    return y[:, None] + x[None, :]


def spot(rng, height, width, x, y, spread, streak=1.):
    """A bell of height 1 at (x, y); streak widens it sideways."""
    across = np.arange(width, dtype=np.float32) - x
    down = np.arange(height, dtype=np.float32) - y
    return np.exp(-down * down / (2 * spread * spread))[:, None] * np.exp(-across * across / (2 * (spread * streak) ** 2))[None, :]


def soft(rng, height, width, coarse_h, coarse_w):
    """A smooth random field, about standard normal."""
    return cv2.resize(noise(rng, coarse_h, coarse_w), (width, height), interpolation=cv2.INTER_LINEAR)


# -- light -------------------------------------------------------------------------------------------------------------

def shadows(rng, image, scale):
    """Edges of shadows: a half plane, a bar (a pole, a bumper's lip), or leaves."""
    height, width = image.shape
    kind, dark = rng.random(), rng.uniform(.25, .9)
    if kind < .5:
        mask = (ramp(rng, height, width) > rng.uniform(-.7, .7)).astype(np.float32)
    elif kind < .75:
        field, at = ramp(rng, height, width), rng.uniform(-.7, .7)
        mask = (np.abs(field - at) < rng.uniform(.05, .35)).astype(np.float32)
    else:
        mask = (soft(rng, height, width, rng.randint(3, 8), rng.randint(4, 14)) > rng.uniform(-.3, .8)).astype(np.float32)
    if rng.random() < .7:
        mask = cv2.GaussianBlur(mask, (0, 0), rng.uniform(.4, .03 * scale + .5))
    return image * (1 - (1 - dark) * mask)


def low_sun(rng, image):
    """A steep gradient, at times burnt out at its bright end, and the veil of light in the lens."""
    height, width = image.shape
    field = ramp(rng, height, width)
    image = image * (1 + field * rng.uniform(.15, .65))
    return image + rng.uniform(0, 60) * (field + 1) if rng.random() < .4 else image


def headlamps(rng, image, scale):
    """One or two lamps, or their reflection, beside the plate: a core that saturates, a wide veil, often a streak."""
    height, width = image.shape
    for _ in range(rng.randint(1, 2)):
        x, y = rng.uniform(-.3, 1.3) * width, rng.choice([rng.uniform(-.4, .15), rng.uniform(.85, 1.4)]) * height
        image = image + rng.uniform(60, 260) * spot(rng, height, width, x, y, rng.uniform(.06, .22) * scale, rng.choice([1, 1, 3]))
        image = image + rng.uniform(5, 50) * spot(rng, height, width, x, y, rng.uniform(.4, 1.) * scale)
    return image


def bloom(rng, image, scale):
    """Retro-reflecting sheeting under a lamp beside the camera: what is bright spills over into the strokes."""
    image = image * rng.uniform(1., 1.5)
    return image + cv2.GaussianBlur(np.maximum(image - rng.uniform(120, 190), 0), (0, 0), rng.uniform(.006, .03) * scale + .4) * rng.uniform(.3, .8)


# -- weather and dirt --------------------------------------------------------------------------------------------------

def rain(rng, image, scale):
    """Streaks in the air, drops on the glass (what lies behind them blurred and shifted), water on the plate."""
    height, width = image.shape
    if rng.random() < .6:
        layer, slant = np.zeros((height, width), np.float32), rng.uniform(-.5, .5)
        for _ in range(rng.randint(4, 40)):
            x, y, length = rng.randint(0, width), rng.randint(-height // 4, height), rng.uniform(.05, .3) * scale
            cv2.line(layer, (x, y), (int(x + slant * length), int(y + length)), rng.uniform(15, 80), 1, cv2.LINE_AA)
        image = image + (cv2.GaussianBlur(layer, (0, 0), .6) if rng.random() < .5 else layer)
    if rng.random() < .6:
        blurred = cv2.GaussianBlur(image, (0, 0), scale * rng.uniform(.015, .04))
        mask = np.zeros((height, width), np.uint8)
        for _ in range(rng.randint(1, 8)):
            r = max(1, int(scale * rng.uniform(.01, .05)))
            cv2.ellipse(mask, (rng.randint(0, width), rng.randint(0, height)), (r, int(r * rng.uniform(1, 1.6))), 0, 0, 360, 255, -1, cv2.LINE_AA)
        part = mask.astype(np.float32) * (rng.uniform(.4, 1) / 255)
        image = image + (blurred + rng.uniform(-30, 40) - image) * part
    return image * rng.uniform(.7, 1) + rng.uniform(0, 40)


def snow(rng, image, scale):
    """Flakes, near and far, over a picture that has lost contrast."""
    height, width = image.shape
    image = image * rng.uniform(.6, 1) + rng.uniform(0, 50)
    for _ in range(rng.randint(5, 60)):
        r = scale * rng.choice([.004, .006, .01, .018])
        cv2.circle(image, (rng.randint(0, width), rng.randint(0, height)), max(1, int(r)), rng.uniform(190, 250), -1, cv2.LINE_AA)
    return image


def spatter(rng, image, scale):
    """Dirt: a film that follows a soft field, and specks."""
    height, width = image.shape
    tone = rng.uniform(20, 150)
    if rng.random() < .6:
        film = np.clip(soft(rng, height, width, rng.randint(3, 24), rng.randint(5, 48)) * rng.uniform(.15, .4) + rng.uniform(-.1, .25), 0, .65)
        image = image + (tone - image) * film
    for _ in range(rng.randint(0, 14)):
        r = max(1, int(scale * rng.choice([.004, .007, .012])))
        cv2.circle(image, (rng.randint(0, width), rng.randint(0, height)), r, tone + rng.uniform(-20, 20), -1, cv2.LINE_AA)
    return image


def haze(rng, image):
    """Fog, spray or a dirty glass."""
    keep = rng.uniform(.35, .9)
    return image * keep + rng.uniform(60, 220) * (1 - keep)


# -- what hides characters ---------------------------------------------------------------------------------------------

def hitch(rng, mask, box):
    """A ball on its shank, from below."""
    left, top, right, bottom = box
    w, h = right - left, bottom - top
    x, r = left + w * rng.uniform(.2, .8), w * rng.uniform(.04, .1)
    y = bottom - h * rng.uniform(.1, .7)
    cv2.circle(mask, (int(x), int(y)), max(1, int(r)), 255, -1, cv2.LINE_AA)
    cv2.rectangle(mask, (int(x - r * .6), int(y)), (int(x + r * .6), mask.shape[0]), 255, -1)


def strap(rng, mask, box):
    """A strap, a rack's bar, a cable, a bent corner's edge."""
    left, top, right, bottom = box
    w, h = right - left, bottom - top
    x, lean, thick = left + w * rng.uniform(0, 1), rng.gauss(0, .35) * h, max(1, int(w * rng.uniform(.015, .1)))
    cv2.line(mask, (int(x - lean), int(top - .3 * h)), (int(x + lean), int(bottom + .3 * h)), 255, thick, cv2.LINE_AA)


def blot(rng, mask, box):
    """Mud, a leaf, a lump of snow."""
    left, top, right, bottom = box
    w, h = right - left, bottom - top
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    reach = sum(rng.uniform(-.12, .12) * np.cos(j * angle + rng.uniform(0, 6.3)) for j in range(1, 8)) + 1
    x, y = left + w * rng.uniform(0, 1), top + h * rng.uniform(0, 1)
    points = np.stack([x + w * rng.uniform(.04, .16) * reach * np.cos(angle), y + h * rng.uniform(.1, .45) * reach * np.sin(angle)], 1)
    cv2.fillPoly(mask, [points.astype(np.int32)], 255, cv2.LINE_AA)


def heap(rng, mask, box):
    """Snow lying on the lower lip, or a frame, a bumper's edge, a tailgate over the characters' upper or lower part."""
    left, top, right, bottom = box
    h = bottom - top
    rows = np.interp(np.arange(mask.shape[1]), np.linspace(0, mask.shape[1], 6), [rng.uniform(.0, .25) * h for _ in range(6)]) if rng.random() < .5 else 0
    depth = h * rng.uniform(.02, .5) + rows
    y = np.arange(mask.shape[0])[:, None]
    covered = y > bottom + .1 * h - depth if rng.random() < .7 else y < top - .1 * h + depth
    covered = np.broadcast_to(covered, mask.shape).copy()
    if rng.random() < .4:  # only over a part of the width
        a, b = sorted((rng.uniform(left, right), rng.uniform(left, right)))
        covered[:, :int(a)] = False
        covered[:, int(b):] = False
    mask[covered] = 255


def patch(rng, mask, box):
    """A sticker in the wrong place, a tape."""
    left, top, right, bottom = box
    w, h = right - left, bottom - top
    x, y = left + w * rng.uniform(0, .9), top + h * rng.uniform(-.2, .7)
    cv2.rectangle(mask, (int(x), int(y)), (int(x + w * rng.uniform(.05, .2)), int(y + h * rng.uniform(.3, .9))), 255, -1)


HIDERS = [hitch, hitch, strap, strap, blot, blot, heap, patch]


def hide(rng, image, box):
    """Puts something over a part of the registration, whose box in the picture is given. Returns (picture, mask uint8)."""
    height, width = image.shape
    mask = np.zeros((height, width), np.uint8)
    if rng.random() < .12:  # glare that burns out
        left, top, right, bottom = box
        w = right - left
        core = spot(rng, height, width, rng.uniform(left, right), rng.uniform(top, bottom), w * rng.uniform(.03, .1), rng.choice([1, 1, 2]))
        image = image + 700 * core
        mask[core > .45] = 255
        return image, mask
    rng.choice(HIDERS)(rng, mask, box)
    cover = np.full((height, width), rng.uniform(0, 255), np.float32)
    if rng.random() < .7:
        cover += soft(rng, height, width, rng.randint(3, 30), rng.randint(4, 40)) * rng.uniform(2, 30)
    if rng.random() < .4:
        cover += ramp(rng, height, width) * rng.uniform(10, 60)
    part = mask.astype(np.float32) * (1 / 255)
    return image + (cover - image) * part, mask
