package trust

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// ContentKey encrypts the parts of one package (AES-256-GCM with random nonces). It masks itself wherever it could be printed.
type ContentKey [32]byte

// ContentOverhead is what sealing under a content key adds: a nonce of 12 bytes and a tag of 16.
const ContentOverhead = 28

// NewContentKey makes a random key.
func NewContentKey() ContentKey {
	var k ContentKey
	rand.Read(k[:]) // never fails
	return k
}

// ID names the key and tells nothing of it. A signed message that names the ID binds what was sealed to this very key, which
// GCM's tag alone does not.
func (k ContentKey) ID() string {
	id, err := hkdf.Key(sha256.New, k[:], nil, "alprd content key id", 16)
	if err != nil {
		panic(err) // only for lengths beyond the standard's
	}
	return hex.EncodeToString(id)
}

// Seal encrypts; context is bound to it and not stored.
func (k ContentKey) Seal(context string, plain []byte) []byte {
	return k.aead().Seal(nil, nil, plain, []byte(context))
}

// Open appends the plain text to dst, or returns ErrNotOurs.
func (k ContentKey) Open(dst []byte, context string, sealed []byte) ([]byte, error) {
	plain, err := k.aead().Open(dst, nil, sealed, []byte(context))
	if err != nil {
		return nil, ErrNotOurs
	}
	return plain, nil
}

func (k ContentKey) aead() cipher.AEAD {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // only for a wrong key length
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // only for a cipher that isn't AES
	}
	return aead
}

// Format masks under every verb.
func (k ContentKey) Format(s fmt.State, _ rune) { fmt.Fprint(s, "[key]") }

// MarshalText refuses, so that no encoder can carry a key by accident.
func (k ContentKey) MarshalText() ([]byte, error) {
	return nil, errors.New("a content key is never encoded")
}
