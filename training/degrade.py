"""From a clean plate to the crop that the recogniser sees: placement, light, optics, sensor, compression.

The geometry imitates what the finder and the rectification leave over. A crop is the quadrilateral that the finder reported,
widened by a margin and stretched to CROP_WIDTH×CROP_HEIGHT, so an error of the finder's corners shows as shear, shift and scale
of the plate inside the crop. Corner noise follows what was measured on a shipped finder (design notes, reading.md): per
corner a standard deviation of .015, .03 or .05 of the width, 1.6 times that in height, a common shift of .02, margins −.05…+.14.
"""
import math

import cv2
import numpy as np

from plates import colour, noise

CROP_WIDTH, CROP_HEIGHT = 160, 64
PLATE_ASPECT = 2.0


def place(rng, plate_size, width):
    """Perspective from plate pixels to a crop `width` pixels wide, before it is stretched. Returns (matrix, crop height, plate width)."""
    h, w = plate_size
    mx, my = rng.uniform(-.05, .14), rng.uniform(-.06, .17)
    height = int(round(width / PLATE_ASPECT))
    sd = rng.choice([.006, .015, .015, .03, .05])
    corners = np.array([[mx, my], [1 - mx, my], [1 - mx, 1 - my], [mx, 1 - my]], np.float32)
    corners += noise(rng, 4, 2) * np.array([sd, 1.6 * sd], np.float32) + noise(rng, 1, 2) * np.array([.02, .028], np.float32)
    corners[:, 0] += (corners[:, 1] - .5) * rng.gauss(0, .025)
    corners[:, 1] += (corners[:, 0] - .5) * rng.gauss(0, .035)
    target = corners * np.array([width, height], np.float32)
    source = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    return cv2.getPerspectiveTransform(source, target.astype(np.float32)), height, width * (1 - 2 * mx)


def inside(matrix, span, width, height):
    """Whether the whole registration lies in the crop (a character cut by more than about a stroke does not count)."""
    left, top, right, bottom = projected(matrix, span)
    return left > -.012 * width and right < 1.012 * width and top > -.04 * height and bottom < 1.04 * height


