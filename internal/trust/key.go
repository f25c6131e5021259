// Package trust is who may say what. Today it holds the keys that people and servers sign with (Ed25519), the two files a key
// lives in, and the one form of signed message the project knows: a compact JWS whose type is checked, so that a message
// made for one purpose never passes for another. Vouching, roles and counters build on it.
package trust

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"strings"
)

// PublicKey is a key that signatures are checked with. The zero value checks nothing.
type PublicKey struct {
	Name string // what its holder calls it; not part of its identity
	key  ed25519.PublicKey
}

// PrivateKey is a key that signs.
type PrivateKey struct {
	Name string
	key  ed25519.PrivateKey
}

// Generate makes a key pair. The name is 1 to 64 letters, digits, dots, dashes and underscores.
func Generate(name string) (PrivateKey, error) {
	if !goodName(name) {
		return PrivateKey{}, badName()
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return PrivateKey{}, fmt.Errorf("make a key: %w", err)
	}
	return PrivateKey{Name: name, key: key}, nil
}

// Public is the half that others may have.
func (k PrivateKey) Public() PublicKey {
	return PublicKey{Name: k.Name, key: k.key.Public().(ed25519.PublicKey)}
}

// Fingerprint names the key: 160 bits of a SHA-256 over a label and the key, as eight groups of four characters that two
// people can compare over the telephone (no I, L, O, U). Signed messages carry it as their key id.
func (k PublicKey) Fingerprint() string {
	return fingerprint("alprd public key, Ed25519\n", k.key)
}

func fingerprint(label string, key []byte) string {
	sum := sha256.Sum256(append([]byte(label), key...))
	s := crockford.EncodeToString(sum[:20])
	var b strings.Builder
	for i := 0; i < len(s); i += 4 {
		if i > 0 {
			b.WriteByte('-')
		}
		b.WriteString(s[i : i+4])
	}
	return b.String()
}

// Equal reports whether both are the same key, whatever they are called.
func (k PublicKey) Equal(o PublicKey) bool { return k.key != nil && k.key.Equal(o.key) }

// Douglas Crockford's base 32, made for reading aloud.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

const publicTag = "alprd-public-key-v1"

// Text is the public key file: one line that machines read, below what people compare.
//
//	# Public key "nc-sbi" of alprd (Ed25519). Compare the fingerprint by telephone before you trust it:
//	# 4F2A-91BC-…
//	alprd-public-key-v1 nc-sbi 4F2A-91BC-… BASE64
func (k PublicKey) Text() string {
	return keyText("Public key %q of alprd (Ed25519)", publicTag, k.Name, k.Fingerprint(), k.key)
}

// keyText writes a public key file.
func keyText(title, tag, name, print string, key []byte) string {
	return fmt.Sprintf("# "+title+". Compare the fingerprint by telephone before you trust it:\n# %s\n%s %s %s %s\n",
		name, print, tag, name, print, base64.StdEncoding.EncodeToString(key))
}

// ParsePublicKey reads what Text wrote. Empty lines and lines that begin with # are skipped; the fingerprint must be the
// key's own, so that a person who compares the one has compared the other.
func ParsePublicKey(text []byte) (PublicKey, error) {
	name, print, raw, err := parseKeyText(text, publicTag, "public", pubHint)
	if err != nil {
		return PublicKey{}, err
	}
	if len(raw) != ed25519.PublicKeySize {
		return PublicKey{}, refuse("the public key in the file is damaged", pubHint)
	}
	k := PublicKey{Name: name, key: raw}
	if print != k.Fingerprint() {
		return PublicKey{}, refuse("the fingerprint in the public key file is not the key's", "somebody edited the file: get it again from the key's holder, and compare the fingerprint with him")
	}
	return k, nil
}

// parseKeyText reads the one key of a file of this tag; kind and hint stand in messages.
func parseKeyText(text []byte, tag, kind, hint string) (name, print string, key []byte, err error) {
	fail := func(what string) (string, string, []byte, error) { return "", "", nil, refuse(what, hint) }
	if len(text) > 8<<10 {
		return fail("the " + kind + " key file is larger than 8 KiB")
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Fields(line)
		if len(f) != 4 || f[0] != tag || !goodName(f[1]) {
			return fail("this is no alprd " + kind + " key file")
		}
		raw, err := base64.StdEncoding.Strict().DecodeString(f[3])
		if err != nil {
			return fail("the " + kind + " key in the file is damaged")
		}
		if key != nil {
			return "", "", nil, refuse("the "+kind+" key file holds two keys", "write each key to a file of its own")
		}
		name, print, key = f[1], f[2], raw
	}
	if key == nil {
		return fail("there is no key in the " + kind + " key file")
	}
	return name, print, key, nil
}

const pubHint = "alprctl keygen writes the right file: NAME.pub"

func goodName(s string) bool {
	if len(s) < 1 || len(s) > 64 || s[0] == '.' || s[0] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

func badName() error {
	return refuse("the key's name is not usable", "use 1 to 64 letters, digits, dots, dashes or underscores, for example nc-sbi-lists")
}
