package trust

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"alprd/internal/alpr"
)

// RosterType is a roster of vouched keys, signed by the agency's root.
const RosterType Type = "alprd-roster"

const (
	// MaxRoster is how large a signed roster may be: some 1,500 members.
	MaxRoster = 1 << 20
	// MaxVouching is how long the root's word for somebody holds without being renewed (R40; CJIS AC-2(3)).
	MaxVouching = 90 * 24 * time.Hour
)

// Role says what a vouched key is for. What each may do stands in package custody.
type Role string

const (
	Operator      Role = "operator"      // enters plates by hand
	Investigator  Role = "investigator"  // that, and asks what was seen
	Administrator Role = "administrator" // that, and covert entries
	Custodian     Role = "custodian"     // preserves, exports, releases (R16)
	Auditor       Role = "auditor"       // reads the record of accesses
	Technician    Role = "technician"    // runs diagnostics, and never sees a plate (R16)
	Server        Role = "server"        // the agency's server, no person
)

// Roles are all there are.
func Roles() []Role {
	return []Role{Operator, Investigator, Administrator, Custodian, Auditor, Technician, Server}
}

// Roster is everybody the agency's root vouches for at present. There is one, its version only grows, and whoever isn't in it
// any more has no say from the moment a unit has it.
type Roster struct {
	Format   int       `json:"format"` // 1
	Agency   string    `json:"agency"`
	Version  uint64    `json:"version"`
	IssuedAt alpr.Time `json:"issued_at"`
	Members  []Member  `json:"members"`
}

// Member is a person or server, the key, the role, and until when.
type Member struct {
	Name        string    `json:"name"` // of the person, as records and alerts show it
	Role        Role      `json:"role"`
	Agency      string    `json:"agency"`
	VouchedAt   alpr.Time `json:"vouched_at"` // when the root last renewed its word
	EndsAt      alpr.Time `json:"ends_at"`
	KeyName     string    `json:"key_name"` // what the key's holder calls it
	Fingerprint string    `json:"fingerprint"`
	Key         []byte    `json:"key"` // Ed25519, 32 bytes
}

// Vouch makes the root's word for a key.
func Vouch(key PublicKey, name string, role Role, agency string, from, until time.Time) Member {
	return Member{name, role, agency, alpr.Time{Time: from.UTC().Truncate(time.Millisecond)}, alpr.Time{Time: until.UTC().Truncate(time.Millisecond)}, key.Name, key.Fingerprint(), key.key}
}

func (m Member) public() PublicKey { return PublicKey{Name: m.KeyName, key: m.Key} }

// Sign makes the signed roster.
func (r Roster) Sign(root PrivateKey) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	payload, err := Encode(r)
	if err != nil {
		return nil, fmt.Errorf("encode the roster: %w", err)
	}
	message, err := Sign(root, RosterType, payload)
	if err == nil && len(message) > MaxRoster {
		err = refuse(fmt.Sprintf("the roster is larger than %d KiB", MaxRoster>>10), "remove members whose vouching is over: alprctl trust remove")
	}
	return message, err
}

// OpenRoster reads a signed roster. The error is a *Refusal.
func OpenRoster(message []byte, root PublicKey) (Roster, error) {
	payload, _, err := Verify(message, RosterType, MaxRoster, root)
	if err != nil {
		return Roster{}, unverified(err, "the roster", "it is signed by another root than this unit's configuration names (trust.root): compare the fingerprints with the agency")
	}
	var r Roster
	if err := Decode(payload, &r); err != nil {
		return Roster{}, Refuse(RefusedForm, "the roster is "+err.Error(), "make it with alprctl trust vouch")
	}
	if err := r.check(); err != nil {
		return Roster{}, err
	}
	return r, nil
}

// PeekRoster reads a roster without asking whose it is, for who only wants to look.
func PeekRoster(message []byte) (Roster, error) {
	var r Roster
	parts := bytes.Split(message, []byte("."))
	if len(parts) == 3 && len(message) <= MaxRoster {
		if h, ok := parseHeader(string(parts[0])); ok && h.Typ == string(RosterType) {
			payload, err := base64.RawURLEncoding.Strict().DecodeString(string(parts[1]))
			if err == nil && Decode(payload, &r) == nil && r.check() == nil {
				return r, nil
			}
		}
	}
	return Roster{}, Refuse(RefusedForm, "this is no roster", "alprctl trust vouch makes one")
}

