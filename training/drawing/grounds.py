"""Backgrounds of plates: `invented(rng)` makes one up, `painted(rng, steps)` follows a state's recipe.

A recipe is a tuple of steps, each a tuple of a painter's name and its arguments; heights and places are shares of the plate, colours
six hexadecimal digits.
"""
import cv2
import numpy as np

from drawing import emblems
from drawing.canvas import HEIGHT, WIDTH, blend, colour, noise, rgb, scaled, shade, soft_noise


def invented(rng):
    """A random background: tint, bands, blots, hills."""
    base = colour(rng, 150, 255) if rng.random() < .78 else colour(rng, 10, 140)
    if rng.random() < .3:
        base[:] = base.mean()
    h, w = HEIGHT // 2, WIDTH // 2  # soft enough to be made at half the size
    ground = np.empty((h, w, 3), np.float32)
    ground[:] = base
    if rng.random() < .6:
        knots = np.linspace(0, h, 4)
        for k in range(3):
            ground[..., k] += np.interp(np.arange(h), knots, [rng.uniform(-60, 40) for _ in range(4)])[:, None]
    if rng.random() < .35:
        ground += soft_noise(rng, rng.randint(3, 14), rng.randint(4, 28), h, w)[..., None] * colour(rng, 4, 25)
    image = cv2.resize(np.clip(ground, 0, 255).astype(np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    for _ in range(rng.choice([0, 0, 1, 3])):
        cv2.ellipse(image, (rng.randint(0, WIDTH), rng.randint(0, HEIGHT)), (rng.randint(8, 70), rng.randint(5, 40)),
                    rng.randint(0, 180), 0, 360, shade(base + colour(rng, -80, 40)), rng.choice([-1, -1, 2]))
    if rng.random() < .22:
        ridge(rng, image, rng.uniform(.3, .95), .14, shade(base + colour(rng, -110, 10)), 8)
    if rng.random() < .25:
        image[:rng.randint(14, 34)] = colour(rng, 0, 255)
    if rng.random() < .25:
        image[HEIGHT - rng.randint(14, 30):] = colour(rng, 0, 255)
    return image


def ridge(rng, image, level, height, ink, points):
    """Fills everything below a broken line across the plate."""
    x = np.linspace(0, WIDTH, points + 1)
    y = (level + np.array([rng.uniform(-.5, .5) for _ in x]) * height) * HEIGHT
    outline = [(0, HEIGHT)] + list(zip(x, y)) + [(WIDTH, HEIGHT)]
    cv2.fillPoly(image, [np.array(outline, np.int32)], ink, cv2.LINE_AA)


# -- painters of the recipes ---------------------------------------------------------------------------------------------

def plain(rng, image, hexa):
    image[:] = shade(rgb(hexa) + rng.uniform(-10, 8))


def fade(rng, image, *stops):
    """From top to bottom through the colours; a stop may be (height, colour)."""
    heights = [s[0] if isinstance(s, tuple) else i / (len(stops) - 1) for i, s in enumerate(stops)]
    colours = [rgb(s[1] if isinstance(s, tuple) else s) + rng.uniform(-12, 8) for s in stops]
    rows = np.linspace(0, 1, HEIGHT)
    column = np.stack([np.interp(rows, heights, [c[k] for c in colours]) for k in range(3)], 1)
    image[:] = np.clip(column, 0, 255)[:, None]


def lower(rng, image, level, *stops):
    """As fade, but only below a level, into which it melts."""
    below = image.copy()
    fade(rng, below, *stops)
    top = int(level * HEIGHT)
    weight = np.clip((np.arange(HEIGHT) - top) / 8, 0, 1)[:, None, None]
    stretched = cv2.resize(below, (WIDTH, HEIGHT - top), interpolation=cv2.INTER_LINEAR)
    image[top:] = image[top:] * (1 - weight[top:]) + stretched * weight[top:]


def band(rng, image, top, bottom, hexa):
    image[int(top * HEIGHT):int(bottom * HEIGHT)] = shade(rgb(hexa) + rng.uniform(-10, 10))


def panel(rng, image, left, top, right, bottom, hexa):
    cv2.rectangle(image, (int(left * WIDTH), int(top * HEIGHT)), (int(right * WIDTH), int(bottom * HEIGHT)), shade(rgb(hexa)), -1)


def outline(rng, image, left, top, right, bottom, hexa):
    """An empty box, as around a county's name."""
    cv2.rectangle(image, (int(left * WIDTH), int(top * HEIGHT)), (int(right * WIDTH), int(bottom * HEIGHT)), shade(rgb(hexa)), 1)


def border(rng, image, hexa, thick=3):
    cv2.rectangle(image, (3, 3), (WIDTH - 4, HEIGHT - 4), shade(rgb(hexa)), thick)


def peaks(rng, image, level, height, hexa, opacity=1.):
    """Jagged mountains."""
    layer = image.copy()
    ridge(rng, layer, level, height, shade(rgb(hexa)), 14)
    cv2.addWeighted(layer, opacity, image, 1 - opacity, 0, image)


def snow(rng, image, level, height, hexa="ffffff"):
    """White mountains with dark furrows, as Colorado's."""
    ridge(rng, image, level, height, shade(rgb(hexa)), 12)
    for _ in range(26):
        x, y = rng.randint(0, WIDTH), int((level + rng.uniform(-.1, .35) * 1) * HEIGHT)
        cv2.line(image, (x, y), (x + rng.randint(-9, 9), y + rng.randint(4, 14)), shade(np.full(3, rng.uniform(150, 215))), 1, cv2.LINE_AA)


def hills(rng, image, level, height, hexa, opacity=1.):
    """Smooth hills."""
    x = np.arange(WIDTH)
    y = level + height * .5 * (np.sin(x / WIDTH * rng.uniform(4, 11) + rng.uniform(0, 6)) + .4 * np.sin(x / WIDTH * 17 + rng.uniform(0, 6)))
    below = np.arange(HEIGHT)[:, None] / HEIGHT > y[None, :]
    image[below] = (image[below] * (1 - opacity) + rgb(hexa) * opacity).astype(np.uint8)


def trees(rng, image, level, height, hexa):
    """A row of firs, dark below."""
    image[int((level + height * .6) * HEIGHT):] = shade(rgb(hexa))
    for x in range(-4, WIDTH + 5, 7):
        top = (level + rng.uniform(-.35, .25) * height) * HEIGHT
        cv2.fillPoly(image, [np.array([[x, top], [x - 5, (level + height) * HEIGHT], [x + 5, (level + height) * HEIGHT]], np.int32)],
                     shade(rgb(hexa)))


def grass(rng, image, hexa, count=40, tall=.3):
    for _ in range(count):
        x = rng.randint(0, WIDTH)
        cv2.line(image, (x, HEIGHT), (x + rng.randint(-14, 14), int(HEIGHT * (1 - rng.uniform(.06, tall)))), shade(rgb(hexa) + rng.uniform(-25, 25)),
                 1, cv2.LINE_AA)


def clouds(rng, image, hexa, strength=.5):
    field = np.clip(soft_noise(rng, 5, 8), 0, 1.2) * strength
    image[:] = (image + (rgb(hexa) - image) * field[..., None]).clip(0, 255)


def texture(rng, image, strength):
    """A faint pattern in the sheet."""
    image[:] = np.clip(image + (noise(rng, HEIGHT, WIDTH) * strength)[..., None], 0, 255)


def disc(rng, image, x, y, r, hexa, thick=-1):
    cv2.circle(image, (int(x * WIDTH), int(y * HEIGHT)), int(r * HEIGHT), shade(rgb(hexa)), thick, cv2.LINE_AA)


def rainbow(rng, image, y, r):
    """Hawaii's bow, from side to side."""
    for k, hexa in enumerate(("e88a9a", "f2c27a", "f3e68a", "9ad0a0", "9ab4dc", "b49acc")):
        cv2.ellipse(image, (WIDTH // 2, int(y * HEIGHT)), (int((r - k * .03) * WIDTH), int((r - k * .03) * HEIGHT * 1.35)), 0, 180, 360,
                    shade(rgb(hexa)), 5, cv2.LINE_AA)


def waves(rng, image, level, hexa, count=3):
    for k in range(count):
        hills(rng, image, level + k * .06, .04, hexa, .25)


def rays(rng, image, x, y, hexa, opacity=.5):
    """A fan of beams."""
    layer = image.copy()
    for k in range(0, 24, 2):
        a, b = np.pi * 2 * k / 24, np.pi * 2 * (k + 1) / 24
        points = [(x * WIDTH, y * HEIGHT)] + [(x * WIDTH + np.cos(t) * 300, y * HEIGHT + np.sin(t) * 300) for t in (a, b)]
        cv2.fillPoly(layer, [np.array(points, np.int32)], shade(rgb(hexa)))
    cv2.addWeighted(layer, opacity, image, 1 - opacity, 0, image)


def skyline(rng, image, level, height, hexa):
    x = 0
    while x < WIDTH:
        w = rng.randint(5, 14)
        cv2.rectangle(image, (x, int((level - rng.uniform(0, height)) * HEIGHT)), (x + w, int(level * HEIGHT)), shade(rgb(hexa)), -1)
        x += w


def stars(rng, image, top, bottom, hexa, count=22):
    star = scaled(emblems.mask(rng, "star"), 8, 8)
    for _ in range(count):
        blend(image, star, rng.randint(0, WIDTH - 8), int(rng.uniform(top, bottom) * HEIGHT), rgb(hexa))


def slashes(rng, image, hexa, opacity=.5):
    """A broad wave from side to side, as Rhode Island's or Ohio's."""
    layer = image.copy()
    points = [(0, HEIGHT * .9), (WIDTH * .35, HEIGHT * .55), (WIDTH * .7, HEIGHT * .7), (WIDTH, HEIGHT * .3), (WIDTH, HEIGHT), (0, HEIGHT)]
    cv2.fillPoly(layer, [np.array(points, np.int32)], shade(rgb(hexa)), cv2.LINE_AA)
    cv2.addWeighted(layer, opacity, image, 1 - opacity, 0, image)


def emblem(rng, image, name, x, y, height, hexa, opacity=1.):
    layer = image.copy() if opacity < 1 else image
    emblems.paint(rng, layer, name, x * WIDTH, y * HEIGHT, height * HEIGHT, rgb(hexa))
    if opacity < 1:
        cv2.addWeighted(layer, opacity, image, 1 - opacity, 0, image)


PAINTERS = {f.__name__: f for f in (plain, fade, lower, band, panel, outline, border, peaks, snow, hills, trees, grass, clouds, texture, disc, rainbow, waves,
                                    rays, skyline, stars, slashes, emblem)}


def painted(rng, steps):
    """A background by recipe, HEIGHT×WIDTH×3 uint8."""
    image = np.full((HEIGHT, WIDTH, 3), 235, np.uint8)
    for name, *arguments in steps:
        PAINTERS[name](rng, image, *arguments)
    return image
