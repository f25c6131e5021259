package trust_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"

	"alprd/internal/trust"
)

// exposed is a public key whose private half the test holds, to sign what this package would not.
func exposed(t testing.TB) (trust.PublicKey, func(string) []byte) {
	t.Helper()
	pub, priv, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	// The text form is public knowledge: build it by hand, with its true fingerprint.
	text := "alprd-public-key-v1 test FP " + base64.StdEncoding.EncodeToString(pub)
	k, err := trust.ParsePublicKey([]byte(strings.Replace(text, "FP", trust.FingerprintOf(pub), 1)))
	if err != nil {
		t.Fatal(err)
	}
	return k, func(s string) []byte { return ed25519.Sign(priv, []byte(s)) }
}