// unverified is the refusal of what Verify didn't accept.
func unverified(err error, what, unknown string) *Refusal {
	switch {
	case errors.Is(err, ErrUnknownKey):
		return Refuse(RefusedKey, what+" is signed by a key that nobody here vouches for", unknown)
	case errors.Is(err, ErrSignature):
		return Refuse(RefusedSignature, what+" was changed after it was signed", "send the original again")
	}
	return Refuse(RefusedForm, what+" is no signed message of its kind", "send the file as alprctl made it, whole")
}

func (r Roster) check() error {
	bad := func(what, mend string) error { return Refuse(RefusedForm, "the roster "+what, mend) }
	if r.Format != 1 {
		return bad(fmt.Sprintf("has the layout %d, which this version doesn't know", r.Format), "update alprd")
	}
	if !plain(r.Agency, 1, 200) || r.Version == 0 || r.IssuedAt.IsZero() {
		return bad("lacks its agency, version or date", "make it with alprctl trust vouch")
	}
	seen := map[string]bool{}
	for i, m := range r.Members {
		is := fmt.Sprintf("has a member, number %d, ", i+1)
		switch {
		case len(m.Key) != ed25519.PublicKeySize, m.Fingerprint != m.public().Fingerprint(), !goodName(m.KeyName):
			return bad(is+"whose key is damaged", "vouch for it again, from the .pub file of its holder")
		case seen[m.Fingerprint]:
			return bad(is+"whose key stands there twice", "vouch for each key once; give a person with two roles two keys")
		case !plain(m.Name, 1, 100), !plain(m.Agency, 1, 200):
			return bad(is+"without a name or agency, or with an unprintable one", "name the person or server, and the agency: --name, --agency")
		case !slices.Contains(Roles(), m.Role):
			return bad(is+"with a role that there isn't", fmt.Sprintf("the roles are %v", Roles()))
		case m.VouchedAt.IsZero(), !m.EndsAt.After(m.VouchedAt.Time):
			return bad(is+"whose vouching ends before it begins", "write an end that is still to come: --days")
		case m.EndsAt.Sub(m.VouchedAt.Time) > MaxVouching:
			return bad(is+"vouched for longer than 90 days", "write 90 days or less, and renew it then (CJIS AC-2(3))")
		}
		seen[m.Fingerprint] = true
	}
	return nil
}

// Find is the member that holds a key.
func (r Roster) Find(fingerprint string) (Member, bool) {
	i := slices.IndexFunc(r.Members, func(m Member) bool { return m.Fingerprint == fingerprint })
	if i < 0 {
		return Member{}, false
	}
	return r.Members[i], true
}

// With is the next roster, with that member in it, in place of the one with the same key.
func (r Roster) With(m Member) Roster {
	next := r.Without(m.Fingerprint)
	next.Members = append(next.Members, m)
	slices.SortFunc(next.Members, func(a, b Member) int { return bytes.Compare(a.Key, b.Key) })
	return next
}

// Without is the next roster, without that key.
func (r Roster) Without(fingerprint string) Roster {
	next := r
	next.Members = slices.DeleteFunc(slices.Clone(r.Members), func(m Member) bool { return m.Fingerprint == fingerprint })
	if next.Members == nil {
		next.Members = []Member{}
	}
	next.Version++
	return next
}

func (r Roster) keys() []PublicKey {
	var out []PublicKey
	for _, m := range r.Members {
		out = append(out, m.public())
	}
	return out
}

// plain reports whether s is from least to most bytes of printable text on one line.
func plain(s string, least, most int) bool {
	if len(s) < least || len(s) > most {
		return false
	}
	for _, c := range s {
		if c < ' ' || c == 0x7f || c == '\ufffd' || c >= 0x80 && c < 0xa0 || c == '\u2028' || c == '\u2029' {
			return false
		}
	}
	return true
}
