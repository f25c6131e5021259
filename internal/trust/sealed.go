package trust

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
)

const (
	// rounds of PBKDF2-HMAC-SHA-256 (OWASP 2023); 157 ms on the reference machine.
	rounds = 600_000
	// maxRounds keeps a forged file from occupying the machine.
	maxRounds = 10_000_000
	// MinPassphrase is the least length of a new passphrase, in bytes (NIST SP 800-63B, 5.1.1).
	MinPassphrase = 8
)

// keyFile is a private key at rest: two factors, the file and its passphrase (R37).
type keyFile struct {
	Format      string `json:"format"` // alprd-private-key-v1
	Name        string `json:"name"`
	Fingerprint string `json:"fingerprint"`
	KDF         string `json:"kdf"` // pbkdf2-hmac-sha256
	Rounds      int    `json:"rounds"`
	Salt        []byte `json:"salt"`   // 16 bytes
	Sealed      []byte `json:"sealed"` // nonce, AES-256-GCM of the Ed25519 seed, tag; the fields above are authenticated with it
}

const privateTag = "alprd-private-key-v1"

// Seal writes the private key file. A passphrase shorter than MinPassphrase is refused.
func (k PrivateKey) Seal(passphrase []byte) ([]byte, error) {
	if len(passphrase) < MinPassphrase {
		return nil, refuse(fmt.Sprintf("the passphrase is shorter than %d characters", MinPassphrase), "choose several words; whoever has the file and guesses the passphrase can sign in your name")
	}
	f := keyFile{
		Format: privateTag, Name: k.Name, Fingerprint: k.Public().Fingerprint(),
		KDF: "pbkdf2-hmac-sha256", Rounds: rounds, Salt: make([]byte, 16),
	}
	rand.Read(f.Salt)
	aead, err := f.aead(passphrase)
	if err != nil {
		return nil, err
	}
	f.Sealed = aead.Seal(nil, nil, k.key.Seed(), f.bound())
	out, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the private key file: %w", err)
	}
	return append(out, '\n'), nil
}

// OpenPrivateKey reads what Seal wrote. The error is ErrPassphrase when the passphrase doesn't fit.
func OpenPrivateKey(file, passphrase []byte) (PrivateKey, error) {
	const notOurs = "give the file NAME.key that alprctl keygen wrote"
	var f keyFile
	if len(file) > 8<<10 || json.Unmarshal(file, &f) != nil || f.Format != privateTag {
		return PrivateKey{}, refuse("this is no alprd private key file", notOurs)
	}
	if f.KDF != "pbkdf2-hmac-sha256" || f.Rounds < rounds || f.Rounds > maxRounds || len(f.Salt) != 16 || !goodName(f.Name) {
		return PrivateKey{}, refuse("the private key file is damaged or weaker than allowed", notOurs)
	}
	if len(passphrase) == 0 {
		return PrivateKey{}, refuse("the passphrase is empty", "type the passphrase chosen at alprctl keygen")
	}
	aead, err := f.aead(passphrase)
	if err != nil {
		return PrivateKey{}, err
	}
	seed, err := aead.Open(nil, nil, f.Sealed, f.bound())
	if err != nil || len(seed) != ed25519.SeedSize {
		return PrivateKey{}, hint(ErrPassphrase, "try again; without the passphrase the key is lost, and a new one has to be vouched for")
	}
	k := PrivateKey{Name: f.Name, key: ed25519.NewKeyFromSeed(seed)}
	if k.Public().Fingerprint() != f.Fingerprint {
		return PrivateKey{}, errors.New("the private key file names another key than it holds")
	}
	return k, nil
}

func (f keyFile) aead(passphrase []byte) (cipher.AEAD, error) {
	key, err := pbkdf2.Key(sha256.New, string(passphrase), f.Salt, f.Rounds, 32)
	if err != nil {
		return nil, fmt.Errorf("derive the key from the passphrase: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("seal the private key: %w", err)
	}
	// Random nonces: FIPS mode refuses those a caller chooses, and each salt gives a key of its own anyway.
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("seal the private key: %w", err)
	}
	return aead, nil
}

// bound is what the tag vouches for besides the seed.
func (f keyFile) bound() []byte {
	return fmt.Appendf(nil, "%s\n%s\n%s\n%s\n%d\n%x\n", f.Format, f.Name, f.Fingerprint, f.KDF, f.Rounds, f.Salt)
}
