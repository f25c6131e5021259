"""Reading CTC logits: prefix beam, forward score, fusion over looks. The Go reader does the same; figures come from here.

Large and small characters are merged before the search, so a candidate is plain text; which of its characters stand small is
found afterwards by aligning the text to the columns. "?" in a text is a character that is there and can't be read.
"""
import numpy as np

from drawing.strokefont import CHARACTERS
from recogniser.network import BLANK, SMALL, UNREADABLE

BEAM, BRANCH, CANDIDATES = 10, 6, 10
MIX = .02    # share of "anything at all" mixed into each look, so that one bad look can't veto
FLOOR = 1e-7
NEVER = -1e9
HIDDEN = SMALL + 1  # column of what can't be read among the merged ones; the blank is SMALL


def log_probabilities(logits):
    """[T, 73 or 74] logits to log probabilities."""
    z = logits - logits.max(1, keepdims=True)
    return z - np.log(np.exp(z).sum(1, keepdims=True))


def merged(lp):
    """[T, 73 or 74] to [T, 38]: large and small added, then the blank, then what can't be read."""
    hidden = lp[:, UNREADABLE:] if lp.shape[1] > UNREADABLE else np.full((len(lp), 1), NEVER)
    return np.concatenate([np.logaddexp(lp[:, :SMALL], lp[:, SMALL:BLANK]), lp[:, BLANK:UNREADABLE], hidden], 1)


def spread(m):
    """Merged log probabilities in which every character may also be the one that can't be read, at one in 36."""
    return np.concatenate([np.logaddexp(m[:, :SMALL], m[:, HIDDEN:] - np.log(SMALL)), m[:, SMALL:]], 1)


def beam(lp):
    """Prefix beam search over merged log probabilities: [(text, score)], best first."""
    beams = {"": (0., NEVER)}
    for column in lp:
        grown = {}

        def add(text, blank, last):
            b, l = grown.get(text, (NEVER, NEVER))
            grown[text] = np.logaddexp(b, blank), np.logaddexp(l, last)

        for text, (blank, last) in beams.items():
            for c in np.argsort(-column)[:BRANCH]:
                p = column[c]
                if c == SMALL:
                    add(text, np.logaddexp(blank, last) + p, NEVER)
                    continue
                char = CHARACTERS[c] if c < SMALL else "?"
                if text and text[-1] == char:
                    add(text, NEVER, last + p)
                    add(text + char, NEVER, blank + p)
                else:
                    add(text + char, NEVER, np.logaddexp(blank, last) + p)
        beams = dict(sorted(grown.items(), key=lambda kv: -np.logaddexp(*kv[1]))[:BEAM])
    return [(text, float(np.logaddexp(*v))) for text, v in beams.items()]


def states(text):
    """The CTC state sequence of a text: blank, character, blank, …"""
    s = np.full(2 * len(text) + 1, SMALL)
    s[1::2] = [HIDDEN if c == "?" else CHARACTERS.index(c) for c in text]
    return s


def forward_score(lp, text):
    """Log probability that merged columns spell the text, over all alignments."""
    s = states(text)
    skip = np.zeros(len(s), bool)
    skip[3::2] = s[3::2] != s[1:-2:2]
    a = np.full(len(s), NEVER)
    a[:2] = lp[0, s[:2]]
    for t in range(1, len(lp)):
        one = np.concatenate([[NEVER], a[:-1]])
        two = np.where(skip, np.concatenate([[NEVER, NEVER], a[:-2]])[:len(s)], NEVER)
        a = np.logaddexp(np.logaddexp(a, one), two) + lp[t, s]
    return float(np.logaddexp(a[-1], a[-2]) if len(s) > 1 else a[-1])


def small_positions(lp, text):
    """Positions of the text's characters that are more likely small than large. lp is [T, 73 or 74]."""
    if not text:
        return []
    m, s = merged(lp), states(text)
    score, back = np.full(len(s), NEVER), []
    score[:2] = m[0, s[:2]]
    for t in range(1, len(m)):
        moves = np.full((3, len(s)), NEVER)
        moves[0] = score
        moves[1, 1:] = score[:-1]
        moves[2, 3::2] = np.where(s[3::2] != s[1:-2:2], score[1:-2:2], NEVER)
        best = moves.argmax(0)
        back.append(best)
        score = moves[best, np.arange(len(s))] + m[t, s]
    at = len(s) - 1 if score[-1] > score[-2] else len(s) - 2
    large, small = np.zeros(len(text)), np.zeros(len(text))
    for t in range(len(m) - 1, -1, -1):
        if at % 2 and s[at] != HIDDEN:
            large[at // 2] += np.exp(lp[t, s[at]])
            small[at // 2] += np.exp(lp[t, s[at] + SMALL])
        if t:
            at -= back[t - 1][at]
    return [i for i in range(len(text)) if small[i] > large[i]]


def read(looks):
    """Candidates from several looks at one plate ([T, 73 or 74] logits each): [(text, log score per look)], best first, and the
    small positions of the best one. Nothing where every look shows no character."""
    lps = [log_probabilities(np.asarray(z, np.float64)) for z in looks]
    ms = [merged(lp) for lp in lps]
    texts = {text for m in ms for text, _ in beam(m)[:6] if len(text) <= 12}
    ms = [spread(m) for m in ms]
    scored = [(text, sum(np.log((1 - MIX) * np.exp(forward_score(m, text)) + FLOOR) for m in ms) / len(ms)) for text in texts]
    scored.sort(key=lambda c: (-c[1], c[0]))
    if not scored:
        return [], []
    best = scored[0][0]
    clearest = max(range(len(ms)), key=lambda i: forward_score(ms[i], best))
    return scored[:CANDIDATES], small_positions(lps[clearest], best)
