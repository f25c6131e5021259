package trust

import "errors"

var (
	// ErrPassphrase is returned when a private key file doesn't open: the passphrase is wrong or the file was changed.
	ErrPassphrase = errors.New("the private key does not open with this passphrase")
	// ErrUnknownKey is returned when a message is signed by a key that is not among those it may be signed by.
	ErrUnknownKey = errors.New("signed by a key that is not trusted here")
	// ErrSignature is returned when a message is not exactly what its signer signed.
	ErrSignature = errors.New("the signature does not fit")
	// ErrForm is returned when a message is no strict compact JWS of the expected type.
	ErrForm = errors.New("this is no signed message of the expected kind")
	// ErrNotOurs is returned when something sealed doesn't open: sealed to another key, for another purpose, or changed.
	ErrNotOurs = errors.New("sealed to another key, or changed since")
)

// hinted is an error that a person caused and can mend.
type hinted struct {
	error
	hint string
}

func (h hinted) Hint() string  { return h.hint }
func (h hinted) Unwrap() error { return h.error }

func refuse(what, hint string) error { return hinted{errors.New(what), hint} }

func hint(err error, h string) error { return hinted{err, h} }
