"""What the plate renderer paints with: plate size, random fields, colours, blending. Colours are BGR, pictures uint8, y down."""
import cv2
import numpy as np

WIDTH, HEIGHT = 256, 128  # of a rendered plate, pixels, whatever its shape in metal
MASK_SCALE = 2            # lettering is drawn at twice the size, then averaged down

# Ink colours, BGR.
INKS = [(150, 60, 20), (120, 40, 10), (20, 20, 20), (30, 30, 30), (40, 20, 150), (30, 25, 180), (60, 90, 20), (40, 80, 10),
        (100, 30, 60), (60, 50, 50), (140, 80, 40), (90, 40, 20)]

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


def rgb(text):
    """"1a2b3c" as written on the web, as float32 BGR."""
    return np.array([int(text[i:i + 2], 16) for i in (4, 2, 0)], np.float32)


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
    blue, green, red = (min(255., max(0., float(v))) for v in ink)
    part = mask[y0 - y:y1 - y, x0 - x:x1 - x]
    if opacity != 1:
        part = cv2.convertScaleAbs(part, alpha=float(opacity))
    # In whole bytes: seven times as fast as in floating point, wrong by two greys at most.
    painted = cv2.merge([cv2.convertScaleAbs(part, alpha=v / 255) for v in (blue, green, red)])
    place = image[y0:y1, x0:x1]
    place[:] = cv2.add(cv2.multiply(place, cv2.bitwise_not(cv2.cvtColor(part, cv2.COLOR_GRAY2BGR)), scale=1 / 255), painted)


def mean(image):
    """Mean colour of a picture, BGR."""
    return np.array(cv2.mean(image)[:3], np.float32)


def fitted(mask, height, max_width):
    """A mask scaled to the height, or less where it would become wider than max_width; pixels."""
    scale = min(height / mask.shape[0], max_width / mask.shape[1])
    return scaled(mask, mask.shape[1] * scale, mask.shape[0] * scale)


def scaled(mask, width, height):
    return cv2.resize(mask, (max(2, int(width)), max(2, int(height))), interpolation=cv2.INTER_AREA)
