package trust

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/sha256"
	"errors"
	"fmt"
)

// Recipient is a public key that things are sealed to: only its Opener opens them. It is HPKE (RFC 9180) with DHKEM(P-256,
// HKDF-SHA-256), HKDF-SHA-256 and AES-256-GCM, the one suite that Go's FIPS module takes for it. The zero value seals nothing.
type Recipient struct {
	Name string // what its holder calls it: a unit's id; not part of its identity
	key  hpke.PublicKey
}

// Opener is the private half of a Recipient.
type Opener struct {
	name string
	key  hpke.PrivateKey
}

// SealOverhead is what sealing to a recipient adds, in bytes: an ephemeral key and a tag.
const SealOverhead = 65 + 16

func suite() (hpke.KDF, hpke.AEAD) { return hpke.HKDFSHA256(), hpke.AES256GCM() }

// NewOpener derives a key pair from a secret of 32 bytes that its holder keeps: the same secret, the same pair.
func NewOpener(name string, secret []byte) (Opener, error) {
	if !goodName(name) {
		return Opener{}, badName()
	}
	if len(secret) != 32 {
		return Opener{}, fmt.Errorf("make an opening key: the secret has %d bytes, not 32", len(secret))
	}
	key, err := hpke.DHKEM(ecdh.P256()).DeriveKeyPair(secret)
	if err != nil {
		return Opener{}, fmt.Errorf("make an opening key: %w", err)
	}
	return Opener{name, key}, nil
}

// Opener is the key pair that belongs to a signing key: what its holder seals to himself, he opens with file and passphrase.
func (k PrivateKey) Opener() (Opener, error) {
	secret, err := hkdf.Key(sha256.New, k.key.Seed(), nil, "alprd opening key of a signer", 32)
	if err != nil {
		return Opener{}, fmt.Errorf("make an opening key: %w", err)
	}
	return NewOpener(k.Name, secret)
}

// Recipient is the half that others may have.
func (o Opener) Recipient() Recipient { return Recipient{o.name, o.key.PublicKey()} }

// Fingerprint names the key as PublicKey.Fingerprint does.
func (r Recipient) Fingerprint() string {
	return fingerprint("alprd public key, HPKE P-256\n", r.key.Bytes())
}

// Seal encrypts to the recipient. context says what it is and whom it is for; it isn't stored, and must be the same to open.
func (r Recipient) Seal(context string, plain []byte) ([]byte, error) {
	if r.key == nil {
		return nil, errors.New("seal: there is no recipient")
	}
	kdf, aead := suite()
	sealed, err := hpke.Seal(r.key, kdf, aead, []byte(context), plain)
	if err != nil {
		return nil, fmt.Errorf("seal to %s: %w", r.Name, err)
	}
	return sealed, nil
}

// Open decrypts what was sealed to this key in this context, or returns ErrNotOurs.
func (o Opener) Open(context string, sealed []byte) ([]byte, error) {
	if o.key == nil {
		return nil, ErrNotOurs
	}
	kdf, aead := suite()
	plain, err := hpke.Open(o.key, kdf, aead, []byte(context), sealed)
	if err != nil {
		return nil, ErrNotOurs
	}
	return plain, nil
}

const recipientTag = "alprd-unit-key-v1"

// Text is the file that a publisher keeps for each unit, of the form of a public key file.
func (r Recipient) Text() string {
	return keyText("Public key of the unit %q of alprd (HPKE P-256)", recipientTag, r.Name, r.Fingerprint(), r.key.Bytes())
}

const recipientHint = "alprd keys, on the unit, prints the right file"

// ParseRecipient reads what Text wrote.
func ParseRecipient(text []byte) (Recipient, error) {
	name, print, raw, err := parseKeyText(text, recipientTag, "unit", recipientHint)
	if err != nil {
		return Recipient{}, err
	}
	key, err := hpke.DHKEM(ecdh.P256()).NewPublicKey(raw)
	if err != nil {
		return Recipient{}, refuse("the key in the unit's key file is damaged", recipientHint)
	}
	r := Recipient{name, key}
	if print != r.Fingerprint() {
		return Recipient{}, refuse("the fingerprint in the unit's key file is not the key's", "somebody edited the file: get it again from the unit, and compare the fingerprint with whoever stands there")
	}
	return r, nil
}
