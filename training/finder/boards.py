"""What bears letters and is no plate: signs, stickers, shop fronts, burnt-in text."""
import string

import cv2
import numpy as np

from finder.dice import between, chance, log_between, rnd
from finder.geometry import paste, pose_quad, random_pose, stencil
from finder.lettering import lay, lettering, pick

BADGES = ("TOYOTA HONDA CIVIC ACCORD Corolla CAMRY F-150 XLT SILVERADO Silverado RAM 1500 JEEP Wrangler 4x4 AWD HYBRID Turbo V6 "
          "TDI GTI 320d 530i A4 A6 quattro Logan DACIA Sandero Duster RENAULT Clio Megane OPEL Astra Corsa VOLVO XC60 XC90 KIA "
          "Sorento HYUNDAI Tucson Elantra NISSAN Altima Rogue SUBARU Outback MAZDA CX-5 FORD Focus Fiesta Transit SPRINTER "
          "Golf Passat PEUGEOT 308 SKODA Octavia Fabia SUZUKI LEXUS RX350 TESLA DUAL MOTOR Limited SPORT LT LS EX SE ECO").split()
WORDS = ("Pizza Kebab Farmacia Bank Hotel Open Sale Taxi School Coffee Market Auto Service Parts Tires Rent Parking EXIT STOP Casa "
         "Non-Stop Diner Motel Fresh Best Prices Happy Kids Baby on Board Proud Parent Vote Peace Love Dog Lawn Care Plumbing "
         "Heating Electric Roofing Transport Logistics Express Delivery Police Ambulance Keep Distance Wide Turns").split()


def sentence():
    """Words as on signs, stickers and vans."""
    kind = rnd.random()
    if kind < .3:
        return rnd.choice(["(%s) %s-%s", "%s-%s-%s", "%s.%s.%s", "%s %s %s"]) % (pick(string.digits, 3), pick(string.digits, 3), pick(string.digits, 4))
    if kind < .4:
        return "www." + rnd.choice(WORDS).lower() + rnd.choice([".com", ".net", ".ro", ".org"])
    if kind < .5:
        return rnd.choice(["SPEED LIMIT", "ONE WAY", "NO PARKING", "24h", "-50%", "$%s.99" % pick(string.digits, 2), "A1", "DN 7"])
    words = " ".join(rnd.sample(WORDS, rnd.randint(1, 4)))
    return words.upper() if chance(.4) else words


def stamp():
    """A burnt-in recorder line."""
    date = "%04d%s%02d%s%02d" % (rnd.randint(2008, 2027), *(lambda s: (s, rnd.randint(1, 12), s))(rnd.choice("-/.")), rnd.randint(1, 28))
    time = "%02d:%02d:%02d" % (rnd.randint(0, 23), rnd.randint(0, 59), rnd.randint(0, 59))
    return rnd.choice(["%s %s" % (date, time), time, date, "CAM %d %s %s" % (rnd.randint(1, 16), date, time), "%s %d KM/H" % (time, rnd.randint(0, 130)),
                       "N:45.%s W:78.%s" % (pick(string.digits, 4), pick(string.digits, 4)), "Camera %02d" % rnd.randint(1, 12)])


def board(scene):
    """A sign, sticker, shop front or painted text at a random place, turned and lit: never a plate."""
    height, width = scene.shape
    kind = rnd.random()
    bare = kind < .35
    if bare:
        image = lettering(sentence() if chance(.6) else rnd.choice(BADGES))
    else:
        strips = [lettering(sentence()) for _ in range(1 if kind < .6 else rnd.randint(2, 5))]
        w = max(s.shape[1] for s in strips) + rnd.randint(8, 60)
        h = sum(s.shape[0] + 8 for s in strips) + rnd.randint(6, 40)
        if chance(.15):  # a blank board, a reflector
            w, h, strips = rnd.randint(60, 300), rnd.randint(30, 120), []
        paper = between(0, 255)
        image = np.full((h, w), paper, np.float32)
        ink = (paper + between(90, 200)) if paper < 128 else paper - between(90, 200)
        y = rnd.randint(3, 8)
        for s in strips:
            scale = between(.6, 1)
            lay(image, s, (w - s.shape[1] * scale) / 2 if chance(.8) else 6, y, s.shape[1] * scale, s.shape[0] * scale, ink)
            y += s.shape[0] + 6
        if chance(.4):
            cv2.rectangle(image, (3, 3), (w - 4, h - 4), float(ink), rnd.randint(1, 4))
    tall = log_between(5, 40) * (1 if image.shape[0] < 90 else 2)
    wide = tall * image.shape[1] / image.shape[0]
    if wide > width * .95:
        tall, wide = tall * width * .95 / wide, width * .95
    quad = pose_quad(wide, tall / wide, *random_pose(), between(3, 9)) + np.array([between(0, width), between(0, height)], np.float32)
    if bare:
        stencil(scene, image, quad, between(0, 255))
    else:
        paste(scene, image * between(.5, 1.1), quad)


def burn_in(scene):
    """Recorder text over the finished picture, upright and sharp."""
    height, width = scene.shape
    mask = lettering(stamp(), height=24)
    h = log_between(6, 22)
    w = min(h * mask.shape[1] / mask.shape[0], width * .9)
    x = rnd.choice([between(0, 10), width - w - between(0, 10), between(0, max(1, width - w))])
    y = rnd.choice([between(0, 8), height - h - between(0, 8)])
    if chance(.3):
        cv2.rectangle(scene, (int(x) - 2, int(y) - 2), (int(x + w) + 2, int(y + h) + 2), rnd.choice([0., 40., 255.]), -1)
    if chance(.4):
        lay(scene, mask, x + 1, y + 1, w, h, 0)
    lay(scene, mask, x, y, w, h, rnd.choice([255., 255., 220., 0.]))
