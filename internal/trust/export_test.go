package trust

import "crypto/ed25519"

// FingerprintOf lets a test spell a public key file for a key it holds whole.
func FingerprintOf(k ed25519.PublicKey) string { return PublicKey{key: k}.Fingerprint() }
