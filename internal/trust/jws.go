package trust

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// Type says what a signed message is for. It is part of what is signed: a list's manifest can't pass as a command.
type Type string

// ListManifest is the manifest of a hot-list package.
const ListManifest Type = "alprd-hotlist-manifest"

// Sign makes the compact JWS (RFC 7515, EdDSA) of payload.
func Sign(key PrivateKey, typ Type, payload []byte) ([]byte, error) {
	opts := (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", key.Public().Fingerprint())
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: key.key}, opts)
	if err != nil {
		return nil, fmt.Errorf("prepare to sign: %w", err)
	}
	sig, err := signer.Sign(payload)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	s, err := sig.CompactSerialize()
	if err != nil {
		return nil, fmt.Errorf("encode the signature: %w", err)
	}
	return []byte(s), nil
}

// Verify gives the payload of a message of at most limit bytes that one of keys signed as typ, and that key. There is one
// spelling of each message: whatever is accepted serialises to the very same bytes. Errors wrap ErrForm, ErrUnknownKey or
// ErrSignature.
func Verify(message []byte, typ Type, limit int, keys ...PublicKey) ([]byte, PublicKey, error) {
	fail := func(err error, why string) ([]byte, PublicKey, error) {
		return nil, PublicKey{}, fmt.Errorf("%w: %s", err, why)
	}
	if len(message) > limit {
		return fail(ErrForm, fmt.Sprintf("larger than %d bytes", limit))
	}
	text := string(message)
	head, _, _ := strings.Cut(text, ".")
	h, ok := parseHeader(head)
	if !ok {
		return fail(ErrForm, "its header is not exactly alg EdDSA, kid and typ")
	}
	if h.Typ != string(typ) {
		return fail(ErrForm, fmt.Sprintf("its type is not %s", typ))
	}
	sig, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return fail(ErrForm, "not a compact JWS with EdDSA")
	}
	// go-jose takes several spellings of one message: spare bits in the last base64 character, line ends, escapes. Its
	// own spelling is the only one that counts here.
	if again, err := sig.CompactSerialize(); err != nil || again != text {
		return fail(ErrForm, "not in its canonical spelling")
	}
	for _, k := range keys {
		if k.key == nil || h.Kid != k.Fingerprint() {
			continue
		}
		payload, err := sig.Verify(k.key)
		if err != nil {
			return fail(ErrSignature, "changed after it was signed, or signed with another key")
		}
		return payload, k, nil
	}
	return fail(ErrUnknownKey, "its key id is none of the trusted keys' fingerprints")
}

// header is the whole protected header of a message, in the order and spelling that go-jose writes.
type header struct {
	Alg string `json:"alg"`
	Kid string `json:"kid"`
	Typ string `json:"typ"`
}

// parseHeader takes a header that has these three fields and nothing else, spelt in the one way. It stands before go-jose's
// parser, which would also look into certificates and embedded keys that strangers send.
func parseHeader(segment string) (h header, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(segment)
	if err != nil || len(raw) > 256 || json.Unmarshal(raw, &h) != nil || h.Alg != string(jose.EdDSA) {
		return header{}, false
	}
	again, err := json.Marshal(h)
	return h, err == nil && bytes.Equal(again, raw)
}
