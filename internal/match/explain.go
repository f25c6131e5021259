package match

import "alprd/internal/alpr"

// explain aligns the read to the listed plate by least edits and tells every position where they differ, and in what way
// the two match. Position counts the read's characters from 0; a character that the read lacks stands at the position
// that it would have. The letter O and the digit 0 are listed but don't make a match inexact (R23). Of what either leaves open,
// every character that stands there is listed.
func explain(read, listed string) (alpr.How, []alpr.Difference) {
	var differs []alpr.Difference
	var substituted, missing, extra, open int
	for _, m := range alignment(read, listed) {
		d := alpr.Difference{Position: m.at}
		switch {
		case m.read == m.listed && m.read != alpr.Beyond:
			continue
		case m.read == alpr.Beyond || m.listed == alpr.Beyond:
			open++
			if m.read == 0 || m.listed == 0 || m.read == m.listed {
				continue // nothing stands there
			}
			d.Read, d.Listed = string(m.read), string(m.listed)
		case m.read == 0:
			missing++
			d.Listed = string(m.listed)
		case m.listed == 0:
			extra++
			d.Read = string(m.read)
		default:
			d.Read, d.Listed = string(m.read), string(m.listed)
			switch {
			case m.listed == '?', m.read == alpr.Unreadable:
				open++
			case !alike(m.read, m.listed):
				substituted++
			}
		}
		differs = append(differs, d)
	}
	switch {
	case missing > 0 && missing >= extra:
		return alpr.MissingChar, differs
	case extra > 0:
		return alpr.ExtraChar, differs
	case substituted > 0:
		return alpr.Confusable, differs
	case open > 0:
		return alpr.Wildcard, differs
	}
	return alpr.Exact, differs
}

// agree compares the states: nil when either is unknown, which is never taken for agreement (R19).
func agree(read, listed string) *bool {
	if read == "" || listed == "" {
		return nil
	}
	same := read == listed
	return &same
}

func alike(a, b byte) bool { return a == b || a == 'O' && b == '0' || a == '0' && b == 'O' }

// move is one step of an alignment: a character of each, or 0 where the other stands alone.
type move struct {
	at           int
	read, listed byte
}

func alignment(a, b string) []move {
	cost := func(x, y byte) int {
		switch {
		case x == y:
			return 0
		case alike(x, y):
			return 1
		case y == '?', x == alpr.Unreadable:
			return 2
		}
		return 10
	}
	const gap = 12 // a little more than a substitution, far less than two
	n, m := len(a), len(b)
	d := make([][]int, n+1)
	for i := range d {
		d[i] = make([]int, m+1)
		for j := range d[i] {
			switch {
			case i == 0:
				d[i][j] = j * gap
			case j == 0:
				d[i][j] = i * gap
			default:
				d[i][j] = min(d[i-1][j-1]+cost(a[i-1], b[j-1]), d[i-1][j]+gap, d[i][j-1]+gap)
			}
			// What is open to any number takes in whatever stands there, and may take in nothing.
			if i > 0 && a[i-1] == alpr.Beyond {
				d[i][j] = min(d[i][j], d[i-1][j]+1)
				if j > 0 {
					d[i][j] = min(d[i][j], d[i][j-1]+1)
				}
			}
			if j > 0 && b[j-1] == alpr.Beyond {
				d[i][j] = min(d[i][j], d[i][j-1]+1)
				if i > 0 {
					d[i][j] = min(d[i][j], d[i-1][j]+1)
				}
			}
		}
	}
	out := make([]move, 0, n+m)
	for i, j := n, m; i > 0 || j > 0; {
		readOpen, listedOpen := i > 0 && a[i-1] == alpr.Beyond, j > 0 && b[j-1] == alpr.Beyond
		switch {
		case listedOpen && i > 0 && d[i][j] == d[i-1][j]+1:
			i--
			out = append(out, move{i, a[i], alpr.Beyond})
		case readOpen && j > 0 && d[i][j] == d[i][j-1]+1:
			j--
			out = append(out, move{i - 1, alpr.Beyond, b[j]})
		case listedOpen && d[i][j] == d[i][j-1]+1:
			j--
			out = append(out, move{at: i, listed: alpr.Beyond})
		case readOpen && d[i][j] == d[i-1][j]+1:
			i--
			out = append(out, move{at: i, read: alpr.Beyond})
		case i > 0 && j > 0 && d[i][j] == d[i-1][j-1]+cost(a[i-1], b[j-1]):
			i, j = i-1, j-1
			out = append(out, move{i, a[i], b[j]})
		case i > 0 && d[i][j] == d[i-1][j]+gap:
			i--
			out = append(out, move{at: i, read: a[i]})
		default:
			j--
			out = append(out, move{at: i, listed: b[j]})
		}
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}
