"""From what the state reader says of both bands to a distribution over states; what internal/ocr/state_words.go does.

`contains` is the probability that a text stands somewhere in a band: a forward pass over CTC paths that say anything before and
after it. What can't be read says short words by chance and long ones hardly ever, so a word weighs its probability over that of its
being said by chance. Both bands multiply, and weigh against 1: that they name nobody.
"""
import numpy as np

from state.names import PARTS, STATES, WORDS
from state.network import BLANK, SIGNS

TEMPERATURE = 1.0
CHANCE = .11     # of a letter being said where it isn't written
UNKNOWN = 7.     # how often what names nobody says a word, as a multiple of the chance of all its letters
ANOTHER = 1e-3   # how often what is plainly read is another's word: a county or a club of that name
ELSEWHERE = .05  # share of a word in the band where it is not usual


def by_chance(text):
    """How probably a text is said where it isn't written; any digit stands for a digit."""
    return UNKNOWN * CHANCE ** sum(c.isalpha() for c in text)


def contains(p, text):
    """Probability that each band says text somewhere. p is [bands, T, classes], rows summing to 1."""
    states, gaps = [], []
    for word in text.split():
        for i, sign in enumerate(word):
            states += [BLANK, SIGNS.index(sign)]
            gaps += [i == 0, False]  # between words the space is as good as the blank
    states, gaps = states[1:], gaps[1:]
    e = p[:, :, states] + np.array(gaps) * p[:, :, [SIGNS.index(" ")]]
    skip = np.array([j >= 2 and states[j] != BLANK and states[j] != states[j - 2] for j in range(len(states))])[2:]
    first, last = states[0], states[-1]
    after, before, a = np.zeros(len(p)), np.zeros(len(p)), np.zeros((len(p), len(states)))
    for t in range(p.shape[1]):
        after += a[:, -1] * (1 - p[:, t, last])
        following = a.copy()
        following[:, 1:] += a[:, :-1]
        following[:, 2:] += a[:, :-2] * skip
        following[:, 0] += 1 - before  # what came before may not end in the first sign: that path is counted already
        a = following * e[:, t]
        before = p[:, t, first]
    return np.minimum(1., after + a[:, -1])


KNOWN = {s: WORDS[s] + PARTS.get(s, []) for s in STATES}
LIST = [(s, text, where, share) for s in STATES for text, where, share in KNOWN[s]]
TEXTS = sorted({t for _, t, _, _ in LIST})
LONGER = {t: [u for u in TEXTS if u != t and t in u] for t in TEXTS}


def heard(logp):
    """{text: [n, 2]}: how probably each band says each of TEXTS, from log probabilities [n, 2, T, classes]. A text of which one letter shows
    nowhere isn't looked for."""
    out = {text: np.zeros((len(logp), 2)) for text in TEXTS}
    for band in (0, 1):
        p = np.exp(logp[:, band] / TEMPERATURE)
        p /= p.sum(2, keepdims=True)
        top = p.max(1)
        for text in TEXTS:
            possible = top[:, [SIGNS.index(c) for c in set(text.replace(" ", ""))]].min(1) > 1e-4
            if possible.any():
                out[text][possible, band] = contains(p[possible], text)
    return out


def believe(said):
    """[n, states + 1] from what `heard` gives: for each of STATES, then for no state being named."""
    another = ANOTHER * np.max(list(said.values()), axis=0) ** 4
    shown = np.zeros((len(STATES),) + another.shape)
    for s, text, where, share in LIST:
        own = {w for w, _, _ in KNOWN[s]}  # WASHINGTON is not said by WASHINGTON DC, but SCENIC IDAHO says IDAHO too
        mine = said[text] - np.max([said[u] for u in LONGER[text] if u not in own] or [np.zeros_like(another)], axis=0)
        shares = np.array([share if letter in where else share * ELSEWHERE for letter in "tb"])
        i = STATES.index(s)
        shown[i] = np.maximum(shown[i], mine * shares / (by_chance(text) + another))
    weights = [(1 + s[:, 0]) * (1 + s[:, 1]) - 1 for s in shown] + [np.ones(len(another))]
    weights = np.array(weights).T
    return weights / weights.sum(1, keepdims=True)
