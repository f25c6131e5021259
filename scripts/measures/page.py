"""The text of docs/accuracy.md, from what scripts/accuracy measured."""
import collections, datetime, math, os, platform

from .plates import FOLD, align, errors_of, forms, pct


def table(head, body):
    return ['| ' + ' | '.join(head) + ' |', '|' + '---|' * len(head)] + ['| ' + ' | '.join(str(c) for c in r) + ' |' for r in body] + ['']


def page(m):
    """m: the measures, as scripts/accuracy names them"""
    out = []
    for part in (top, bars, sets, trust, floors, bands, states, characters, finding, cut, passes, fails):
        out += part(m)
    return '\n'.join(out).rstrip() + '\n'


def top(m):
    r = m['recogniser']
    return ['# Accuracy', '', f"`make accuracy` measured this page on {datetime.date.today().isoformat()}, on {os.cpu_count()} cores of a shared {platform.machine()} machine, back end `{m['backend']}`, recogniser",
            f"{r['sha256'][:12]} ({r.get('crops_seen', 0):,} crops). Nothing on it is written by hand. The pictures are real but where a table says rendered; none of them trained a network, and none is in this",
            'repository. Every figure is of whole pictures: finding, straightening, reading. `closeups` chose and calibrated, `california` and `vanity` only measure.', '',
            'Read it like this: **exact** is the label to the letter; **folded** takes O, Q and 0, and I and 1, as the same, since most dies do; **precision** is the share of everything reported whose text is a label',
            'of its picture, so that a neighbour without a label counts against it.', '']


def bars(m):
    result, cases, sure, street, go = (m[k] for k in ('result', 'cases', 'sure', 'street', 'passes'))
    body = []

    def bar(on, wanted, got, rival, command='scripts/accuracy'):
        body.append([on, wanted, got, rival, f'`{command}`'])
    if 'california' in result:
        bar('`california`, whole picture, exact', '≥ 95 %', f"{result['california']['exact_pct']} %", '39.8 %')
    if 'closeups' in result:
        r = result['closeups']
        bar('`closeups`, exact / folded (O=0=Q, I=1)', '≥ 91 % / ≥ 96 %', f"{r['exact_pct']} % / {r['folded_pct']} %", '37.4 % own finder, 75.9 % plate given')
    bar('truth among ten candidates, `closeups`, `california`', '≥ 98.5 %', ', '.join(f"{result[n]['top10_pct']} %" for n in ('closeups', 'california') if n in result), '43.3 % own finder, 55.7 %')
    if 'vanity' in cases:
        v = cases['vanity']
        bar('`vanity`', '14 of 14', f'{sum(c.exact for c in v)} of {len(v)}', '8 of 14')
    bar('`placed_folded_pct` at the floor that keeps 75 % of plates, `closeups`, `california` (`precision_pct`, floor)', '≥ 99 %',
        ', '.join(f"{sure[n]['placed_folded_pct']} % ({sure[n]['precision_pct']} %, {sure[n]['floor']:.3f})" for n in ('closeups', 'california') if n in sure), '69.7 % at 49 % kept', 'tools/score --floor')
    if 'closeups' in result:
        r = result['closeups']
        bar('state on `closeups`: right / wrong', '≥ 65 % / ≤ 4 %', f"{r['state_right_pct']} % / {r['state_wrong_pct']} %", '0.4 %', 'tools/score --state')
    if street:
        bar('`dashcam`, rides not trained on: boxes ≥ 40 px covered at IoU 0.5; texts outside any plate, a picture', '≥ 95 %; ≤ 0.05',
            f"{street['recall']:.1f} %; {street['strange']:.3f}", '–')
    free = go[-1] if go else None
    if free:
        bar(f"rendered passes ({free['vehicles']} vehicles, all scenes): exact per pass; events a vehicle", '≥ 97 %; 1.00–1.02', f"{free['exact_pct']:.1f} %; {free['events_per_vehicle']:.3f}", 'voting +15 points', 'go run ./cmd/passes')
    L = ['## The bars', ''] + table(['on', 'bar', 'measured', 'rival', 'command'], body)
    L += ['The rival is OpenALPR 2.3.0, the open-source engine, with OpenCV 4.6 and Tesseract 5.3 on one core; its figures are published ones on sets of this kind, not of this run. Processor time, stream, memory and empty road stand in', '[benchmarks.md](benchmarks.md).', '']
    if not go:
        L += ['Rendered passes were not measured in this run.', '']
    return L


def sets(m):
    L = table(['set', 'plates', 'exact', 'folded', 'among ten', 'found', 'precision', 'wrong characters', 'state right', 'state wrong'],
              [[n, r['plates'], r['exact_pct'], r['folded_pct'], r['top10_pct'], r['found_pct'], r['precision_pct'], r['char_error_pct']] + ['–' if r.get(k) is None else r[k] for k in ('state_right_pct', 'state_wrong_pct')] for n, r in m['result'].items()])
    return L + ['`closeups` writes the letter O of personalised plates as 0 and leaves small stacked characters out; some of its labels say `0` where 00000 stands. What it counts as wrong includes those.', '']


