"""Chance, for the scenes: one seeded generator of their own."""
import math
import random

import numpy as np

rnd = random.Random()


def seed_all(seed):
    """Seeds this module, numpy and the plate renderer, which draw from three generators."""
    rnd.seed(seed)
    random.seed(seed + 1)
    np.random.seed(seed % 2**32)


def between(lo, hi):
    return rnd.uniform(lo, hi)


def log_between(lo, hi):
    return math.exp(rnd.uniform(math.log(lo), math.log(hi)))


def chance(p):
    return rnd.random() < p
