package hotlist

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"maps"
)

func sha(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func (o *Bundle) equal(p *Bundle) bool {
	return bytes.Equal(o.Signed, p.Signed) && maps.EqualFunc(o.Chunks, p.Chunks, bytes.Equal)
}
