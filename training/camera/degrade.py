"""From a clean plate to the crop that the recogniser sees: placement, light, optics, sensor, compression, rectification.

Three steps, as in the program: `photograph` puts a plate into a small picture at the size and angle at which a camera has it and spoils that
picture; `Shot.picture` may then go through a video encoder (camera/video.py); `rectify` straightens the plate with corners as wrong as a
finder's. The corner noise follows FINDER.md's table; the margins are those around what internal/ocr reads (.04 and .12).

A crop's label says what can be seen in it: a character of which less than SEEN shows, because something covers it or an edge
cuts it, is UNREADABLE; one cut off almost wholly at an end is not labelled.
"""
import math
from typing import List, NamedTuple

import cv2
import numpy as np

from camera import weather
from camera.weather import ramp
from drawing.canvas import colour, noise

CROP_WIDTH, CROP_HEIGHT = 160, 64
PLATE_ASPECT = 2.0
SEEN = .6      # of a character: below, it can't be read
TRACE = .12    # of a character at a cut end: below, nobody would say that something stands there
UNREADABLE = 73
LEAST_DETAIL = 6.  # spread of the strokes' greys, of a crop, below which nobody can read it


class Shot(NamedTuple):
    picture: np.ndarray   # grey uint8, a plate and what stands around it
    matrix: np.ndarray    # 3×3: plate pixels to the picture's
    size: tuple           # height, width of the plate's own picture
    boxes: np.ndarray     # [characters, 4] left, top, right, bottom in plate pixels; one for all where they aren't known
    hidden: np.ndarray    # [characters] share that something covers
    classes: List[int]
    width: float          # of the plate in the picture, pixels


# -- placement ---------------------------------------------------------------------------------------------------------

def plate_width(rng):
    """Width of a plate in the camera's picture, pixels: 34–240, most 45–120."""
    low, high = (45, 120) if rng.random() < .6 else (34, 240)
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def pose(rng, width):
    """The plate's corners in a picture, tl, tr, br, bl, float32 [4, 2], its upper left near (0, 0): yaw to ±40°, pitch, roll."""
    yaw = max(-.7, min(.7, rng.gauss(0, .28)))
    height = width / PLATE_ASPECT / math.cos(yaw) * rng.uniform(.86, 1.06)
    taper, lean = math.sin(yaw) * rng.uniform(0, .1), rng.gauss(0, .012)
    corners = np.array([[-.5 + lean, -.5 - taper], [.5 - lean, -.5 + taper], [.5 + lean, .5 - taper], [-.5 - lean, .5 + taper]], np.float32)
    corners *= np.array([width, height], np.float32)
    corners[:, 1] += corners[:, 0] * math.tan(yaw) * rng.uniform(-.15, .15)
    corners[:, 0] += corners[:, 1] * rng.gauss(0, .05)
    roll = rng.gauss(0, .035) if rng.random() < .9 else rng.gauss(0, .15)
    c, s = math.cos(roll), math.sin(roll)
    return corners @ np.array([[c, s], [-s, c]], np.float32)


def place(rng, size, width, cut=False):
    """Where the plate comes to lie: (matrix from plate pixels, picture's (width, height)); with cut the picture's edge cuts it."""
    corners = pose(rng, width)
    low, high = corners.min(0), corners.max(0)
    border = (high - low) * np.array([rng.uniform(.12, .24), rng.uniform(.14, .3)], np.float32) + 3
    first, last = low - border, high + border
    if cut:
        side, share = rng.choice([0, 0, 0, 1, 1, 1, 2, 3]), rng.uniform(.02, .42)
        if side == 0:
            first[0] = low[0] + share * (high[0] - low[0])
        elif side == 1:
            last[0] = high[0] - share * (high[0] - low[0])
        elif side == 2:
            first[1] = low[1] + share * (high[1] - low[1])
        else:
            last[1] = high[1] - share * (high[1] - low[1])
    corners -= first
    h, w = size
    source = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    span = np.maximum(8, np.round(last - first)).astype(int)
    return cv2.getPerspectiveTransform(source, corners.astype(np.float32)), (int(span[0]), int(span[1]))


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


