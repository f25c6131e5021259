"""From what the state reader says of both bands to a distribution over states; what internal/ocr/state.go does.

`contains` is the probability that a text stands somewhere in a band: a forward pass over CTC paths that say anything before and
after it. A state's band is explained by one of its own words, or by something else (GARBAGE); the bands' evidence is multiplied.
"""
import numpy as np

from state_names import PARTS, STATES, WORDS
from state_reader import BLANK, SIGNS

TEMPERATURE = 1.0
SOMETHING_ELSE = .02  # weight of "this band shows none of the state's words" against its words' shares
ELSEWHERE = .05       # share of a word in the band where it is not usual
UNKNOWN = .02         # weight of "no word of any state is there", in the same terms


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


def posterior(logp):
    """[n, states + 1] from [n, 2, T, classes] log probabilities: for each of STATES, then for no state being named."""
    evidence = np.zeros((len(STATES), 2, len(logp)))
    for band, letter in ((0, "t"), (1, "b")):
        p = np.exp(logp[:, band] / TEMPERATURE)
        p /= p.sum(2, keepdims=True)
        top = p.max(1)
        said = {}
        for text in TEXTS:
            said[text] = np.zeros(len(p))
            possible = top[:, [SIGNS.index(c) for c in set(text.replace(" ", ""))]].min(1) > 1e-4
            if possible.any():
                said[text][possible] = contains(p[possible], text)
        for s, text, where, share in LIST:
            own = {w for w, _, _ in KNOWN[s]}  # WASHINGTON is not said by WASHINGTON DC, but SCENIC IDAHO says IDAHO too
            mine = said[text] - np.max([said[u] for u in LONGER[text] if u not in own] or [np.zeros(len(p))], axis=0)
            i = STATES.index(s)
            evidence[i, band] = np.maximum(evidence[i, band], mine * (share if letter in where else share * ELSEWHERE))
    weights = [(SOMETHING_ELSE + above) * (SOMETHING_ELSE + below) - SOMETHING_ELSE ** 2 for above, below in evidence]
    weights = np.array(weights + [np.full(len(logp), UNKNOWN * SOMETHING_ELSE)]).T
    return weights / weights.sum(1, keepdims=True)