def surroundings(rng, height, width):
    """What stands around a plate: bodywork, shadow, edges; grey float32."""
    ground = np.full((height, width), rng.uniform(0, 220), np.float32)
    if rng.random() < .6:
        field = cv2.resize(noise(rng, rng.randint(2, 7), rng.randint(2, 9)), (width, height), interpolation=cv2.INTER_LINEAR)
        ground += field * rng.uniform(3, 45)
    for _ in range(rng.randint(0, 4)):
        cv2.line(ground, (rng.randint(0, width), rng.randint(0, height)), (rng.randint(0, width), rng.randint(0, height)),
                 rng.uniform(0, 255), rng.randint(1, max(1, width // 40)))
    return ground


def ramp(rng, height, width):
    """A linear field from −1.4 to 1.4 at a random angle."""
    angle = rng.uniform(0, 2 * math.pi)
    x = np.linspace(-1, 1, width, dtype=np.float32) * math.cos(angle)
    y = np.linspace(-1, 1, height, dtype=np.float32) * math.sin(angle)
    return y[:, None] + x[None, :]


def light(rng, image):
    """Shadow edges, gradients, glare, dirt, in place where possible."""
    height, width = image.shape
    if rng.random() < .3:
        field = ramp(rng, height, width)
        if rng.random() < .5:
            edge = np.where(field > rng.uniform(-.7, .7), rng.uniform(.3, .85), 1).astype(np.float32)
            image = image * (cv2.GaussianBlur(edge, (0, 0), rng.uniform(.5, 3)) if rng.random() < .5 else edge)
        else:
            image = image * (1 + field * rng.uniform(0, .45))
    if rng.random() < .07:
        x = np.arange(width, dtype=np.float32) - rng.uniform(0, width)
        y = np.arange(height, dtype=np.float32) - rng.uniform(0, height)
        spread = 2 * (rng.uniform(.05, .25) * width) ** 2
        image = image + rng.uniform(60, 200) * np.exp(-y * y / spread)[:, None] * np.exp(-x * x / spread)[None, :]
    if rng.random() < .06:
        for _ in range(rng.randint(1, 3)):
            cv2.ellipse(image, (rng.randint(0, width), rng.randint(0, height)),
                        (rng.randint(1, max(2, width // 20)), rng.randint(1, max(2, height // 10))), rng.randint(0, 180), 0, 360,
                        rng.uniform(0, 220), -1)
    return image


def motion_kernel(rng, length):
    n = int(math.ceil(length)) | 1
    kernel = np.zeros((n, n), np.float32)
    angle = math.radians(rng.uniform(-30, 30) if rng.random() < .7 else rng.uniform(0, 180))
    dx, dy, c = math.cos(angle) * length / 2, math.sin(angle) * length / 2, n / 2 - .5
    steps = 4 * n
    for i in range(steps):
        t = 2 * (i + .5) / steps - 1
        kernel[min(n - 1, max(0, int(round(c + dy * t)))), min(n - 1, max(0, int(round(c + dx * t))))] += 1
    return kernel / kernel.sum()


def optics(rng, image, pitch, ruin=False):
    """Defocus or motion blur. pitch is the character pitch in pixels: blur stays below what would merge characters, unless ruin."""
    if ruin:
        return cv2.GaussianBlur(image, (0, 0), pitch * rng.uniform(.55, .9))
    kind = rng.random()
    if kind < .55:
        return cv2.GaussianBlur(image, (0, 0), max(.25, min(rng.uniform(.3, 1.1) * max(1, image.shape[1] / 125), pitch * .2)))
    if kind < .7:
        length = min(rng.uniform(2, max(3, image.shape[1] / 22)), pitch * .5)
        if length > 1.2:
            return cv2.filter2D(image, -1, motion_kernel(rng, length))
    return image


def sensor(rng, image, contrast=120.):
    """Exposure, grain, gamma. contrast is that of the characters; grain stays below what would hide them."""
    gain = rng.uniform(.4, 1.2) if rng.random() < .93 else rng.uniform(1.3, 1.9)  # the last: burnt out, strokes eaten away
    image = image * gain + rng.uniform(-10, 60) * (1 if gain < .8 else .3)
    if rng.random() < .7:
        grain = min(rng.uniform(0, 10), contrast * gain * .14)
        if rng.random() < .2:  # denoised or scaled video: coarse grain
            h, w = image.shape
            image = image + cv2.resize(noise(rng, h // 2 + 1, w // 2 + 1), (w, h)) * grain * 1.3
        else:
            image = image + noise(rng, *image.shape) * grain
    image = np.clip(image, 0, 255)
    if rng.random() < .2:
        image = 255 * (image * (1 / 255)) ** rng.uniform(.5, 1.9)
    if rng.random() < .1:  # in-camera sharpening halo
        image = np.clip(image * 2 - cv2.GaussianBlur(image, (0, 0), rng.uniform(.7, 1.5)), 0, 255)
    return image.astype(np.uint8)


def compress(rng, image):
    if rng.random() < .55:
        low = 18 if image.shape[1] > 110 else 32
        image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, rng.randint(low, 92)])[1], cv2.IMREAD_GRAYSCALE)
    return image


def to_crop(rng, image):
    """Stretches to the size the recogniser takes, as the rectification does."""
    how = cv2.INTER_AREA if image.shape[1] > CROP_WIDTH else rng.choice([cv2.INTER_LINEAR, cv2.INTER_LINEAR, cv2.INTER_CUBIC])
    return cv2.resize(image, (CROP_WIDTH, CROP_HEIGHT), interpolation=how)


def contrast_in(grey, span):
    """Range of greys inside the registration, from its 10th to its 90th percentile."""
    left, top, right, bottom = (max(0, int(v)) for v in span)
    values = np.sort(grey[top:bottom:3, left:right:3], axis=None)
    return float(values[len(values) * 9 // 10] - values[len(values) // 10]) if len(values) else 0.


def grey_look(rng, image, span):
    """BGR uint8 to grey float32: as a day camera sees it, or with the flat ink and blooming sheet of infrared light.

    Returns None where ink and ground became too much alike to read.
    """
    if rng.random() < .8:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    else:
        weights = colour(rng, .05, 1)
        grey = cv2.transform(image, (weights / weights.sum())[None, :]).reshape(image.shape[:2]).astype(np.float32)
    contrast = contrast_in(grey, span)
    if contrast < 38:
        return None
    kind = rng.random()
    if kind < .10:
        grey = np.where(grey > 120, np.minimum(255, grey * rng.uniform(1.1, 1.5)), grey * rng.uniform(.3, 1))
    elif kind < .17:
        middle = grey.mean()
        grey = middle + (grey - middle) * rng.uniform(min(1, 30 / contrast), 1)
    return grey


def width_of_crop(rng, low=52, high=300):
    """Width of the crop in the camera's picture, pixels: log-uniform."""
    return int(math.exp(rng.uniform(math.log(low), math.log(high))))


def projected(matrix, span):
    """The registration's bounding box after the perspective: left, top, right, bottom."""
    left, top, right, bottom = span
    points = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], np.float32)
    x, y = cv2.perspectiveTransform(points, matrix)[0].T
    return x.min(), y.min(), x.max(), y.max()


LEAST_CONTRAST = 12  # greys between ink and ground below which a crop counts as unreadable


def plate_crop(rng, plate, grey, ruin=False):
    """One crop of a rendered plate: (CROP_HEIGHT×CROP_WIDTH uint8, readable), or None where the registration fell outside.

    With ruin the crop is made unreadable by too few pixels a character or too much blur.
    """
    width = rng.randint(12, 24) if ruin and rng.random() < .6 else width_of_crop(rng)
    for _ in range(4):
        matrix, height, plate_width = place(rng, grey.shape, width)
        if inside(matrix, plate.span, width, height):
            break
    else:
        return None
    pitch = (plate.span[2] - plate.span[0]) / max(4, len(plate.text)) * plate_width / grey.shape[1]
    if plate_width < grey.shape[1] * .7:
        grey = cv2.GaussianBlur(grey, (0, 0), grey.shape[1] / plate_width * .4)
    if rng.random() < .3:
        image = cv2.warpPerspective(grey, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    else:
        image = cv2.warpPerspective(grey, matrix, (width, height), dst=surroundings(rng, height, width),
                                    borderMode=cv2.BORDER_TRANSPARENT)
    image = optics(rng, light(rng, image), pitch, ruin and width > 24)
    image = compress(rng, sensor(rng, image, contrast_in(grey, plate.span)))
    readable = not ruin and contrast_in(image, projected(matrix, plate.span)) >= LEAST_CONTRAST
    return to_crop(rng, image), readable


def spoil(rng, image):
    """The optical and electronic part alone, for pictures that are no plate; any size in, one crop out."""
    image = optics(rng, light(rng, image.astype(np.float32)), image.shape[1] / 8)
    return to_crop(rng, compress(rng, sensor(rng, image)))
