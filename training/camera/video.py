"""What recorders do to a picture: H.264 at a low bit rate, and the comb of interlaced cameras.

H.264 is the real thing: pictures of about one size are laid out as tiles of a short clip in which each moves a little, encoded by
ffmpeg (libx264) with few bits, decoded, and cut out again. Without ffmpeg nothing is encoded; `encoder()` tells.
"""
import shutil
import subprocess

import cv2
import numpy as np

from drawing.canvas import noise

FRAMES = 3            # of each sheet of tiles; the last one is used, two predictions away from the first
SHEET = 960, 544      # width and height of a frame
CLIPS = 4             # of different quantisers that the sheets are shared among: starting ffmpeg costs more than encoding


def encoder():
    """The path of ffmpeg, or None."""
    return shutil.which("ffmpeg")


def comb(rng, image):
    """Two fields, half a frame apart, of something that moves sideways; or one field drawn twice. uint8 in, uint8 out."""
    if rng.random() < .3:
        field = image[rng.randint(0, 1)::2]
        return cv2.resize(field, image.shape[::-1], interpolation=rng.choice([cv2.INTER_LINEAR, cv2.INTER_NEAREST]))
    out, step = image.copy(), rng.choice([-1, 1]) * rng.randint(1, max(1, min(4, image.shape[1] // 60)))
    out[1::2] = np.roll(image[1::2], step, 1)
    return out


def sheets(sizes):
    """Lays tiles of the given (height, width) out on frames: [[(index, x, y)]] for each frame."""
    order = sorted(range(len(sizes)), key=lambda i: -sizes[i][0])
    frames, x, y, row = [], 0, SHEET[1], 0
    for i in order:
        h, w = sizes[i]
        if x + w > SHEET[0]:
            x, y, row = 0, y + row, 0
        if not frames or y + h > SHEET[1]:
            frames.append([])
            x, y, row = 0, 0, 0
        frames[-1].append((i, x, y))
        x, row = x + w + w % 2, max(row, h)
    return frames


def encode(frames, quantiser, preset):
    """Grey frames [n, h, w] uint8 through x264 at a constant quantiser, a key frame every FRAMES; what a player shows, or None
    when it fails."""
    n, h, w = frames.shape
    raw = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", "%dx%d" % (w, h)]
    quiet = [encoder(), "-v", "error", "-nostdin"]
    made = subprocess.run(quiet + raw + ["-r", "15", "-i", "-", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", preset, "-threads", "1",
                                         "-bf", "0", "-g", str(FRAMES), "-sc_threshold", "0", "-qp", str(quantiser), "-f", "h264", "-"],
                          input=frames.tobytes(), stdout=subprocess.PIPE)
    shown = subprocess.run(quiet + ["-threads", "1", "-f", "h264", "-i", "-", "-vf", "format=gray", "-f", "rawvideo", "-"], input=made.stdout,
                           stdout=subprocess.PIPE)
    if len(shown.stdout) != n * h * w:
        return None
    return np.frombuffer(shown.stdout, np.uint8).reshape(n, h, w)


def through(rng, images):
    """Each grey uint8 picture as the last frame of a clip of low bit rate shows it. Sizes up to SHEET; larger ones come back as they are."""
    out = list(images)
    fits = [i for i, m in enumerate(images) if m.shape[0] <= SHEET[1] and m.shape[1] <= SHEET[0]]
    if not encoder() or not fits:
        return out
    laid = sheets([images[i].shape for i in fits])
    for first in range(min(CLIPS, len(laid))):
        mine = laid[first::CLIPS]
        clip = np.full((len(mine), FRAMES, SHEET[1], SHEET[0]), 110, np.uint8)
        for n, sheet in enumerate(mine):
            for k, x, y in sheet:
                paint(rng, clip[n], images[fits[k]], x, y)
        shown = encode(clip.reshape(-1, SHEET[1], SHEET[0]), rng.randint(24, 36), rng.choice(["ultrafast", "veryfast"]))
        if shown is None:
            continue
        for n, sheet in enumerate(mine):
            for k, x, y in sheet:
                h, w = images[fits[k]].shape
                out[fits[k]] = shown[n * FRAMES + FRAMES - 1, y:y + h, x:x + w].copy()
    return out


def paint(rng, frames, image, x, y):
    """A tile into the frames of its sheet, moving towards where the picture has it; the picture itself last."""
    h, w = image.shape
    dx, dy = rng.gauss(0, 2), rng.gauss(0, 1)
    for t in range(FRAMES - 1):
        back = FRAMES - 1 - t
        moved = cv2.warpAffine(image, np.float32([[1, 0, dx * back], [0, 1, dy * back]]), (w, h), borderMode=cv2.BORDER_REPLICATE)
        frames[t, y:y + h, x:x + w] = np.clip(moved + noise(rng, h, w) * 2, 0, 255)
    frames[-1, y:y + h, x:x + w] = image
