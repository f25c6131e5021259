"""Light and lens of a scene."""
import math

import cv2
import numpy as np

from finder.dice import between, chance, rnd


def glow(scene, centre, radius, strength):
    """Adds a lamp with its bloom in place."""
    height, width = scene.shape
    y, x = np.ogrid[:height, :width]
    d2 = (x - float(centre[0])) ** 2 + (y - float(centre[1])) ** 2
    scene += (strength * np.exp(-d2 / (2 * radius * radius))).astype(np.float32)
    if chance(.5):
        scene += (strength * .25 * np.exp(-d2 / (2 * (radius * 4) ** 2))).astype(np.float32)


def shade(scene):
    """A shadow's edge, or light falling off to one side, in place."""
    height, width = scene.shape
    angle = between(0, 2 * math.pi)
    y, x = np.mgrid[-1:1:complex(0, height), -1:1:complex(0, width)].astype(np.float32)
    z = x * math.cos(angle) + y * math.sin(angle)
    if chance(.4):
        edge = 1 / (1 + np.exp(-np.clip((z - between(-.7, .7)) * between(10, 120), -30, 30)))
        scene *= 1 - edge * between(.2, .65)
    else:
        scene *= 1 + z * between(.05, .45)


def lens(scene, soft=1.0):
    """Focus, motion, lost resolution, exposure, noise and compression: float32 in, uint8 out."""
    height, width = scene.shape
    kind = rnd.random()
    if kind < .4:
        scene = cv2.GaussianBlur(scene, (0, 0), between(.3, 1.1) * soft)
    elif kind < .47:
        scene = cv2.GaussianBlur(scene, (0, 0), between(1.1, 2.2) * soft)
    elif kind < .62:
        n = rnd.randint(3, 9)
        kernel = np.zeros((n, n), np.float32)
        kernel[n // 2] = 1
        angle = between(-25, 25) if chance(.7) else between(0, 180)
        kernel = cv2.warpAffine(kernel, cv2.getRotationMatrix2D((n / 2 - .5, n / 2 - .5), angle, 1), (n, n))
        scene = cv2.filter2D(scene, -1, kernel / max(kernel.sum(), 1e-3))
    if chance(.25):
        k = between(1.2, 2.6)
        scene = cv2.resize(cv2.resize(scene, (int(width / k), int(height / k)), interpolation=cv2.INTER_AREA), (width, height), interpolation=cv2.INTER_LINEAR)
    if chance(.15):  # over-sharpened, as cameras do
        scene = scene + (scene - cv2.GaussianBlur(scene, (0, 0), 1.2)) * between(.4, 1.6)
    if chance(.5):
        scene = scene * between(.5, 1.2) + between(-20, 40)
    if chance(.6):
        scene = scene + np.random.standard_normal(scene.shape).astype(np.float32) * between(0, 10)
    scene = np.clip(scene, 0, 255)
    if chance(.3):
        scene = 255 * (scene / 255) ** between(.5, 1.9)
    out = scene.astype(np.uint8)
    if chance(.65):
        out = cv2.imdecode(cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, rnd.randint(20, 92)])[1], cv2.IMREAD_GRAYSCALE)
    return out
