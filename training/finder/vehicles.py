"""Vehicles around a plate, what it hangs in, what hangs before it."""
import cv2
import numpy as np

from finder.backgrounds import cloud
from finder.boards import BADGES, WORDS, sentence
from finder.dice import between, chance, rnd
from finder.geometry import box, fill, rounded, stencil
from finder.lettering import lettering


def letters_at(scene, text, place, x, y, h, value, stretch=1.0):
    """Lettering of height h metres centred at x, y metres of a vehicle, along its axes."""
    mask = lettering(text)
    w = h * mask.shape[1] / mask.shape[0] * stretch
    stencil(scene, mask, place(box(x - w / 2, y - h / 2, x + w / 2, y + h / 2)).astype(np.float32), value)


def recess(scene, place, plate_w, plate_h, paint):
    """What a plate sits in or on: a pressed recess, often much wider than the plate, a bracket, a chrome surround, lamps at
    its sides and above. These edges run along the plate's own and are what corners are most often taken from by mistake."""
    wide = chance(.45)
    ex, ey = plate_w / 2 + (between(.05, .3) if wide else between(.005, .06)), plate_h / 2 + between(.005, .1)
    dx, dy = between(-.01, .01), between(-.04, .03)
    tone = paint * between(.3, 1.1) if chance(.7) else between(5, 245)
    corner = between(.003, .05)
    taper = between(-.08, .08) if chance(.3) else 0
    if chance(.35):
        edge = between(.004, .025)
        fill(scene, place(rounded(dx - ex - edge, dy - ey - edge, dx + ex + edge, dy + ey + edge, corner)), between(60, 255))
    fill(scene, place(box(dx - ex, dy - ey, dx + ex, dy + ey, taper) if taper else rounded(dx - ex, dy - ey, dx + ex, dy + ey, corner)), tone)
    if chance(.4):  # the upper wall of the recess, in shadow
        fill(scene, place(box(dx - ex, dy - ey, dx + ex, dy - ey + between(.01, .06))), tone * between(.2, .8))
    if chance(.3):
        fill(scene, place(box(dx - ex, dy + ey - between(.01, .04), dx + ex, dy + ey)), tone * between(.7, 1.6))
    if chance(.35):  # a bracket within
        m, n = between(.003, .03), between(.003, .03)
        fill(scene, place(rounded(-plate_w / 2 - m, -plate_h / 2 - n, plate_w / 2 + m, plate_h / 2 + n, .004)), between(5, 240))
    if chance(.4):  # a handle or trim bar above
        x, y = ex * between(.4, 1.5), dy - ey - between(0, .05)
        fill(scene, place(box(-x, y - between(.01, .05), x, y)), between(30, 255))
    if wide and chance(.4):  # reversing lamps, bolts of a step bumper
        x, r = (ex + plate_w / 2) / 2, between(.01, (ex - plate_w / 2) / 2)
        light = between(20, 255)
        for side in (-1, 1):
            fill(scene, place(rounded(side * x - r, -r * between(.6, 2), side * x + r, r * between(.6, 2), r * .5)), light)