def inner_points(boxes, across=5, down=5):
    """A grid of points inside every box: float32 [boxes, across × down, 2]."""
    boxes = np.asarray(boxes, np.float32)
    u, v = np.meshgrid((np.arange(across, dtype=np.float32) + .5) / across, (np.arange(down, dtype=np.float32) + .5) / down)
    x = boxes[:, 0:1] + (boxes[:, 2:3] - boxes[:, 0:1]) * u.reshape(1, -1)
    y = boxes[:, 1:2] + (boxes[:, 3:4] - boxes[:, 1:2]) * v.reshape(1, -1)
    return np.stack([x, y], 2)


def mapped(points, matrix):
    """[n, k, 2] points through a 3×3 matrix."""
    return cv2.perspectiveTransform(points.reshape(1, -1, 2), matrix).reshape(points.shape)


def within(points, width, height):
    """Share of each row's points inside a width × height picture."""
    x, y = points[..., 0], points[..., 1]
    return ((x > 0) & (x < width) & (y > 0) & (y < height)).mean(1)


def projected(matrix, span):
    """The registration's bounding box after the perspective: left, top, right, bottom."""
    left, top, right, bottom = span
    points = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], np.float32)
    x, y = cv2.perspectiveTransform(points, matrix)[0].T
    return x.min(), y.min(), x.max(), y.max()


# -- light, optics, sensor ---------------------------------------------------------------------------------------------

def light(rng, image, scale=None):
    """Shadows, gradients, glare, dirt and weather. scale is the plate's width in the picture."""
    height, width = image.shape
    scale = scale or width
    if rng.random() < .18:
        image = weather.shadows(rng, image, scale)
    if rng.random() < .2:
        image = weather.low_sun(rng, image) if rng.random() < .4 else image * (1 + ramp(rng, height, width) * rng.uniform(0, .45))
    kind = rng.random()
    if kind < .05:
        image = image + rng.uniform(60, 200) * weather.spot(rng, height, width, rng.uniform(0, width), rng.uniform(0, height),
                                                            rng.uniform(.05, .25) * scale)
    elif kind < .09:
        image = weather.headlamps(rng, image, scale)
    elif kind < .12:
        image = weather.rain(rng, image, scale)
    elif kind < .14:
        image = weather.snow(rng, image, scale)
    elif kind < .17:
        image = weather.haze(rng, image)
    elif kind < .24:
        image = weather.spatter(rng, image, scale)
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


def optics(rng, image, pitch):
    """Defocus or the smear of a slow shutter. pitch is the character pitch in pixels: blur stays below what would merge characters."""
    kind = rng.random()
    if kind < .55:
        return cv2.GaussianBlur(image, (0, 0), max(.25, min(rng.uniform(.3, 1.1) * max(1, image.shape[1] / 160), pitch * .15)))
    if kind < .74:
        length = min(rng.uniform(1.5, max(3, image.shape[1] / 26)), pitch * .45)
        if length > 1.2:
            return cv2.filter2D(image, -1, motion_kernel(rng, length))
    return image


def sensor(rng, image, contrast=120., night=False):
    """Exposure, grain, gamma. contrast is that of the characters; grain stays below what would hide them."""
    gain = rng.uniform(.4, 1.2) if rng.random() < .93 else rng.uniform(1.3, 1.9)  # the last: burnt out, strokes eaten away
    image = image * gain + rng.uniform(-10, 60) * (1 if gain < .8 else .3)
    if night or rng.random() < .7:
        grain = min(rng.uniform(3, 18) if night else rng.uniform(0, 9), contrast * gain * (.16 if night else .12))
        if rng.random() < .25:  # denoised or scaled video: coarse grain
            h, w = image.shape
            image = image + cv2.resize(noise(rng, h // 2 + 1, w // 2 + 1), (w, h)) * grain * 1.3
        else:
            image = image + noise(rng, *image.shape) * grain
    image = np.clip(image, 0, 255)
    if rng.random() < .2:
        image = 255 * (image * (1 / 255)) ** rng.uniform(.5, 1.9)
    how = rng.random()
    if how < .1:  # in-camera sharpening halo
        image = np.clip(image * 2 - cv2.GaussianBlur(image, (0, 0), rng.uniform(.7, 1.5)), 0, 255)
    image = image.astype(np.uint8)
    if how > (.6 if night else .97):  # in-camera denoising: smears what is left of small strokes
        image = cv2.medianBlur(image, 3) if rng.random() < .4 else cv2.bilateralFilter(image, 5, rng.uniform(10, 40), 2)
    return image


def compress(rng, image, share=.5):
    if rng.random() < share:
        low = 18 if image.shape[1] > 110 else 32
        image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, rng.randint(low, 92)])[1], cv2.IMREAD_GRAYSCALE)
    return image


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


