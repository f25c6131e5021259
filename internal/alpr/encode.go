package alpr

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

const (
	// MaxAlert is the most bytes an alert has on the wire: it must get through a bad link at once (contracts, MQTT).
	MaxAlert = 16 << 10
	// MaxPlateJPEG is the largest plate picture that always fits into MaxAlert: in base64 it takes two thirds.
	MaxPlateJPEG = 8 << 10
)

// Encode completes the alert and makes its bytes. It sets status and notice, brings the matches into order, turns what
// is empty into empty lists instead of null, and, where the alert would exceed MaxAlert, sheds in this order: unlikely
// lattice alternatives; matches after the eighth, and long words of the list; matches after the third, and more words;
// the plate's picture, whose hash stays. It changes the alert accordingly. sign, which may be nil, is given the bytes with
// an empty signature; SignedPart finds those bytes again in what was sent.
func (a *Alert) Encode(sign func(message []byte) (signature []byte, err error)) ([]byte, error) {
	a.complete()
	a.Signature = ""
	room := MaxAlert
	if sign != nil {
		room -= base64.StdEncoding.EncodedLen(128) // ours is an Ed25519 signature: 64 bytes
	}
	raw, err := json.Marshal(a)
	for _, shed := range [...]func(*Alert){
		func(a *Alert) { a.thinLattice(3, 0.01) },
		func(a *Alert) { a.shorten(8, 256) },
		func(a *Alert) { a.shorten(3, 48) },
		func(a *Alert) { a.Evidence.PlateJPEG = []byte{} },
	} {
		if err != nil || len(raw) <= room {
			break
		}
		shed(a)
		raw, err = json.Marshal(a)
	}
	if err != nil {
		return nil, fmt.Errorf("encode alert: %w", err)
	}
	if len(raw) > room {
		return nil, fmt.Errorf("encode alert: %d bytes without its picture, %d allowed", len(raw), room)
	}
	if sign == nil {
		return raw, nil
	}
	signature, err := sign(raw)
	if err != nil {
		return nil, fmt.Errorf("sign alert: %w", err)
	}
	a.Signature = base64.StdEncoding.EncodeToString(signature)
	return append(bytes.TrimSuffix(raw, []byte(emptySignature)), `"signature":"`+a.Signature+`"}`...), nil
}

const emptySignature = `"signature":""}`

// SignedPart splits an alert as sent into the bytes that were signed and the signature. ok is false for an alert
// without one.
func SignedPart(alert []byte) (message, signature []byte, ok bool) {
	alert = bytes.TrimSpace(alert)
	at := bytes.LastIndex(alert, []byte(`"signature":"`))
	if at < 0 || !bytes.HasSuffix(alert, []byte(`"}`)) {
		return nil, nil, false
	}
	text := alert[at+len(`"signature":"`) : len(alert)-2]
	signature, err := base64.StdEncoding.Strict().DecodeString(string(text))
	if err != nil || len(signature) == 0 {
		return nil, nil, false
	}
	return append(slices.Clone(alert[:at]), emptySignature...), signature, true
}

func (a *Alert) complete() {
	a.Status, a.Notice = Unverified, Notice
	if a.Read.Small == nil {
		a.Read.Small = []int{}
	}
	if a.Read.Lattice == nil {
		a.Read.Lattice = Lattice{}
	}
	if a.Matches == nil {
		a.Matches = []AlertMatch{}
	}
	if a.Evidence.PlateJPEG == nil {
		a.Evidence.PlateJPEG = []byte{}
	}
	for i := range a.Matches {
		if a.Matches[i].Differs == nil {
			a.Matches[i].Differs = []Difference{}
		}
	}
	slices.SortStableFunc(a.Matches, func(x, y AlertMatch) int {
		return cmp.Or(
			cmp.Compare(y.Posterior, x.Posterior),
			cmp.Compare(x.Entry.Priority, y.Entry.Priority),
			cmp.Compare(x.List.Name, y.List.Name),
			cmp.Compare(x.Entry.ID, y.Entry.ID),
		)
	})
}

// thinLattice keeps each slot's best most alternatives, and of those after the first only the ones above least.
func (a *Alert) thinLattice(most int, least float64) {
	thin := make(Lattice, len(a.Read.Lattice))
	for i, slot := range a.Read.Lattice {
		n := 0
		for n < min(most, len(slot)) && (n == 0 || slot[n].P >= least) {
			n++
		}
		thin[i] = slot[:n]
	}
	a.Read.Lattice = thin
}

// shorten keeps the first matches and cuts what lists and settings say in words to the given number of bytes.
func (a *Alert) shorten(matches, words int) {
	if n := len(a.Matches); n > matches {
		a.Matches = slices.Clone(a.Matches[:matches])
		a.MatchesOmitted += n - matches
	} else {
		a.Matches = slices.Clone(a.Matches)
	}
	for _, s := range []*string{&a.Unit.Site, &a.Unit.Lane, &a.Unit.Direction} {
		*s = cut(*s, words)
	}
	for i := range a.Matches {
		e := &a.Matches[i].Entry
		for _, s := range []*string{&e.Make, &e.Model, &e.Colour, &e.Year, &e.Reason, &e.Instructions} {
			*s = cut(*s, words)
		}
		if e.Manual != nil {
			e.Manual = &AlertManual{Operator: cut(e.Manual.Operator, words)}
		}
		a.Matches[i].List.Source = cut(a.Matches[i].List.Source, words)
	}
}

// cut shortens s to at most n bytes, ending in an ellipsis where something was lost.
func cut(s string, n int) string {
	const ellipsis = "…"
	if len(s) <= n {
		return s
	}
	end := n - len(ellipsis)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + ellipsis
}
