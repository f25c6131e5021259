package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestBox(t *testing.T) {
	k := NewKey()
	b := k.Box()
	plain, aad := []byte("some content"), []byte("its place")
	sealed := b.Seal([]byte("head"), plain, aad)
	if len(sealed) != 4+len(plain)+Overhead {
		t.Fatalf("sealed %d bytes into %d", len(plain), len(sealed))
	}
	sealed = sealed[4:]
	if got, err := b.Open(nil, sealed, aad); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("open: %q, %v", got, err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := b.Open(nil, bad, aad); !errors.Is(err, ErrForged) {
			t.Fatalf("a flipped bit in byte %d: %v", i, err)
		}
	}
	if _, err := b.Open(nil, sealed, []byte("another")); !errors.Is(err, ErrForged) {
		t.Errorf("another context: %v", err)
	}
	if _, err := NewKey().Box().Open(nil, sealed, aad); !errors.Is(err, ErrForged) {
		t.Errorf("another key: %v", err)
	}
	if _, err := b.Open(nil, sealed[:Overhead-1], aad); !errors.Is(err, ErrForged) {
		t.Errorf("cut: %v", err)
	}
}

func TestDeriveSeparates(t *testing.T) {
	k := NewKey()
	keys := map[Key]bool{k: true}
	for _, salt := range []string{"", "a", "b"} {
		for _, info := range []string{"", "a", "b"} {
			d := k.Derive([]byte(salt), info)
			if keys[d] {
				t.Errorf("salt %q info %q: a key seen before", salt, info)
			}
			keys[d] = true
			if d != k.Derive([]byte(salt), info) {
				t.Errorf("salt %q info %q: not the same twice", salt, info)
			}
		}
	}
}

// A key shows itself under no verb and to no encoder (R17).
func TestKeyMasks(t *testing.T) {
	k := NewKey()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		if got := fmt.Sprintf(verb, k); got != "[key]" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
	if out, err := json.Marshal(map[string]any{"k": k}); err == nil {
		t.Errorf("JSON: %s", out)
	}
}

// Everything here runs where Go's FIPS module refuses whatever isn't approved (R41).
func TestFIPSOnly(t *testing.T) {
	if strings.Contains(os.Getenv("GODEBUG"), "fips140=only") {
		t.Skip("already inside")
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^(TestBox|TestDeriveSeparates|TestRing)$", "-test.v")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestRing")) {
		t.Fatalf("%v\n%s", err, out)
	}
}