def trust(m):
    points = m['points']
    L = ['## How far a confidence can be trusted', '', '![Reliability: confidence against the share that is right](accuracy/reliability.svg)', '',
         '`confidence` is the probability that a text is right as far as a picture can tell: O, Q and 0 alike, I and 1 alike, small stacked characters left out. What it',
         'leaves open stands in the candidates, the lattice and `weakest`. One map of the recogniser\'s belief, fitted on `closeups` by `scripts/calibrate` '
         f"({m['fitted'].get('fitted_on', 'not fitted')}), checked here; bars are two standard errors.", '']
    L += table(['set', 'reads', 'calibration error', 'before calibration', 'sure of 0.9 or more', 'of those right'],
               [[n, len(p), f'{100 * errors_of(p):.1f} %', f"{100 * errors_of([(c.plate['signs']['share'], c.folded) for c in m['cases'][n] if c.plate]):.1f} %",
                 pct(sum(c >= .9 for c, _ in p), len(p)) + ' %', pct(sum(y for c, y in p if c >= .9), sum(c >= .9 for c, _ in p)) + ' %'] for n, p in points.items()])
    if m['fitted'].get('recogniser_sha256') != m['recogniser']['sha256']:
        L += ['**The map was fitted for other weights than these: run `scripts/calibrate`.**', '']
    return L


def floors(m):
    """what a floor on the confidence keeps, and how much of that is right"""
    names = [n for n in m['points']]
    L = ['What a floor on `confidence` costs and buys: plates still reported, those of them that are right (folded), and precision (exact), per cent.', '']
    body = []
    for floor in (0, .5, .8, .9, .95, .99):
        line = [f'{floor:.2f}' if floor else 'none']
        for n in names:
            at = [c for c in m['cases'][n] if c.plate and c.plate['confidence'] >= floor]
            told = [ok for p, ok in m['reported'][n] if p['confidence'] >= floor]
            line += [pct(len(at), len(m['cases'][n])), pct(sum(c.folded for c in at), len(at)), pct(sum(told), len(told))]
        body.append(line)
    return L + table(['floor'] + [f'{n} {x}' for n in names for x in ('kept', 'right', 'precision')], body)


def bands(m):
    names = [n for n in m['cases'] if n != 'vanity']  # fourteen plates say nothing in bands
    head = lambda what: [what] + [f'{n} {x}'.strip() for n in names for x in ('plates', 'exact', 'folded', 'precision')]

    def groups(of_case, of_plate, steps):
        body = []
        for label, lo, hi in steps:
            line = [label]
            for n in names:
                g = [c for c in m['cases'][n] if c.plate and lo <= of_case(c) < hi]
                told = [ok for p, ok in m['reported'][n] if lo <= of_plate(p) < hi]
                line += [len(g) or '–'] + [pct(sum(x), len(x)) for x in ([c.exact for c in g], [c.folded for c in g], told)]
            body.append(line)
        return body
    by = lambda key: (lambda c: key(c.plate), key)
    value = lambda k: by(lambda p: p['quality'][k])
    L = ['## By plate width', '', 'Pixels across the place that was found. `california`\'s boxes, tight around the characters, are about a sixth narrower.', '']
    L += table(head('width'), groups(*value('width_px'), [('under 60', 0, 60), ('60–80', 60, 80), ('80–100', 80, 100), ('100–150', 100, 150), ('150–250', 150, 250), ('from 250', 250, 1e9)]))
    L += ['## By angle', '', 'The turn of the plate\'s lines against the picture\'s, and the lean of its sides against them, degrees, whichever is more.', '']
    L += table(head('degrees'), groups(*by(lambda p: max(abs(p['quality']['roll_deg']), abs(p['quality']['shear_deg']))), [('under 2', 0, 2), ('2–4', 2, 4), ('4–8', 4, 8), ('from 8', 8, 1e9)]))
    L += ['## By light', '', 'Contrast between ink and ground, of 255; then how much of the plate is wholly white or black.', '']
    L += table(head('contrast'), groups(*value('contrast'), [('under 60', 0, 60), ('60–90', 60, 90), ('90–130', 90, 130), ('130–170', 130, 170), ('from 170', 170, 1e9)]))
    return L + table(head('burnt out or black'), groups(*value('clipped_pct'), [('under 1 %', 0, 1), ('1–5 %', 1, 5), ('5–20 %', 5, 20), ('from 20 %', 20, 1e9)]))


def states(m):
    if 'closeups' not in m['cases']:
        return []
    by = collections.OrderedDict()
    for c in sorted(m['cases']['closeups'], key=lambda c: c.region):
        g = by.setdefault(c.region, [0, 0, 0, 0, 0])
        named = (c.plate or {}).get('region')
        right = bool(named) and named[-2:] == c.region[-2:]
        for i, v in enumerate((1, c.exact, c.folded, right, bool(named) and not right)):
            g[i] += v
    cells = [[k.upper()[-2:], g[0]] + [pct(v, g[0]) for v in g[1:]] for k, g in by.items()]
    half = math.ceil(len(cells) / 2)
    L = ['## By state', '', '`closeups`: plates, and of those per cent exact, folded, named rightly, and named wrongly.', '']
    return L + table(['', 'plates', 'exact', 'folded', 'named', 'misnamed'] * 2, [sum((cells[i + k * half] if i + k * half < len(cells) else [''] * 6 for k in range(2)), []) for i in range(half)])


