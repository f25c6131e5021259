package trust_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"alprd/internal/trust"
)

func newKey(t testing.TB, name string) trust.PrivateKey {
	t.Helper()
	k, err := trust.Generate(name)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A key is a file and a passphrase: neither opens without the other, and nothing in the file can be exchanged (R37).
func TestSealedKey(t *testing.T) {
	k := newKey(t, "nc-sbi")
	file, err := k.Seal([]byte("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := trust.OpenPrivateKey(file, []byte("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	if !got.Public().Equal(k.Public()) || got.Name != "nc-sbi" {
		t.Fatal("another key came back")
	}
	if _, err := trust.OpenPrivateKey(file, []byte("correct horsf")); !errors.Is(err, trust.ErrPassphrase) {
		t.Errorf("wrong passphrase: %v", err)
	}
	if _, err := trust.OpenPrivateKey(file, nil); err == nil {
		t.Error("an empty passphrase opened the key")
	}
	if _, err := k.Seal([]byte("short")); err == nil {
		t.Error("a short passphrase was taken")
	}
	for field, value := range map[string]any{
		"name": "fbi", "fingerprint": newKey(t, "x").Public().Fingerprint(), "rounds": 600_001, "format": "alprd-private-key-v2",
		"kdf": "none", "salt": make([]byte, 16),
	} {
		var m map[string]any
		if err := json.Unmarshal(file, &m); err != nil {
			t.Fatal(err)
		}
		m[field] = value
		forged, _ := json.Marshal(m)
		if _, err := trust.OpenPrivateKey(forged, []byte("correct horse")); err == nil {
			t.Errorf("opened although %q was exchanged", field)
		}
	}
	// Fewer rounds would be a cheaper guess: refused before any work is done.
	weak := bytes.Replace(file, []byte("600000"), []byte("1000"), 1)
	if _, err := trust.OpenPrivateKey(weak, []byte("correct horse")); err == nil || errors.Is(err, trust.ErrPassphrase) {
		t.Errorf("weak rounds: %v", err)
	}
}

func TestPublicKeyText(t *testing.T) {
	k := newKey(t, "durham-lists.1").Public()
	text := k.Text()
	got, err := trust.ParsePublicKey([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if !got.Equal(k) || got.Name != k.Name || got.Fingerprint() != k.Fingerprint() {
		t.Fatal("another key came back")
	}
	if n := strings.Count(text, k.Fingerprint()); n != 2 {
		t.Errorf("the fingerprint stands %d times in the file, want twice", n)
	}
	other := newKey(t, "durham-lists.1").Public()
	for name, bad := range map[string]string{
		"empty":                    "",
		"another key's print":      strings.ReplaceAll(text, k.Fingerprint(), other.Fingerprint()),
		"two keys":                 text + other.Text(),
		"cut":                      text[:len(text)-8],
		"private key file instead": `{"format":"alprd-private-key-v1"}`,
	} {
		if _, err := trust.ParsePublicKey([]byte(bad)); err == nil {
			t.Errorf("%s: accepted", name)
		} else if h, ok := err.(interface{ Hint() string }); !ok || h.Hint() == "" {
			t.Errorf("%s: no hint in %v", name, err)
		}
	}
	for _, name := range []string{"", "a b", "../x", ".x", "-x", strings.Repeat("a", 65)} {
		if _, err := trust.Generate(name); err == nil {
			t.Errorf("name %q accepted", name)
		}
	}
}

const limit = 1 << 16

func TestVerify(t *testing.T) {
	k, other := newKey(t, "a"), newKey(t, "b")
	payload := []byte(`{"list":"x"}`)
	msg, err := trust.Sign(k, trust.ListManifest, payload)
	if err != nil {
		t.Fatal(err)
	}
	got, by, err := trust.Verify(msg, trust.ListManifest, limit, other.Public(), k.Public())
	if err != nil || !bytes.Equal(got, payload) || !by.Equal(k.Public()) {
		t.Fatalf("got %q, %v", got, err)
	}
	for _, c := range []struct {
		name string
		want error
		err  func() error
	}{
		{"another type", trust.ErrForm, func() error {
			_, _, err := trust.Verify(msg, "alprd-command", limit, k.Public())
			return err
		}},
		{"a key nobody trusts", trust.ErrUnknownKey, func() error {
			_, _, err := trust.Verify(msg, trust.ListManifest, limit, other.Public(), trust.PublicKey{})
			return err
		}},
		{"no keys", trust.ErrUnknownKey, func() error { _, _, err := trust.Verify(msg, trust.ListManifest, limit); return err }},
		{"too large", trust.ErrForm, func() error {
			_, _, err := trust.Verify(msg, trust.ListManifest, len(msg)-1, k.Public())
			return err
		}},
	} {
		if err := c.err(); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

// Every one-character change of a signed message is refused, also the ones that decode to the same bytes: a lax decoder
// takes four spellings of the last base64 character.
func TestOneSpelling(t *testing.T) {
	k := newKey(t, "a")
	msg, err := trust.Sign(k, trust.ListManifest, []byte("payload"))
	if err != nil {
		t.Fatal(err)
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=\n "
	for i := range msg {
		for _, c := range []byte(alphabet) {
			if c == msg[i] {
				continue
			}
			bad := bytes.Clone(msg)
			bad[i] = c
			if _, _, err := trust.Verify(bad, trust.ListManifest, limit, k.Public()); err == nil {
				t.Fatalf("accepted with byte %d changed from %q to %q", i, msg[i], c)
			}
		}
	}
	for _, s := range []string{"\n", " ", "=", "."} {
		for _, bad := range []string{string(msg) + s, s + string(msg)} {
			if _, _, err := trust.Verify([]byte(bad), trust.ListManifest, limit, k.Public()); err == nil {
				t.Errorf("accepted with %q beside it", s)
			}
		}
	}
}

// A genuine key signs a message with a header nobody asked for: still refused, whatever the header would do.
func TestForeignHeaders(t *testing.T) {
	// An RFC 8037 key of our own making, so that the test can sign what trust.Sign never would.
	k, private := exposed(t)
	for name, header := range map[string]string{
		"plain":     `{"alg":"EdDSA","kid":"` + k.Fingerprint() + `","typ":"alprd-hotlist-manifest"}`,
		"order":     `{"kid":"` + k.Fingerprint() + `","alg":"EdDSA","typ":"alprd-hotlist-manifest"}`,
		"crit":      `{"alg":"EdDSA","crit":["b64"],"b64":false,"kid":"` + k.Fingerprint() + `","typ":"alprd-hotlist-manifest"}`,
		"null":      `{"alg":"EdDSA","kid":"` + k.Fingerprint() + `","nonce":null,"typ":"alprd-hotlist-manifest"}`,
		"twice":     `{"alg":"EdDSA","kid":"` + k.Fingerprint() + `","typ":"alprd-command","typ":"alprd-hotlist-manifest"}`,
		"case":      `{"alg":"EdDSA","KID":"` + k.Fingerprint() + `","typ":"alprd-hotlist-manifest"}`,
		"space":     `{"alg":"EdDSA", "kid":"` + k.Fingerprint() + `","typ":"alprd-hotlist-manifest"}`,
		"algorithm": `{"alg":"none","kid":"` + k.Fingerprint() + `","typ":"alprd-hotlist-manifest"}`,
		"x5c":       `{"alg":"EdDSA","kid":"` + k.Fingerprint() + `","typ":"alprd-hotlist-manifest","x5c":[]}`,
	} {
		b := base64.RawURLEncoding
		signed := b.EncodeToString([]byte(header)) + "." + b.EncodeToString([]byte("payload"))
		msg := signed + "." + b.EncodeToString(private(signed))
		_, _, err := trust.Verify([]byte(msg), trust.ListManifest, limit, k)
		if name == "plain" && err != nil {
			t.Errorf("the control was refused: %v", err)
		}
		if name != "plain" && !errors.Is(err, trust.ErrForm) {
			t.Errorf("%s: got %v, want ErrForm", name, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	k, private := exposed(f)
	good, err := trust.Sign(newKey(f, "a"), trust.ListManifest, []byte("payload"))
	if err != nil {
		f.Fatal(err)
	}
	b := base64.RawURLEncoding
	head := b.EncodeToString([]byte(`{"alg":"EdDSA","kid":"` + k.Fingerprint() + `","typ":"alprd-hotlist-manifest"}`))
	signed := head + "." + b.EncodeToString([]byte("payload"))
	f.Add(good)
	f.Add([]byte(signed + "." + b.EncodeToString(private(signed))))
	f.Add([]byte("a.b.c"))
	f.Fuzz(func(t *testing.T, msg []byte) {
		// The fuzzer can't forge, so it also signs whatever stands before the last dot: forms must hold for genuine keys.
		if i := bytes.LastIndexByte(msg, '.'); i >= 0 {
			check(t, []byte(string(msg[:i+1])+b.EncodeToString(private(string(msg[:i])))), k)
		}
		check(t, msg, k)
	})
}

func check(t *testing.T, msg []byte, k trust.PublicKey) {
	payload, _, err := trust.Verify(msg, trust.ListManifest, limit, k)
	if err != nil {
		return
	}
	sig, err := jose.ParseSignedCompact(string(msg), []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		t.Fatalf("accepted what doesn't parse: %v", err)
	}
	if again, err := sig.CompactSerialize(); err != nil || again != string(msg) {
		t.Fatalf("accepted a second spelling of %s", again)
	}
	if !bytes.Equal(payload, sig.UnsafePayloadWithoutVerification()) {
		t.Fatal("another payload")
	}
}

// What is sealed to a recipient opens with its key and in its context only, and its file is as hard to mistake as a public key's.
func TestRecipient(t *testing.T) {
	o, err := trust.NewOpener("pole-1", bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	again, err := trust.NewOpener("pole-1", bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	other, err := newKey(t, "pole-1").Opener()
	if err != nil {
		t.Fatal(err)
	}
	r, err := trust.ParseRecipient([]byte(o.Recipient().Text()))
	if err != nil {
		t.Fatal(err)
	}
	if r.Name != "pole-1" || r.Fingerprint() != o.Recipient().Fingerprint() || r.Fingerprint() == other.Recipient().Fingerprint() {
		t.Errorf("another key came back: %s", r.Fingerprint())
	}
	sealed, err := r.Seal("a purpose", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	if len(sealed) != len("secret")+trust.SealOverhead {
		t.Errorf("sealing adds %d bytes", len(sealed)-len("secret"))
	}
	if plain, err := again.Open("a purpose", sealed); err != nil || string(plain) != "secret" {
		t.Errorf("the same secret, another key: %v", err)
	}
	if _, err := o.Open("another", sealed); !errors.Is(err, trust.ErrNotOurs) {
		t.Errorf("another context: %v", err)
	}
	if _, err := other.Open("a purpose", sealed); !errors.Is(err, trust.ErrNotOurs) {
		t.Errorf("another key: %v", err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := o.Open("a purpose", bad); !errors.Is(err, trust.ErrNotOurs) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	if _, err := (trust.Opener{}).Open("", sealed); !errors.Is(err, trust.ErrNotOurs) {
		t.Error(err)
	}
	text := o.Recipient().Text()
	for name, bad := range map[string]string{
		"empty": "", "another's fingerprint": strings.ReplaceAll(text, r.Fingerprint(), other.Recipient().Fingerprint()),
		"two keys": text + other.Recipient().Text(), "a publisher's": newKey(t, "a").Public().Text(), "cut": text[:len(text)-9],
	} {
		var h interface{ Hint() string }
		if _, err := trust.ParseRecipient([]byte(bad)); !errors.As(err, &h) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := trust.ParsePublicKey([]byte(text)); err == nil {
		t.Error("a unit's key passes for a publisher's")
	}
}

// A content key is named by its id, masks itself, and opens what it sealed in its context only.
func TestContentKey(t *testing.T) {
	k, other := trust.NewContentKey(), trust.NewContentKey()
	if k.ID() == other.ID() || len(k.ID()) != 32 || strings.Contains(fmt.Sprintf("%v %x %s", k, k, k), k.ID()) {
		t.Error("the key's id, or the key shows itself")
	}
	sealed := k.Seal("place 1", []byte("plain"))
	if p, err := k.Open(nil, "place 1", sealed); err != nil || string(p) != "plain" || len(sealed) != 5+trust.ContentOverhead {
		t.Errorf("%q %v", p, err)
	}
	for name, try := range map[string]func() ([]byte, error){
		"another place": func() ([]byte, error) { return k.Open(nil, "place 2", sealed) },
		"another key":   func() ([]byte, error) { return other.Open(nil, "place 1", sealed) },
		"nothing":       func() ([]byte, error) { return k.Open(nil, "place 1", nil) },
	} {
		if _, err := try(); !errors.Is(err, trust.ErrNotOurs) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := json.Marshal(k); err == nil {
		t.Error("a content key was encoded")
	}
}
