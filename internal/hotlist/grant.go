package hotlist

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"alprd/internal/trust"
)

// MaxGrant is how large a grant may be, bytes.
const MaxGrant = 4 << 10

// ErrLocked is returned when a package's content keys are not there: nothing of it can be read yet.
var ErrLocked = errors.New("the list package is sealed, and its key is not there")

// Grant is a package's content keys sealed to one unit. It needs no signature: the signed manifest names the keys.
type Grant struct {
	Format      int    `json:"format"` // 1
	Fleet       string `json:"fleet"`
	List        string `json:"list"`
	Version     uint64 `json:"version"`
	Unit        string `json:"unit"`
	Fingerprint string `json:"fingerprint"` // of the unit's key that it is sealed to
	Sealed      []byte `json:"sealed"`
}

// GrantName is the file of a unit's grant in a package's directory.
func GrantName(unit string) string { return "keys/" + unit + ".json" }

// grantContext binds a grant to what it is for.
func grantContext(m Manifest, to string) string {
	return fmt.Sprintf("alprd hot-list keys\n%s\n%s\n%d\n%s\n", m.Fleet, m.List, m.Version, to)
}

// ownContext is the publisher's own: a unit's name has no blank.
const ownContext = "its publisher"

// grant seals the content keys to a unit.
func (m Manifest) grant(keys []trust.ContentKey, to trust.Recipient) ([]byte, error) {
	sealed, err := to.Seal(grantContext(m, to.Name), join(keys))
	if err != nil {
		return nil, err
	}
	return json.Marshal(Grant{1, m.Fleet, m.List, m.Version, to.Name, to.Fingerprint(), sealed})
}

// ReadGrant reads a grant without opening it.
func ReadGrant(raw []byte) (Grant, error) {
	var g Grant
	if len(raw) > MaxGrant || json.Unmarshal(raw, &g) != nil {
		return g, fmt.Errorf("%w: the unit's key is no key file", ErrDamaged)
	}
	if again, err := json.Marshal(g); err != nil || !bytes.Equal(again, raw) || g.Format != 1 {
		return g, fmt.Errorf("%w: the unit's key is spelt in another way", ErrDamaged)
	}
	return g, nil
}

// Unlock opens the grant of a unit, whose name and key are me's. Errors have a hint: the package isn't sealed to this unit.
func (p *Package) Unlock(raw []byte, me trust.Opener) error {
	g, err := ReadGrant(raw)
	if err != nil {
		return err
	}
	r := me.Recipient()
	switch {
	case g.Fleet != p.manifest.Fleet || g.List != p.manifest.List || g.Version != p.manifest.Version || g.Unit != r.Name:
		return hinted{fmt.Errorf("%w: the key beside it is for another unit, list or version", ErrLocked), "copy the whole directory again"}
	case g.Fingerprint != r.Fingerprint():
		return hinted{fmt.Errorf("%w: it is sealed to another key of this unit, %s", ErrLocked, g.Fingerprint), "give the publisher the unit's key as it is now: alprd keys"}
	}
	return p.unlock(me, r.Name, g.Sealed)
}

// UnlockOwn opens a package of one's own.
func (p *Package) UnlockOwn(key trust.PrivateKey) error {
	me, err := key.Opener()
	if err != nil {
		return err
	}
	return p.unlock(me, ownContext, p.manifest.Own)
}

func (p *Package) unlock(me trust.Opener, context string, sealed []byte) error {
	keys, err := me.Open(grantContext(p.manifest, context), sealed)
	if err != nil {
		return hinted{fmt.Errorf("the list package's key: %w", err), "publish the list again"}
	}
	return p.UnlockWith(keys)
}

// UnlockWith takes content keys that Keys gave.
func (p *Package) UnlockWith(keys []byte) error {
	if len(keys) != 32*len(p.manifest.Parts) {
		return fmt.Errorf("%w: another number of keys than parts", ErrDamaged)
	}
	var out []trust.ContentKey
	for i, part := range p.manifest.Parts {
		k := trust.ContentKey(keys[32*i:])
		if k.ID() != part.KeyID {
			return hinted{fmt.Errorf("%w: the key is not the one that the manifest names", ErrDamaged), "publish the list again"}
		}
		out = append(out, k)
	}
	p.keys = out
	return nil
}

// Keys is the content keys in the open, to be kept sealed beside the chunks; nil while the package is locked.
func (p *Package) Keys() []byte { return join(p.keys) }

func join(keys []trust.ContentKey) []byte {
	var out []byte
	for _, k := range keys {
		out = append(out, k[:]...)
	}
	return out
}
