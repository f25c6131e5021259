package trust

import (
	"bytes"
	"encoding/json"
	"errors"
)

// Encode is the one spelling of a signed document: JSON with the fields in their declared order, all of them there, no white
// space outside strings, and no escapes but those that JSON demands and U+2028, U+2029.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), nil
}

// errSpelling is returned for a document that means something, but isn't written in the one way.
var errSpelling = errors.New("not in its one spelling: a field is missing, unknown, twice there or out of its order, or there is white space")

// Decode reads what Encode writes into v, and refuses every other spelling: what two programs could read differently
// (a field twice, another case, an unknown one) is never accepted.
func Decode(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errSpelling // the decoder's own words may quote a plate
	}
	again, err := Encode(v)
	if err != nil || !bytes.Equal(again, raw) {
		return errSpelling
	}
	return nil
}
