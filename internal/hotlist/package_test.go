package hotlist

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/klauspost/compress/zstd"

	"alprd/internal/alpr"
	"alprd/internal/trust"
)

func newKey(t testing.TB) trust.PrivateKey {
	t.Helper()
	k, err := trust.Generate("test")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// builder holds n entries of a made-up extract.
func builder(t testing.TB, n int, seed uint64) *Builder {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	var text strings.Builder
	text.WriteString(ncicHeader + "\n")
	for range n {
		plate := fmt.Sprintf("%c%c%c%04d", 'A'+r.IntN(26), 'A'+r.IntN(26), 'A'+r.IntN(26), r.IntN(10000))
		text.WriteString(ncic(fmt.Sprintf("V%09d", r.IntN(1e9)), "NC0410000", "20261101", plate, "NC", "2027", "PC", "2019", "FORD", "FUS", "4D", "RED") + "\n")
	}
	b, err := NewBuilder(Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Read("x", strings.NewReader(text.String())); err != nil {
		t.Fatal(err)
	}
	return b
}

func identity(units ...trust.Opener) Identity {
	id := Identity{Fleet: "kpd", List: "nc-sbi", Source: "NC SBI", BuiltAt: now, MaxRejects: 0.01}
	for _, u := range units {
		id.Units = append(id.Units, u.Recipient())
	}
	return id
}

func newUnit(t testing.TB, name string) trust.Opener {
	t.Helper()
	secret := make([]byte, 32)
	rand.NewChaCha8([32]byte([]byte(name + strings.Repeat(".", 32))[:32])).Read(secret)
	o, err := trust.NewOpener(name, secret)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func publish(t testing.TB, b *Builder, id Identity, key trust.PrivateKey) *Bundle {
	t.Helper()
	o, err := b.Publish(id, key)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func files(o *Bundle) fstest.MapFS {
	m := fstest.MapFS{ManifestName: {Data: o.Signed}}
	for name, b := range o.Chunks {
		m[name] = &fstest.MapFile{Data: b}
	}
	for unit, b := range o.Grants {
		m[GrantName(unit)] = &fstest.MapFile{Data: b}
	}
	return m
}

// whole opens a package as a unit and reads all of it.
func whole(dir fs.FS, me trust.Opener, keys ...trust.PublicKey) (*Package, error) {
	p, err := OpenFor(dir, me, keys...)
	if err != nil {
		return nil, err
	}
	return p, p.Check()
}

func entries(t testing.TB, p *Package) (out []alpr.Entry) {
	t.Helper()
	for e, err := range p.Entries() {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

// What is published is what a unit reads: every entry whole, the manifest's facts, from a directory as from a cache.
func TestRoundTrip(t *testing.T) {
	key := newKey(t)
	b := builder(t, 20_000, 1)
	csv := "plate,state,category,effective,expires,priority,make,model,year,colour,reason,instructions,id,operator,entered\n" +
		"OO0-1O,N0RTH CAROLINA,felony,2026-11-01,2026-11-30T12:00:00Z,0,Müller,X,1999,rot,weiß,do not stop,id-1,Sgt. Day,2026-11-01\n"
	csv = strings.Replace(csv, "N0RTH", "NORTH", 1)
	if err := b.Read("y", strings.NewReader(csv)); err != nil {
		t.Fatal(err)
	}
	me := newUnit(t, "pole-1")
	o := publish(t, b, identity(newUnit(t, "pole-2"), me), key)
	dir := filepath.Join(t.TempDir(), "package")
	if err := o.Write(dir); err != nil {
		t.Fatal(err)
	}
	p, err := OpenFor(os.DirFS(dir), me, newKey(t).Public(), key.Public())
	if err != nil {
		t.Fatal(err)
	}
	var want []alpr.Entry
	b.Entries(func(e alpr.Entry) bool { want = append(want, e); return true })
	got := entries(t, p)
	if len(want) < 19_900 {
		t.Fatalf("%d entries", len(want))
	}
	if d := diff(want, got); d != "" {
		t.Error(d)
	}
	i := slices.IndexFunc(got, func(e alpr.Entry) bool { return e.ID == "id-1" })
	if i < 0 || got[i].Plate.Text() != "OO01O" || got[i].Make != "Müller" || got[i].Operator != "Sgt. Day" || got[i].Priority != 0 {
		t.Errorf("the detailed entry came back as %+v", got[max(i, 0)])
	}
	m := p.Manifest()
	if m.Count != len(want) || m.Version != uint64(now.Unix()) || !m.BuiltAt.Equal(now) || m.Previous != "" || !p.Key().Equal(key.Public()) {
		t.Errorf("manifest: %+v", m)
	}
	if info := p.Info(); info.Name != "nc-sbi" || info.Source != "NC SBI" || info.Version != m.Version || !info.BuiltAt.Equal(now) {
		t.Errorf("info: %+v", info)
	}
	// A store keeps the signed manifest and the chunks as they came, and the keys.
	kept := map[string][]byte{}
	for _, c := range m.Chunks() {
		if kept[c.SHA256], err = p.Chunk(c); err != nil {
			t.Fatal(err)
		}
	}
	again, err := Decode(p.Signed(), func(sha string) ([]byte, error) { return kept[sha], nil }, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Check(); !errors.Is(err, ErrLocked) {
		t.Errorf("read without a key: %v", err)
	}
	if err := again.UnlockWith(p.Keys()); err != nil {
		t.Fatal(err)
	}
	if err := again.Check(); err != nil {
		t.Error(err)
	}
	// The publisher opens his own.
	own, err := Open(os.DirFS(dir), key.Public())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(own.UnlockOwn(key), own.Check()); err != nil {
		t.Error(err)
	}
	// Stopping early is no error.
	for _, err := range again.Entries() {
		if err != nil {
			t.Error(err)
		}
		break
	}
}

// The same rows give the same entries, in whatever order and number of files they come; and never the same bytes, or a broker saw
// which lists are alike.
func TestSameRows(t *testing.T) {
	key, me := newKey(t), newUnit(t, "pole-1")
	rows := []string{"ABC1,NC,felony", "ABC2,VA,stolen", "ABC1,VA,felony", "ABC1,NC,missing", "ABC1,NC,felony"}
	make := func(files ...[]string) *Bundle {
		b, err := NewBuilder(Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if err := b.Read("x", strings.NewReader("plate,state,category\n"+strings.Join(f, "\n"))); err != nil {
				t.Fatal(err)
			}
		}
		return publish(t, b, identity(me), key)
	}
	one := make(rows)
	if one.Manifest.Count != 4 || one.Manifest.Duplicates != 1 {
		t.Errorf("%d entries and %d duplicates, want 4 and 1: same plate, other state or class stays (R24)", one.Manifest.Count, one.Manifest.Duplicates)
	}
	slices.Reverse(rows)
	two := make(rows[:2], rows[2:])
	p, err := whole(files(one), me, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	q, err := whole(files(two), me, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	if d := diff(entries(t, p), entries(t, q)); d != "" {
		t.Error(d)
	}
	if one.Manifest.Parts[0].KeyID == two.Manifest.Parts[0].KeyID || one.Manifest.Parts[0].Chunks[0].SHA256 == two.Manifest.Parts[0].Chunks[0].SHA256 {
		t.Error("two packages share a key or a chunk")
	}
}

// A package is refused when its signer isn't trusted or any byte of it was changed, and says what to do (R22).
func TestTampering(t *testing.T) {
	key, me := newKey(t), newUnit(t, "pole-1")
	o := publish(t, builder(t, 3000, 2), identity(me), key)
	open := func(m fstest.MapFS) error { _, err := whole(m, me, key.Public()); return err }
	if err := open(files(o)); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFor(files(o), me, newKey(t).Public()); !errors.Is(err, trust.ErrUnknownKey) {
		t.Errorf("another key: %v", err)
	}
	if _, err := OpenFor(files(o), newUnit(t, "pole-2"), key.Public()); !errors.Is(err, ErrLocked) {
		t.Errorf("a unit that it isn't sealed to: %v", err)
	}
	grant := o.Grants["pole-1"]
	for i := range grant {
		m := files(o)
		m[GrantName("pole-1")] = &fstest.MapFile{Data: flip(grant, i)}
		if open(m) == nil {
			t.Fatalf("byte %d of the unit's key changed, and accepted", i)
		}
	}
	other := publish(t, builder(t, 3000, 2), identity(me), key)
	m := files(o)
	m[GrantName("pole-1")] = &fstest.MapFile{Data: other.Grants["pole-1"]}
	if err := open(m); !errors.Is(err, ErrDamaged) {
		t.Errorf("the key of another package of this version: %v", err)
	}
	namesake, err := trust.NewOpener("pole-1", bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFor(files(o), namesake, key.Public()); !errors.Is(err, ErrLocked) {
		t.Errorf("another key of a unit of this name: %v", err)
	}
	for i := range o.Signed {
		bad := bytes.Clone(o.Signed)
		bad[i] ^= 1
		m := files(o)
		m[ManifestName] = &fstest.MapFile{Data: bad}
		if open(m) == nil {
			t.Fatalf("byte %d of the manifest changed, and accepted", i)
		}
	}
	for name, chunk := range o.Chunks {
		for _, bad := range [][]byte{chunk[:len(chunk)-1], append(bytes.Clone(chunk), 0), flip(chunk, len(chunk)/2), {}} {
			m := files(o)
			m[name] = &fstest.MapFile{Data: bad}
			if err := open(m); !errors.Is(err, ErrDamaged) {
				t.Errorf("changed chunk: %v", err)
			}
		}
		m := files(o)
		delete(m, name)
		var h interface{ Hint() string }
		if err := open(m); !errors.Is(err, ErrDamaged) || !errors.As(err, &h) {
			t.Errorf("missing chunk: %v", err)
		}
	}
	if err := open(fstest.MapFS{}); err == nil {
		t.Error("an empty directory is a package")
	}
	// A signed message of another purpose is no manifest, though the key is right.
	payload, _ := json.Marshal(o.Manifest)
	command, err := trust.Sign(key, "alprd-command", payload)
	if err != nil {
		t.Fatal(err)
	}
	m = files(o)
	m[ManifestName] = &fstest.MapFile{Data: command}
	if err := open(m); !errors.Is(err, trust.ErrForm) {
		t.Errorf("a signed command as manifest: %v", err)
	}
}

func flip(b []byte, i int) []byte {
	b = bytes.Clone(b)
	b[i] ^= 0x40
	return b
}

// A publisher whose key is genuine but whose program is wrong or hostile: bombs, wrong counts, disorder, doubled entries.
func TestHostilePublisher(t *testing.T) {
	key, me := newKey(t), newUnit(t, "pole-1")
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	rec := func(plate string) []byte {
		r := appendRecord(nil, alpr.Entry{ID: "1", Plate: alpr.NewPlate(plate), Class: "felony"})
		return append(binary.AppendUvarint(nil, uint64(len(r))), r...)
	}
	chunk := func(count int, records ...[]byte) []byte {
		return append(binary.AppendUvarint([]byte(snapshotMagic), uint64(count)), bytes.Join(records, nil)...)
	}
	good := chunk(2, rec("ABC1"), rec("ABC2"))
	for _, c := range []struct {
		name   string
		raw    []byte
		change func(*Manifest)
		ok     bool
	}{
		{"the control", good, func(*Manifest) {}, true},
		{"a bomb", make([]byte, 200<<20), func(m *Manifest) { m.Parts[0].Chunks[0].RawSize = maxRaw }, false},
		{"a bomb that admits it", make([]byte, 2<<20), func(m *Manifest) {}, false},
		{"a smaller size", good, func(m *Manifest) { m.Parts[0].Chunks[0].RawSize-- }, false},
		{"a larger size", good, func(m *Manifest) { m.Parts[0].Chunks[0].RawSize++ }, false},
		{"a wrong count", good, func(m *Manifest) { m.Parts[0].Chunks[0].Count, m.Count = 3, 3 }, false},
		{"another sum", good, func(m *Manifest) { m.Count = 3 }, false},
		{"disorder", chunk(2, rec("ABC2"), rec("ABC1")), func(*Manifest) {}, false},
		{"an entry twice", chunk(2, rec("ABC1"), rec("ABC1")), func(*Manifest) {}, false},
		{"bytes behind", append(bytes.Clone(good), 0), func(*Manifest) {}, false},
		{"cut", good[:len(good)-3], func(*Manifest) {}, false},
		{"no magic", bytes.Replace(good, []byte("alprd"), []byte("alprx"), 1), func(*Manifest) {}, false},
		{"no plate", chunk(2, rec(""), rec("ABC1")), func(*Manifest) {}, false},
		{"eleven characters", chunk(2, rec("ABC1"), rec("ABCDEFGHIJK")), func(*Manifest) {}, false},
		{"other classes than it says", good, func(m *Manifest) { m.Classes = map[string]int{"felony": 1, "missing": 1} }, false},
		{"version 0", good, func(m *Manifest) { m.Version = 0 }, false},
		{"a name with a path", good, func(m *Manifest) { m.List = "../x" }, false},
		{"a chunk named like a path", good, func(m *Manifest) { m.Parts[0].Chunks[0].SHA256 = "../../../../etc/passwd" }, false},
		{"the same chunk twice", good, func(m *Manifest) { m.Parts[0].Chunks = append(m.Parts[0].Chunks, m.Parts[0].Chunks[0]); m.Count = 4 }, false},
		{"a newer layout", good, func(m *Manifest) { m.Format = 3 }, false},
		{"an older layout", good, func(m *Manifest) { m.Format = 1 }, false},
		{"no part", good, func(m *Manifest) { m.Parts = nil }, false},
		{"a delta alone", good, func(m *Manifest) { m.Parts[0].Kind = Delta }, false},
		{"a delta to itself", good, func(m *Manifest) { m.Parts = append(m.Parts, Part{Kind: Delta, Version: 1, KeyID: m.Parts[0].KeyID}) }, false},
		{"another key", good, func(m *Manifest) { m.Parts[0].KeyID = trust.NewContentKey().ID() }, false},
		{"another fleet's seal", good, func(m *Manifest) { m.Fleet = "other" }, false},
		{"a part of another version", good, func(m *Manifest) { m.Version = 2 }, false},
		{"stale before it is built", good, func(m *Manifest) { m.StaleAt = m.BuiltAt.Add(-1) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			ck := trust.NewContentKey()
			m := Manifest{Format: 2, Fleet: "kpd", List: "x", Version: 1, BuiltAt: now, StaleAt: now, Count: 2, Classes: map[string]int{"felony": 2}, Units: []UnitKey{}}
			m.Parts = []Part{{Kind: Snapshot, Version: 1, BuiltAt: now, KeyID: ck.ID()}}
			sealed := ck.Seal(chunkContext(m, m.Parts[0], 0), z.EncodeAll(c.raw, nil))
			m.Parts[0].Chunks = []Chunk{{hexSum(sealed), len(sealed), len(c.raw), 2}}
			grant, err := m.grant([]trust.ContentKey{ck}, me.Recipient())
			if err != nil {
				t.Fatal(err)
			}
			o := &Bundle{Chunks: map[string][]byte{hexSum(sealed): sealed}, Grants: map[string][]byte{"pole-1": grant}}
			c.change(&m)
			payload, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			if o.Signed, err = trust.Sign(key, trust.ListManifest, payload); err != nil {
				t.Fatal(err)
			}
			_, err = whole(files(o), me, key.Public())
			if (err == nil) != c.ok {
				t.Fatalf("got %v", err)
			}
			if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrVersion) && !errors.Is(err, ErrLocked) {
				t.Errorf("an error of no kind: %v", err)
			}
		})
	}
}

// A publisher never makes a version that units would refuse (R22), never mixes lists, never publishes broken or unlawful ones.
func TestPublishRefuses(t *testing.T) {
	key := newKey(t)
	b := builder(t, 100, 3)
	first := publish(t, b, identity(), key)
	before := func(o *Bundle, key trust.PrivateKey) *Package {
		p, err := Open(files(o), key.Public())
		if err != nil {
			t.Fatal(err)
		}
		if err := p.UnlockOwn(key); err != nil {
			t.Fatal(err)
		}
		return p
	}
	try := func(change func(*Identity)) error {
		id := identity()
		id.Previous = before(first, key)
		id.BuiltAt = now.Add(time.Second)
		change(&id)
		o, err := b.Publish(id, key)
		if err == nil && (o.Manifest.Previous != hexSum(first.Signed) || o.Manifest.Version <= first.Manifest.Version) {
			t.Errorf("version %d after %d, previous is %q", o.Manifest.Version, first.Manifest.Version, o.Manifest.Previous)
		}
		return err
	}
	for name, change := range map[string]func(*Identity){
		"a second later":  func(*Identity) {},
		"the same second": func(id *Identity) { id.BuiltAt = now },
		"a slow clock":    func(id *Identity) { id.BuiltAt = now.Add(-time.Hour) },
	} {
		if err := try(change); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(*Identity){
		"the same version": func(id *Identity) { id.Version = first.Manifest.Version },
		"an older version": func(id *Identity) { id.Version = first.Manifest.Version - 1 },
		"another list":     func(id *Identity) { id.List = "other" },
		"a bad name":       func(id *Identity) { id.List = "a b" },
		"a traffic list":   func(id *Identity) { id.List, id.Previous = "unpaid-tolls", nil },
		"another fleet":    func(id *Identity) { id.Fleet = "other" },
		"no fleet":         func(id *Identity) { id.Fleet, id.Previous = "", nil },
		"a unit twice": func(id *Identity) {
			id.Units = append(id.Units, newUnit(t, "a").Recipient(), newUnit(t, "a").Recipient())
		},
	} {
		err := try(change)
		var h interface{ Hint() string }
		if err == nil || !errors.As(err, &h) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// 2 % broken rows against a limit of 1 %: refused whole, with lines and reasons (R23).
	var text strings.Builder
	text.WriteString("plate,state\n")
	for i := range 1000 {
		state := "NC"
		if i%50 == 7 {
			state = "QQ"
		}
		fmt.Fprintf(&text, "ABC%04d,%s\n", i, state)
	}
	_, _, broken := read(t, Options{}, text.String())
	_, err := broken.Publish(identity(), key)
	if err == nil || !strings.Contains(err.Error(), "20 of 1000 rows") || !strings.Contains(err.Error(), "line 9: no state of this name") {
		t.Errorf("2 %% broken rows: %v", err)
	}
	id := identity()
	id.MaxRejects = 0.02
	if o := publish(t, broken, id, key); o.Manifest.Count != 980 || o.Manifest.Rejects[BadState] != 20 {
		t.Errorf("at a limit of 2 %%: %+v", o.Manifest)
	}
}

// What the publisher was set to doesn't bind the unit: it judges classes and rejects by its own agency's rules (R23, R27, R53).
func TestAdmit(t *testing.T) {
	m := func(classes map[string]int, rejects int) Manifest {
		m := Manifest{Fleet: "kpd", List: "x", Classes: classes, Rejects: map[Reason]int{BadDate: rejects}}
		for _, n := range classes {
			m.Count += n
		}
		return m
	}
	for _, c := range []struct {
		name    string
		m       Manifest
		enabled []string
		ok      bool
	}{
		{"plain", m(map[string]int{"felony": 99}, 1), nil, true},
		{"too many rejects", m(map[string]int{"felony": 98}, 2), nil, false},
		{"a restricted class", m(map[string]int{"felony": 9, "sex_offender": 1}, 0), nil, false},
		{"another one enabled", m(map[string]int{"felony": 9, "sex_offender": 1}, 0), []string{"H"}, false},
		{"enabled by letter", m(map[string]int{"felony": 9, "sex_offender": 1}, 0), []string{"X"}, true},
		{"enabled by word", m(map[string]int{"felony": 9, "sex_offender": 1}, 0), []string{"sex_offender"}, true},
		{"traffic", m(map[string]int{"felony": 9, "expired_registration": 1}, 0), nil, false},
		{"empty", m(nil, 0), nil, true},
	} {
		err := c.m.Admit("kpd", c.enabled, 0.01)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
		var h interface{ Hint() string }
		if err != nil && (!errors.As(err, &h) || h.Hint() == "") {
			t.Errorf("%s: no hint in %v", c.name, err)
		}
	}
	if err := m(nil, 0).Admit("dpd", nil, 0.01); err == nil {
		t.Error("a list of another fleet is admitted")
	}
}

// A small change is a small delta beside the same snapshot, and both together are the list; a large one, an old snapshot, and a unit
// that is left out make a new snapshot under a new key.
func TestDelta(t *testing.T) {
	key, me, lost := newKey(t), newUnit(t, "pole-1"), newUnit(t, "pole-2")
	before := func(o *Bundle) *Package {
		p, err := Open(files(o), key.Public())
		if err != nil {
			t.Fatal(err)
		}
		if err := p.UnlockOwn(key); err != nil {
			t.Fatal(err)
		}
		return p
	}
	next := func(o *Bundle, hours int, units ...trust.Opener) Identity {
		id := identity(units...)
		id.Previous, id.BuiltAt = before(o), now.Add(time.Duration(hours)*time.Hour)
		return id
	}
	// list is n entries of the made-up extract without those that are a multiple of skip, and more.
	all := builder(t, 30_000, 4)
	if _, err := all.Report(); err != nil {
		t.Fatal(err)
	}
	list := func(skip int, more string) *Builder {
		b, err := NewBuilder(Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range all.records {
			if skip == 0 || i%skip != 0 {
				b.records = append(b.records, r)
				b.report.Rows++
			}
		}
		if err := b.Read("y", strings.NewReader("plate,id\n"+more)); err != nil {
			t.Fatal(err)
		}
		return b
	}
	check := func(o *Bundle, b *Builder, units ...trust.Opener) {
		t.Helper()
		var want []alpr.Entry
		b.Entries(func(e alpr.Entry) bool { want = append(want, e); return true })
		for _, u := range units {
			p, err := OpenFor(files(o), u, key.Public())
			if err != nil {
				t.Fatal(err)
			}
			if d := diff(want, entries(t, p)); d != "" {
				t.Error(d)
			}
			// By its ordinal each is found as well, also after a restart.
			again, err := OpenFor(files(o), u, key.Public())
			if err != nil {
				t.Fatal(err)
			}
			if err := again.SetPlaces(p.Places()); err != nil {
				t.Fatal(err)
			}
			for i := range want {
				if i%97 != 0 && i > 20 && i < len(want)-20 {
					continue
				}
				e, err := again.Entry(i)
				if err != nil || e.ID != want[i].ID || e.Plate.Text() != want[i].Plate.Text() {
					t.Fatalf("entry %d is %q, %v; want %q", i, e.ID, err, want[i].ID)
				}
			}
			for _, i := range []int{-1, len(want)} {
				if _, err := again.Entry(i); err == nil {
					t.Errorf("entry %d of %d", i, len(want))
				}
			}
		}
	}
	firstList := list(0, "AAA0001,x\nZZZ9999,y\n")
	first := publish(t, firstList, identity(me, lost), key)
	secondList := list(1000, "AAA0002,x\nMMM5555,z\nZZZ9999,y\n")
	if _, err := secondList.Report(); err != nil {
		t.Fatal(err)
	}
	c, err := secondList.Changes(before(first))
	if want := (Changes{Before: first.Manifest.Count, After: len(secondList.records), Added: 1, Removed: (first.Manifest.Count - 2 + 999) / 1000, Changed: 1}); err != nil || c != want {
		t.Errorf("changes %+v, %v; want %+v", c, err, want)
	}
	second := publish(t, secondList, next(first, 12, me, lost), key)
	if len(second.Manifest.Parts) != 2 || second.Manifest.Parts[0].KeyID != first.Manifest.Parts[0].KeyID || second.Fresh > first.Fresh/100 {
		t.Errorf("%d parts, %d fresh bytes after %d", len(second.Manifest.Parts), second.Fresh, first.Fresh)
	}
	check(second, secondList, me, lost)
	// The next delta is against the same snapshot; a unit that comes late opens both.
	late := newUnit(t, "pole-3")
	thirdList := list(500, "AAA0001,x\n")
	third := publish(t, thirdList, next(second, 24, me, lost, late), key)
	if p := third.Manifest.Parts; len(p) != 2 || p[0].Version != first.Manifest.Version || p[1].KeyID == second.Manifest.Parts[1].KeyID {
		t.Errorf("parts %+v", p)
	}
	check(third, thirdList, me, lost, late)
	p, err := whole(files(third), me, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	if c, err := p.Changes(before(second)); err != nil || c.Before != second.Manifest.Count || c.After != third.Manifest.Count || c.Removed == 0 || c.Changed != 1 {
		t.Errorf("changes to the second: %+v, %v", c, err)
	}
	for name, o := range map[string]*Bundle{
		"a unit is left out": publish(t, thirdList, next(second, 24, me), key),
		"a large change":     publish(t, list(7, ""), next(second, 24, me, lost), key),
		"an old snapshot":    publish(t, thirdList, next(second, 8*24, me, lost), key),
		"asked for":          publish(t, thirdList, func() Identity { id := next(second, 24, me, lost); id.Whole = true; return id }(), key),
		"a snapshot that lost": publish(t, thirdList, func() Identity {
			id := next(second, 24, me, lost)
			id.Previous.chunk = fstest.MapFS{}.ReadFile
			return id
		}(), key),
	} {
		if len(o.Manifest.Parts) != 1 || o.Manifest.Parts[0].KeyID == first.Manifest.Parts[0].KeyID {
			t.Errorf("%s: %d parts, key %s", name, len(o.Manifest.Parts), o.Manifest.Parts[0].KeyID)
		}
		if _, err := whole(files(o), me, key.Public()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := OpenFor(files(publish(t, thirdList, next(second, 24, me), key)), lost, key.Public()); !errors.Is(err, ErrLocked) {
		t.Errorf("who is left out: %v", err)
	}
}

// Deltas that don't fit are damage, whatever signed them: nothing is guessed.
func TestOddDelta(t *testing.T) {
	base := func(yield func([]byte) error) error {
		for _, r := range []string{"b", "d", "f"} {
			if err := yield([]byte(r)); err != nil {
				return err
			}
		}
		return nil
	}
	for text, want := range map[string]string{
		"": "bdf", "+a": "abdf", "+g": "bdfg", "-b-d-f": "", "+a-b+c-d+e-f+g": "aceg",
		"-a": "!", "-g": "!", "+b": "!", "-c": "!", "+f": "!",
	} {
		c := &changes{}
		for i := 0; i < len(text); i += 2 {
			if err := c.add([]byte(text[i : i+2])); err != nil {
				t.Fatal(err)
			}
		}
		got := ""
		if _, err := c.apply(base, func(r []byte) error { got += string(r); return nil }); err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Error(err)
			}
			got = "!"
		}
		if got != want {
			t.Errorf("%q makes %q of bdf, want %q", text, got, want)
		}
	}
	if (&changes{}).add([]byte("*x")) == nil || (&changes{}).add([]byte("+")) == nil {
		t.Error("a change of another kind")
	}
}

// Publishing into the same directory again replaces the package and removes what is no longer named, chunks and keys.
func TestWriteAgain(t *testing.T) {
	key, me := newKey(t), newUnit(t, "pole-1")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "README"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var last *Bundle
	for i := range 3 {
		id := identity(me, newUnit(t, fmt.Sprint("guest-", i)))
		id.BuiltAt = now.Add(time.Duration(i) * time.Hour)
		last = publish(t, builder(t, 500, uint64(i)), id, key)
		if err := last.Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := whole(os.DirFS(dir), me, key.Public()); err != nil {
		t.Error(err)
	}
	there, err := fs.Glob(os.DirFS(dir), "*")
	if err != nil {
		t.Fatal(err)
	}
	if len(there) != len(last.Chunks)+3 { // manifest, keys, README
		t.Errorf("left behind: %v", there)
	}
	if keys, err := fs.Glob(os.DirFS(dir), "keys/*"); err != nil || len(keys) != 2 {
		t.Errorf("left behind: %v", keys)
	}
}

func TestAlike(t *testing.T) {
	_, _, b := read(t, Options{}, "plate,state\nABC8234,NC\nA8C8234,NC\nABC1234,NC\nABC1234,VA\nXYZ1111,NC\n")
	if alike, shared := b.Alike(); alike != 2 || shared != 1 {
		t.Errorf("%d look-alikes and %d shared plates, want 2 and 1", alike, shared)
	}
}