# -- the whole way -----------------------------------------------------------------------------------------------------

def photograph(rng, plate, grey, classes, clean_bits=False):
    """A picture with the plate in it: a Shot, or None where nothing could be read. clean_bits leaves compression to a video encoder."""
    known = len(getattr(plate, "boxes", ())) == len(plate.text)
    boxes = np.array(plate.boxes if known else [plate.span], np.float32)
    width = plate_width(rng)
    matrix, size = place(rng, grey.shape, width, known and rng.random() < .05)
    if width < grey.shape[1] * .7:
        grey = cv2.GaussianBlur(grey, (0, 0), grey.shape[1] / width * .4)
    around = rng.random()
    if around < .3:
        image = cv2.warpPerspective(grey, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    else:
        image = cv2.warpPerspective(grey, matrix, size, dst=surroundings(rng, size[1], size[0]), borderMode=cv2.BORDER_TRANSPARENT)
    box, contrast = projected(matrix, plate.span), contrast_in(grey, plate.span)
    hidden = np.zeros(len(boxes), np.float32)
    if known and rng.random() < .02:
        image, mask = weather.hide(rng, image, box)
        at = mapped(inner_points(boxes, 7, 7), matrix)
        x = np.clip(at[..., 0], 0, size[0] - 1).astype(int)
        y = np.clip(at[..., 1], 0, size[1] - 1).astype(int)
        hidden = (mask[y, x] > 127).mean(1)
    night = rng.random() < .1
    if night and rng.random() < .6:
        image = weather.bloom(rng, image, width)
    if night and rng.random() < .3:
        image = weather.headlamps(rng, image, width)
    pitch = (plate.span[2] - plate.span[0]) / max(4, len(plate.text)) * width / grey.shape[1]
    image = optics(rng, light(rng, image, width), pitch)
    image = sensor(rng, image, contrast, night)
    if not clean_bits:
        image = compress(rng, image)
    return Shot(image, matrix, grey.shape, boxes, hidden, list(classes), width)


# Standard deviations of a corner along the plate's width and height, and of all four together, by plate width (FINDER.md, robust).
CORNER_NOISE = ((45, .030, .070, .034, .050), (60, .026, .062, .032, .048), (100, .024, .056, .029, .036), (1e9, .020, .050, .027, .028))


def reported(rng, shot):
    """The plate's corners as a finder would report them: [4, 2] in the picture."""
    _, sx, sy, tx, ty = next(row for row in CORNER_NOISE if shot.width < row[0])
    own = rng.choice([.25, .5, .8, 1.2, 1.7])
    shared = rng.choice([.3, .7, 1, 1.4])
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    uv += noise(rng, 4, 2) * np.array([sx, sy], np.float32) * own + noise(rng, 1, 2) * np.array([tx, ty], np.float32) * shared
    if rng.random() < .05:  # the recess or a frame taken for the plate
        uv = (uv - .5) * np.array([rng.uniform(1, 1.5), rng.uniform(1, 1.4)], np.float32) + .5
    h, w = shot.size
    corners = cv2.perspectiveTransform((uv * np.array([w, h], np.float32))[None], shot.matrix)[0]
    if rng.random() < .5:
        ph, pw = shot.picture.shape
        corners = np.clip(corners, [0, 0], [pw, ph]).astype(np.float32)
    return corners


def margin_quad(corners, margin):
    """The corners widened by margin of the plate's size on each side, as internal/ocr does it."""
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    to = cv2.getPerspectiveTransform(unit, np.asarray(corners, np.float32))
    return cv2.perspectiveTransform(((unit - .5) * (1 + 2 * margin) + .5)[None], to)[0]


def labelled(shot, matrix):
    """Classes of what a crop shows; matrix takes plate pixels to the crop's. None where too little is left."""
    points = inner_points(shot.boxes)
    h, w = shot.picture.shape
    seen = np.minimum(within(mapped(points, shot.matrix), w, h), within(mapped(points, matrix), CROP_WIDTH, CROP_HEIGHT))
    if (seen > .95).all() and not shot.hidden.any():
        return shot.classes
    if len(shot.boxes) != len(shot.classes):
        return None
    out = []
    for c, part, hidden in zip(shot.classes, seen, shot.hidden):
        if part >= TRACE:
            out.append(c if part * (1 - hidden) >= SEEN else UNREADABLE)
    return out if sum(c != UNREADABLE for c in out) >= min(2, len(shot.classes)) else None


def rectify(rng, shot, picture=None):
    """One crop of a shot: (CROP_HEIGHT×CROP_WIDTH uint8, classes), or None where too little of the registration is in it."""
    picture = shot.picture if picture is None else picture
    quad = margin_quad(reported(rng, shot), rng.choice([.04, .12, rng.uniform(-.02, .18)]))
    target = np.array([[0, 0], [CROP_WIDTH, 0], [CROP_WIDTH, CROP_HEIGHT], [0, CROP_HEIGHT]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    whole = matrix @ shot.matrix
    if not np.isfinite(whole).all():
        return None
    classes = labelled(shot, whole)
    if classes is None:
        return None
    across = max(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3]))
    scale = int(across / CROP_WIDTH + .8) or 1
    if scale > 1:
        matrix = np.diag([scale, scale, 1.]) @ matrix
    how = cv2.INTER_CUBIC if scale == 1 and rng.random() < .25 else cv2.INTER_LINEAR
    crop = cv2.warpPerspective(picture, matrix, (CROP_WIDTH * scale, CROP_HEIGHT * scale), flags=how, borderMode=cv2.BORDER_REPLICATE)
    if scale > 1:
        crop = cv2.resize(crop, (CROP_WIDTH, CROP_HEIGHT), interpolation=cv2.INTER_AREA)
    span = shot.boxes[:, 0].min(), shot.boxes[:, 1].min(), shot.boxes[:, 2].max(), shot.boxes[:, 3].max()
    return (crop, classes) if detail(crop, projected(whole, span)) >= LEAST_DETAIL else None


def detail(crop, box):
    """How strongly strokes stand out in a part of a crop: the spread of its greys between the scale of grain and that of a
    character. Shadows, gradients and grain hardly count."""
    left, top, right, bottom = box
    part = crop[max(0, int(top)):max(2, int(bottom)), max(0, int(left)):max(2, int(right))]
    if part.size < 64:
        return 0.
    return float((cv2.GaussianBlur(part, (0, 0), 1.3).astype(np.float32) - cv2.GaussianBlur(part, (0, 0), 7)).std())


def to_crop(rng, image):
    """Stretches to the size the recogniser takes."""
    how = cv2.INTER_AREA if image.shape[1] > CROP_WIDTH else rng.choice([cv2.INTER_LINEAR, cv2.INTER_LINEAR, cv2.INTER_CUBIC])
    return cv2.resize(image, (CROP_WIDTH, CROP_HEIGHT), interpolation=how)


def spoil(rng, image):
    """The optical and electronic part alone, for pictures that are no plate; any size in, one crop out."""
    image = optics(rng, light(rng, image.astype(np.float32)), image.shape[1] / 8)
    return to_crop(rng, compress(rng, sensor(rng, image)))