def characters(m):
    seen = m['confusions']
    wrong = collections.Counter({k: v for k, v in seen.items() if k[0] != k[1]})
    return ['## Which characters', '', f'{sum(seen.values())} characters of all three sets, {sum(wrong.values())} of them wrong, each at its place in the truth nearest to the text.', '',
            '![Confusion matrix: truth down, read across](accuracy/confusion.svg)', '', 'Most frequent: ' + ', '.join(f"{t or '∅'}→{r or '∅'} {n}" for (t, r), n in wrong.most_common(16)) + ' (∅: nothing there).', '']


def finding(m):
    street = m['street']
    if not street:
        return []
    return ['## Finding', '', f"`dashcam`, rides not trained on ({street['pictures']} pictures, Romania, day and night), by width of the labelled box in pixels: " + '; '.join(f'{k}: {v[1]} of {v[0]}' for k, v in street['by'].items()) + '.', '']


def cut(m):
    if not m['cuts']:
        return []
    L = ['## Plates that the picture\'s edge cuts', '', 'Plates that were read rightly, their pictures cut between two characters, through one, and 2 % of their width beside the plate. A cut plate is told as `*BC1234`, partial, with what is',
         'visible; one of fewer than four visible characters isn\'t told. `closeups` are pictures of a plate and nothing else, on which hardly anything but the plate\'s shape tells',
         'that it goes on. Cut beside the plate, it is whole and is to be told so.', '']
    L += table(['set', 'cut', 'pictures', 'partial and fits', 'partial, wrong', 'told as whole', 'not told'],
               [[n, where, k['all']] + [pct(k[x], k['all']) + ' %' for x in ('fits', 'astray', 'whole', 'nothing')] for (n, where), k in m['cuts'].items()])
    return L + ['As they are, ' + ', '.join(f'{sum(bool(c.plate.get("partial")) for c in cs if c.plate)} of {sum(bool(c.plate) for c in cs)} plates of `{n}`' for n, cs in m['cases'].items()) + ' are called partial.', '']


def passes(m):
    if not m['passes']:
        return []
    return ['## Rendered passes', '', 'Films of the demo\'s renderer, H.264, `go run ./cmd/passes -json ' + m['films'] + '`. Beside it what the same frames say one by one: how many legible frames are read rightly, and for how many vehicles',
            'most of their frames are. `wrong at 0.9`: events of another text that are at least so sure, of all that are.', ''] + table(
        ['scene', 'vehicles', 'exact %', 'events a vehicle', 'unread', 'wrong', 'wrong at 0.9', 'phantoms', 'single frames %', 'majority of frames %'],
        [[p['scene'], p['vehicles'], f"{p['exact_pct']:.1f}", f"{p['events_per_vehicle']:.3f}", p['unread'], p['wrong'], f"{p['wrong_at_0_9']} of {p.get('sure_at_0_9', '–')}", p['phantoms']]
         + [f'{p[k]:.1f}' if p.get('majority_vote_pct') else '–' for k in ('single_frame_pct', 'majority_vote_pct')] for p in m['passes']])


def fails(m):
    L, causes = ['## What still fails', ''], collections.OrderedDict()
    for n, cs in m['cases'].items():
        k = causes[n] = collections.Counter()
        for c in cs:
            if c.folded:
                k['right, folded'] += 1
            elif not c.plate:
                k['not reported'] += 1
            else:
                pairs = min((align(lab.translate(FOLD), f.translate(FOLD)) for lab in c.labels for f in forms(c.plate)), key=lambda p: sum(x != y for x, y in p))
                kinds = {'a character too many' if not t else 'one too few' if not r else 'another character' for t, r in pairs if t != r}
                k[kinds.pop() if len(kinds) == 1 and sum(t != r for t, r in pairs) == 1 else 'several'] += 1
    kinds = ['right, folded', 'another character', 'a character too many', 'one too few', 'several', 'not reported']
    L += table(['set'] + kinds, [[n] + [k[x] for x in kinds] for n, k in causes.items()])
    if not m['drawn']:
        return L + [m['undrawn'] + '.', '']
    by, sheet = m['drawn']
    L += [f"Rendered plates of all kinds, in all weather, with a seed that training never saw ({sum(v[0] for v in by.values())}, `scripts/rendered`; right with O=0=Q and I=1):", '']
    L += table(['width, pixels', 'plates', 'right %', 'wrong, and 0.9 sure'], [[k, v[0], pct(v[1], v[0]), v[2]] for k, v in by.items()])
    return L + (['The surest of the wrong ones, as they were read:', '', '![Rendered plates that were misread](accuracy/fails.png)', ''] if sheet else [])
