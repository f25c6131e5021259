"""The pictures of docs/accuracy.md."""
import math

from .plates import errors_of

INK, SOFT, LINE, GROUND = '#16202b', '#5b6875', '#d5dce3', '#ffffff'


def svg(path, w, h, body):
    with open(path, 'w') as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" font-family="sans-serif" font-size="12" fill="{INK}">'
                f'<rect width="{w}" height="{h}" fill="{GROUND}"/>' + ''.join(body) + '</svg>\n')


def reliability(path, points):
    """the plot of points: set → [(confidence, right)]"""
    X, Y, S = 60, 20, 320
    b = [f'<rect x="{X}" y="{Y}" width="{S}" height="{S}" fill="none" stroke="{LINE}"/>']
    for k in range(0, 11, 2):
        at = S * k / 10
        b.append(f'<text x="{X + at}" y="{Y + S + 16}" text-anchor="middle" fill="{SOFT}">{k / 10:.1f}</text><text x="{X - 8}" y="{Y + S - at + 4}" text-anchor="end" fill="{SOFT}">{k / 10:.1f}</text>')
        b.append(f'<path d="M{X + at} {Y}v{S}M{X} {Y + at}h{S}" stroke="{LINE}" stroke-width=".5"/>')
    b.append(f'<path d="M{X} {Y + S}L{X + S} {Y}" stroke="{SOFT}" stroke-dasharray="4 4"/>')
    for n, (name, colour) in enumerate((('closeups', '#2d6fb5'), ('california', '#c2611f'))):
        if name not in points:
            continue
        line = []
        for k in range(10):
            g = [(p, y) for p, y in points[name] if min(int(p * 10), 9) == k]
            if g:
                p, y = sum(a for a, _ in g) / len(g), sum(a for _, a in g) / len(g)
                # what chance does to a bin of so many reads: two standard errors
                e = 2 * math.sqrt(max(y * (1 - y), .25 / len(g)) / len(g))
                px, py = X + S * p, Y + S * (1 - y)
                if len(g) >= 5:
                    line.append(f'{px:.1f} {py:.1f}')
                b.append(f'<path d="M{px:.1f} {Y + S * (1 - min(1, y + e)):.1f}V{Y + S * (1 - max(0, y - e)):.1f}" stroke="{colour}" opacity=".45"/>')
                b.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="{2 + 1.6 * math.log10(len(g) + 1):.1f}" fill="{colour}"><title>{name}: {len(g)} reads at {p:.2f}, {y:.2f} right</title></circle>')
        b.append(f'<path d="M{"L".join(line)}" fill="none" stroke="{colour}"/>')
        b.append(f'<circle cx="{X + 14}" cy="{Y + 16 + 18 * n}" r="5" fill="{colour}"/><text x="{X + 24}" y="{Y + 20 + 18 * n}">{name}: {len(points[name])} reads, calibration error {100 * errors_of(points[name]):.1f} %</text>')
    b.append(f'<text x="{X + S / 2}" y="{Y + S + 36}" text-anchor="middle">confidence</text><text x="16" y="{Y + S / 2}" text-anchor="middle" transform="rotate(-90 16 {Y + S / 2})">share that is right</text>')
    svg(path, X + S + 30, Y + S + 48, b)


def matrix(path, seen):
    """the confusion matrix of (truth, read) → how often"""
    chars = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
    cell, X, Y = 15, 46, 46
    b = [f'<text x="{X + 18 * cell}" y="14" text-anchor="middle">read (∅: left out)</text><text x="12" y="{Y + 18 * cell}" text-anchor="middle" transform="rotate(-90 12 {Y + 18 * cell})">truth (∅: put in)</text>']
    across, down = list(chars) + [''], list(chars) + ['']
    for i, c in enumerate(across):
        b.append(f'<text x="{X + i * cell + 7.5}" y="{Y - 8}" text-anchor="middle" font-size="10">{c or "∅"}</text><text x="{X - 8}" y="{Y + i * cell + 11}" text-anchor="end" font-size="10">{c or "∅"}</text>')
    for i, t in enumerate(down):
        n = sum(v for (a, _), v in seen.items() if a == t)
        for j, r in enumerate(across):
            v = seen.get((t, r), 0)
            shade = 'none'
            if t == r and t:
                shade = '#e4ecf4' if n else '#f6f8fa'
            elif v:
                k = min(1, .25 + .25 * math.log2(v))
                shade = f'rgb({255 - int(60 * k)},{255 - int(185 * k)},{255 - int(205 * k)})'
            b.append(f'<rect x="{X + j * cell}" y="{Y + i * cell}" width="{cell}" height="{cell}" fill="{shade}" stroke="{LINE}" stroke-width=".4"/>')
            if v and t != r:
                b.append(f'<text x="{X + j * cell + 7.5}" y="{Y + i * cell + 11}" text-anchor="middle" font-size="9" fill="{GROUND if v > 3 else INK}">{v}</text>')
    svg(path, X + 37 * cell + 10, Y + 37 * cell + 10, b)
