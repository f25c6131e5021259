// Package seal is authenticated encryption and the keeping of keys.
//
// Everything is AES-256-GCM with random nonces made by the cipher itself, and keys are derived with HKDF-SHA-256, so that
// all of it runs under Go's FIPS module with fips140=only (R41). A Key seals through a Box. Keys that must be destroyable
// one by one live in a Ring: one small file, sealed under one 32-byte key that a Holder keeps where replacing it destroys
// what was there before. Destroying that one key destroys every copy of every earlier ring.
//
// The package knows nothing of what is sealed.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// KeySize is the length of a key, Overhead what sealing adds: a 12-byte nonce before and a 16-byte tag behind.
const (
	KeySize  = 32
	Overhead = 28
)

// Key is an AES-256 key. It masks itself wherever it could be printed by accident.
type Key [KeySize]byte

// NewKey makes a random key.
func NewKey() Key {
	var k Key
	rand.Read(k[:]) // never fails: the runtime stops the program rather
	return k
}

// Derive makes the key for one purpose (HKDF-SHA-256).
func (k Key) Derive(salt []byte, info string) Key {
	b, err := hkdf.Key(sha256.New, k[:], salt, info, KeySize)
	if err != nil {
		panic(err) // only lengths beyond the standard's, or a FIPS refusal of this very use, which a test excludes
	}
	return Key(b)
}

// Format masks under every verb.
func (k Key) Format(s fmt.State, _ rune) { fmt.Fprint(s, "[key]") }

// MarshalText refuses, so that no encoder can carry a key by accident.
func (k Key) MarshalText() ([]byte, error) { return nil, errors.New("seal: a key is never encoded") }

// Box seals and opens under one key. It may be used by several goroutines. With random nonces of 96 bits one key is
// good for 2^32 messages (SP 800-38D, 8.3); a segment's key seals under 2^19.
type Box struct{ aead cipher.AEAD }

// Box makes the cipher of a key.
func (k Key) Box() Box {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		panic(err) // only a wrong key length
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // only a cipher that isn't AES
	}
	return Box{aead}
}

// Seal appends the sealed plain to dst. aad is bound to it and not stored.
func (b Box) Seal(dst, plain, aad []byte) []byte { return b.aead.Seal(dst, nil, plain, aad) }

// Open appends the opened text to dst, or returns ErrForged.
func (b Box) Open(dst, sealed, aad []byte) ([]byte, error) {
	plain, err := b.aead.Open(dst, nil, sealed, aad)
	if err != nil {
		return nil, ErrForged
	}
	return plain, nil
}

var (
	// ErrForged is returned when sealed bytes don't open: another key, another context, or changed.
	ErrForged = errors.New("seal: does not open")
	// ErrNoKey is returned when a holder has no key yet.
	ErrNoKey = errors.New("seal: no key")
	// ErrDiskState is returned when an error left it unknown what is on the disk; nothing more is written. Open anew.
	ErrDiskState = errors.New("seal: the disk's state is unknown after an error")
	// ErrInUse is returned when another process has the ring open.
	ErrInUse = errors.New("seal: the key ring is in use by another process")
)

// fault is an error that a person can mend.
type fault struct {
	error
	hint string
}

func (f fault) Hint() string  { return f.hint }
func (f fault) Unwrap() error { return f.error }