def vehicle(scene, place, plate_w, plate_h):
    """Draws a vehicle's rear or front around where its plate hangs; returns lamp centres in pixels.

    place maps metres around the plate's centre to pixels."""
    paint = between(8, 240)
    trim = between(5, 90) if chance(.6) else between(90, 230)
    half = between(.75, 1.05)
    top = -between(.25, .95)
    low = between(.12, .45)
    glass = -between(.2, .6)
    fill(scene, place(box(-half * .98, low, half * .98, low + .35)), between(5, 50))  # shadow and tyres
    fill(scene, place(rounded(-half, top, half, low, .1)), paint)
    if chance(.7):
        fill(scene, place(box(-half * .8, top + glass, half * .8, top + .04, taper=between(.05, .25))), paint * .9)
        fill(scene, place(box(-half * .72, top + glass + .06, half * .72, top - .02, taper=between(.05, .25))), between(5, 110))
    for _ in range(rnd.randint(1, 4)):  # bumper edges, seams, creases
        y = between(top, low)
        t = between(.005, .05)
        fill(scene, place(box(-half * between(.5, 1), y, half * between(.5, 1), y + t)), paint * between(.4, 1.5))
    if chance(.6):
        y = between(.0, low)
        fill(scene, place(box(-half, y, half, low)), trim)
    if chance(.6):  # reflections, curved sheet metal
        scene *= 1 + cloud(scene.shape[1], scene.shape[0], rnd.randint(2, 5), between(.02, .12))
    lamps = []
    lamp_w, lamp_h, lamp_y = between(.12, .45), between(.08, .4), between(top + .02, .0)
    tone = between(30, 255)
    for side in (-1, 1):
        a, b = sorted((side * half * .97, side * (half * .97 - lamp_w)))
        fill(scene, place(rounded(a, lamp_y, b, lamp_y + lamp_h, min(lamp_w, lamp_h) * .3)), tone)
        if chance(.6):
            fill(scene, place(rounded(a + .03, lamp_y + .03, b - .03, lamp_y + lamp_h * .5, .01)), min(255, tone * between(.4, 1.8)))
        lamps.append(place([[(a + b) / 2, lamp_y + lamp_h / 2]])[0])
    front = chance(.35)
    if front:
        gx, g0, g1 = between(.25, .65), between(top, -.2), between(-.18, .3)
        fill(scene, place(rounded(-gx, g0, gx, g1, .04)), between(5, 60))
        step, tone = between(.025, .07), between(30, 230)
        for k in range(int((g1 - g0) / step)):
            y = g0 + k * step
            if chance(.8):
                fill(scene, place(box(-gx, y, gx, y + step * .4)), tone)
        if chance(.5):
            for k in range(int(2 * gx / step / 1.5)):
                x = -gx + k * step * 1.5
                fill(scene, place(box(x, g0, x + step * .3, g1)), tone)
    if chance(.6):
        logo = place([[0, between(top + .05, -.12)]])[0] - .5
        r = abs(place([[between(.03, .07), 0]])[0] - place([[0, 0]])[0])[0] + 1
        cv2.ellipse(scene, (int(logo[0]), int(logo[1])), (int(r) + 1, int(r * .7) + 1), 0, 0, 360, between(90, 255), rnd.choice([-1, 1, 2]), cv2.LINE_AA)
    for _ in range(rnd.choice([0, 1, 1, 2, 3])):
        y = between(top, -.12) if chance(.85) else between(.12, .3)
        letters_at(scene, rnd.choice(BADGES), place, between(-.6, .6), y, between(.025, .07), paint + between(-120, 120), between(.9, 1.6))
    if chance(.15):
        letters_at(scene, sentence(), place, between(-.4, .4), between(top, -.15), between(.05, .16), paint + between(-140, 140))
    if chance(.8):
        recess(scene, place, plate_w, plate_h, paint)
    for _ in range(rnd.choice([0, 0, 1, 2])):  # reflectors, fog lamps, tow covers, exhausts: small pale or dark boxes in pairs
        x, y, w, h = between(.2, half * .9), between(-.05, low), between(.02, .09), between(.015, .05)
        tone = between(10, 255)
        for side in (-1, 1):
            fill(scene, place(rounded(side * x - w, y - h, side * x + w, y + h, min(w, h) * between(.1, .9))), tone)
            if chance(.4):
                fill(scene, place(box(side * x - w * .8, y - h * .3, side * x + w * .8, y + h * .1)), tone * between(.5, 1.5))
    return lamps


def holder(scene, place, plate_w, plate_h):
    """The plastic surround of a plate, outside its edge, often with a dealer's name on the lip."""
    rim = between(.003, .012)
    lip = between(.006, .028)
    tone = between(5, 70) if chance(.7) else between(120, 240)
    fill(scene, place(rounded(-plate_w / 2 - rim, -plate_h / 2 - rim, plate_w / 2 + rim, plate_h / 2 + lip, .004)), tone)
    if lip > .014 and chance(.7):
        letters_at(scene, rnd.choice([rnd.choice(WORDS) + " " + rnd.choice(WORDS), rnd.choice(BADGES), "www.dealer.com"]), place, 0, plate_h / 2 + lip / 2, lip * .6,
                   235 if tone < 100 else 20)


def occluder(scene, place, plate_w, plate_h):
    """A tow ball, a strap, a bull bar or a leaf in front of the plate."""
    kind = rnd.random()
    if kind < .4:
        p = place([[between(-.1, .1), plate_h * between(.35, .6)]])[0] - .5
        r = max(1, int(np.linalg.norm(place([[.025, 0]])[0] - place([[0, 0]])[0])))
        cv2.circle(scene, (int(p[0]), int(p[1])), r, between(10, 200), -1, cv2.LINE_AA)
    elif kind < .7:
        x = plate_w * between(-.6, .6)
        fill(scene, place([[x, -1], [x + .012, -1], [x + .03, 1], [x + .018, 1]]), between(10, 200))
    else:
        y = plate_h * rnd.choice([-.5, .5]) * between(.9, 1.1)
        fill(scene, place(box(-.6, y, .6, y + .015)), between(10, 220))
