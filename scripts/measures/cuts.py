"""Plates whose pictures were cut through them at known places, and what was told of those."""
import collections, json, math, os, re, subprocess

from .plates import FOLD, box, norm

EVERY = {'california': 4, 'vanity': 1, 'closeups': 12}  # pictures
CROP = '''
import cv2, json, sys
for source, target, x0, x1 in json.load(open(sys.argv[1])):
    p = cv2.imread(source)
    cv2.imwrite(target, p[:, x0:x1], [cv2.IMWRITE_JPEG_QUALITY, 97])
'''


def middles(plate, columns):
    """where the middles of a plate's characters are, pixels from the picture's left"""
    v, c = plate['views'][0], plate['corners']
    out = []
    for at in v['columns']:
        u = (at + .5) / columns * (1 + 2 * v['margin']) - v['margin']
        out.append(sum(a[0] * (1 - u) + b[0] * u for a, b in ((c[0], c[1]), (c[3], c[2]))) / 2)
    return out


def jobs(name, cases, folder, columns):
    """(source, target, x0, x1, where, visible text, truth) of each cut"""
    for n, (j, c) in enumerate(cases[::EVERY[name]]):
        p, text = c.plate, norm(c.plate['text'])
        if p.get('partial') or p.get('small') or text != p['views'][0]['text'] or len(text) < 5:
            continue
        x, (left, _, right, _) = middles(p, columns), box(p)
        gap = .02 * (right - left)
        for k, (where, at) in enumerate((('between two characters', (x[0] + x[1]) / 2), ('through a character', x[1]), ('beside the plate', left - gap))):
            if at > 0:
                yield j['file'], os.path.join(folder, f'{name}-{n}-left-{k}.jpg'), math.floor(at), j['width'], where, text
        for k, (where, at) in enumerate((('between two characters', (x[-1] + x[-2]) / 2), ('through a character', x[-2]), ('beside the plate', right + gap))):
            if at < j['width']:
                yield j['file'], os.path.join(folder, f'{name}-{n}-right-{k}.jpg'), 0, math.ceil(at), where, text


def fits(text, truth):
    pattern = ''.join({'*': '.*', '?': '.'}.get(c, re.escape(c)) for c in text.translate(FOLD))
    return re.fullmatch(pattern, truth.translate(FOLD)) is not None


def measure(cases, tmp, read, columns):
    """cases: set → [(line, case)] of plates that were read rightly; a count of outcomes by set and place, None without OpenCV"""
    folder = os.path.join(tmp, 'cut')
    os.makedirs(folder, exist_ok=True)
    out = collections.OrderedDict()
    for name, of in cases.items():
        todo = list(jobs(name, of, folder, columns))
        plan = os.path.join(tmp, 'cut.json')
        with open(plan, 'w') as f:
            json.dump([t[:4] for t in todo], f)
        if subprocess.run(['/usr/bin/python3', '-c', CROP, plan], stderr=subprocess.DEVNULL).returncode:
            return None
        lines = {j['file']: j for j in read([t[1] for t in todo], os.path.join(tmp, f'cut-{name}.jsonl'))}
        for _, target, x0, x1, where, truth in todo:
            k = out.setdefault((name, where), collections.Counter())
            k['all'] += 1
            right = x0 == 0  # the side that is cut
            near = []
            for p in lines[target]['plates']:
                left, _, end, _ = box(p)
                if (end - (x1 - x0) if right else -left) > -.1 * (end - left):
                    near.append(p)
            if not near:
                k['nothing'] += 1
            elif near[0].get('partial'):
                k['fits' if fits(near[0]['text'], truth) else 'astray'] += 1
            else:
                k['whole'] += 1
    return out
