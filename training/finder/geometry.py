"""Poses, quads, and painting onto them. Coordinates are continuous: pixel i covers [i, i+1)."""
import math

import cv2
import numpy as np

from finder.dice import between, chance, rnd


def pose_quad(width, aspect, yaw, pitch, roll, distance):
    """Quad, centred on zero, of a plate seen by a pinhole camera.

    width is the apparent width in pixels if it faced the camera, angles are radians, distance is in plate widths (small means
    strong perspective)."""
    w, h = .5, .5 * aspect
    p = np.array([[-w, -h, 0], [w, -h, 0], [w, h, 0], [-w, h, 0]])
    cy, sy, cp, sp, cr, sr = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch), math.cos(roll), math.sin(roll)
    turn = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]]) @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    p = p @ turn.T
    return (p[:, :2] * (distance / (distance + p[:, 2:])) * width).astype(np.float32)


def random_pose():
    """Yaw, pitch, roll in radians: mostly mild, at most 48 degrees of yaw and 35 of the others."""
    wide, limit = math.radians(48), math.radians(35)
    yaw = rnd.gauss(0, .28) if chance(.75) else between(-wide, wide)
    pitch = rnd.gauss(0, .15) if chance(.85) else between(-limit, limit)
    roll = rnd.gauss(0, .06) if chance(.85) else between(-limit, limit)
    return [max(-wide, min(wide, yaw)), max(-limit, min(limit, pitch)), max(-limit, min(limit, roll))]


def paste(canvas, image, quad, alpha=1.0):
    """Warps image (grey float32) onto quad of canvas in place, anti-aliased on both sides."""
    size = max(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3]), 3), max(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1]), 3)
    w, h = min(image.shape[1], int(size[0] * 1.25) + 1), min(image.shape[0], int(size[1] * 1.25) + 1)
    small = cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA)
    # A transparent rim lets the warp's own interpolation soften the plate's edge, which lies at -.5 in OpenCV's pixel-centre
    # coordinates.
    small = cv2.copyMakeBorder(small, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    mask = np.zeros_like(small)
    mask[1:-1, 1:-1] = alpha
    x0, y0 = np.maximum(np.floor(quad.min(0)).astype(int) - 2, 0)
    x1, y1 = np.minimum(np.ceil(quad.max(0)).astype(int) + 2, (canvas.shape[1], canvas.shape[0]))
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    source = np.array([[.5, .5], [w + .5, .5], [w + .5, h + .5], [.5, h + .5]], np.float32)
    m = cv2.getPerspectiveTransform(source, (quad - .5 - np.array([x0, y0])).astype(np.float32))
    warped = cv2.warpPerspective(small, m, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.warpPerspective(mask, m, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR)
    part = canvas[y0:y1, x0:x1]
    part += (warped - part) * cover


def fill(canvas, points, value):
    """Anti-aliased polygon of continuous points [n, 2]."""
    cv2.fillPoly(canvas, [np.round((np.asarray(points) - .5) * 16).astype(np.int32)], float(value), cv2.LINE_8, 4)


def frame_of(quad, width_m, height_m):
    """Maps metres around the plate's centre (x right, y down) to pixels along the plate's own axes."""
    centre = quad.mean(0)
    ex = ((quad[1] - quad[0]) + (quad[2] - quad[3])) / 2 / width_m
    ey = ((quad[3] - quad[0]) + (quad[2] - quad[1])) / 2 / height_m
    return lambda pts: centre + np.asarray(pts, np.float32)[:, :1] * ex + np.asarray(pts, np.float32)[:, 1:] * ey


def box(x0, y0, x1, y1, taper=0.0):
    return [[x0 + taper, y0], [x1 - taper, y0], [x1, y1], [x0, y1]]


def rounded(x0, y0, x1, y1, r):
    """Rounded rectangle as a polygon."""
    out = []
    for cx, cy, a in ((x1 - r, y0 + r, -90), (x1 - r, y1 - r, 0), (x0 + r, y1 - r, 90), (x0 + r, y0 + r, 180)):
        out += [[cx + r * math.cos(math.radians(a + t)), cy + r * math.sin(math.radians(a + t))] for t in (0, 30, 60, 90)]
    return out


def stencil(scene, mask, quad, value):
    """Paints a coverage mask [h, w] in one grey onto quad of scene, in place."""
    size = [int(np.linalg.norm(quad[1] - quad[0])) + 1, int(np.linalg.norm(quad[3] - quad[0])) + 1]
    x0, y0 = np.maximum(np.floor(quad.min(0)).astype(int) - 1, 0)
    x1, y1 = np.minimum(np.ceil(quad.max(0)).astype(int) + 2, (scene.shape[1], scene.shape[0]))
    if min(size) < 3 or x1 - x0 < 3 or y1 - y0 < 3:
        return
    w, h = min(mask.shape[1], size[0]), min(mask.shape[0], size[1])
    source = np.array([[-.5, -.5], [w - .5, -.5], [w - .5, h - .5], [-.5, h - .5]], np.float32)
    m = cv2.getPerspectiveTransform(source, (quad - .5 - np.array([x0, y0])).astype(np.float32))
    cover = cv2.warpPerspective(cv2.resize(mask, (w, h), interpolation=cv2.INTER_AREA), m, (int(x1 - x0), int(y1 - y0)))
    part = scene[y0:y1, x0:x1]
    part += (value - part) * cover


def visible_share(quad, width, height):
    """Share of the quad's bounding box inside the picture."""
    (x0, y0), (x1, y1) = quad.min(0), quad.max(0)
    inside = max(0, min(width, x1) - max(0, x0)) * max(0, min(height, y1) - max(0, y0))
    return inside / max(1e-6, (x1 - x0) * (y1 - y0))
