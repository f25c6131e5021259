"""Labelled plates, what was reported in their places, and where the two differ."""
import collections, csv, os, re

FOLD = str.maketrans('OQI', '001')  # what most dies don't tell apart, as tools/score folds it


def norm(s):
    return re.sub(r'[^A-Z0-9?]', '', (s or '').upper())


def forms(plate):
    text, small = plate['text'], set(plate.get('small') or [])
    return [norm(text), norm(''.join(c for i, c in enumerate(text) if i not in small))]


def rows(path):
    with open(path) as f:
        return list(csv.DictReader(f))


def box(p):
    xs, ys = zip(*p['corners'])
    return min(xs), min(ys), max(xs), max(ys)


def iou(a, b):
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0
    area = lambda r: (r[2] - r[0]) * (r[3] - r[1])
    return w * h / (area(a) + area(b) - w * h)


class Case:
    """a labelled plate and the report at its place, None where there is none"""

    def __init__(self, row, plate):
        self.labels = [norm(x) for x in row['plate'].split('|')]
        self.region, self.plate = row.get('region', ''), plate
        got = forms(plate) if plate else []
        self.exact = any(g in self.labels for g in got)
        self.folded = any(g.translate(FOLD) in [x.translate(FOLD) for x in self.labels] for g in got)
        self.width = float(row['w']) if row.get('w') else (plate or {}).get('quality', {}).get('width_px', 0)


def cases(folder, lines):
    reads = {os.path.basename(j['file']): j for j in lines}
    out = []
    for r in rows(os.path.join(folder, 'labels.csv')):
        j = reads.get(os.path.basename(r['path']))
        if j is None or not norm(r['plate']):
            continue
        at = None
        for p in j['plates']:
            if r.get('w'):
                b, (x, y, w, h) = box(p), (float(r[k]) for k in 'xywh')
                if max(0, min(b[2], x + w) - max(b[0], x)) * max(0, min(b[3], y + h) - max(b[1], y)) <= .1 * w * h:
                    continue
            if at is None:
                at = p
        out.append(Case(r, at))
    return out


def pct(k, n):
    return f'{100 * k / n:.1f}' if n else '–'


def reported(folder, lines):
    """every reported plate, and whether its text is a label of its picture: unlabelled neighbours count as wrong"""
    known = collections.defaultdict(set)
    for r in rows(os.path.join(folder, 'labels.csv')):
        known[os.path.basename(r['path'])] |= {norm(x) for x in r['plate'].split('|')}
    return [(p, bool(set(forms(p)) & known[os.path.basename(j['file'])])) for j in lines for p in j['plates']]


def errors_of(pairs, bins=10):
    width = 0
    for b in range(bins):
        g = [(p, y) for p, y in pairs if min(int(p * bins), bins - 1) == b]
        width += abs(sum(p for p, _ in g) - sum(y for _, y in g)) / len(pairs)
    return width


def align(a, b):
    """least edits between truth and text: pairs of characters, '' for none"""
    d = [[max(i, j) if not i or not j else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            d[i][j] = min(d[i - 1][j - 1] + (a[i - 1] != b[j - 1]), d[i - 1][j] + 1, d[i][j - 1] + 1)
    i, j, out = len(a), len(b), []
    while i or j:
        if i and j and d[i][j] == d[i - 1][j - 1] + (a[i - 1] != b[j - 1]):
            i, j = i - 1, j - 1
            out.append((a[i], b[j]))
        elif i and d[i][j] == d[i - 1][j] + 1:
            i -= 1
            out.append((a[i], ''))
        else:
            j -= 1
            out.append(('', b[j]))
    return out[::-1]


def confusions(all_cases):
    seen = collections.Counter()
    for cs in all_cases.values():
        for c in cs:
            if c.plate:
                pairs = [align(lab, f) for lab in c.labels for f in forms(c.plate)]
                seen.update(min(pairs, key=lambda p: sum(x != y for x, y in p)))
    return seen
