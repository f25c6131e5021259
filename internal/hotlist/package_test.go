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

func identity() Identity {
	return Identity{List: "nc-sbi", Source: "NC SBI", BuiltAt: now, MaxRejects: 0.01}
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
	return m
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
	o := publish(t, b, identity(), key)
	dir := filepath.Join(t.TempDir(), "package")
	if err := o.Write(dir); err != nil {
		t.Fatal(err)
	}
	p, err := Open(os.DirFS(dir), newKey(t).Public(), key.Public())
	if err != nil {
		t.Fatal(err)
	}
	var want, got []alpr.Entry
	b.Entries(func(e alpr.Entry) bool { want = append(want, e); return true })
	for e, err := range p.Entries() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
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
	// A store keeps the signed manifest and the chunks as they came.
	kept := map[string][]byte{}
	for _, c := range m.Chunks {
		if kept[c.SHA256], err = p.Chunk(c); err != nil {
			t.Fatal(err)
		}
	}
	again, err := Decode(p.Signed(), func(sha string) ([]byte, error) { return kept[sha], nil }, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Check(); err != nil {
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

// The same rows give the same bytes, in whatever order and number of files they come.
func TestDeterministic(t *testing.T) {
	key := newKey(t)
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
		return publish(t, b, identity(), key)
	}
	one := make(rows)
	if one.Manifest.Count != 4 || one.Manifest.Duplicates != 1 {
		t.Errorf("%d entries and %d duplicates, want 4 and 1: same plate, other state or class stays (R24)", one.Manifest.Count, one.Manifest.Duplicates)
	}
	slices.Reverse(rows)
	if two := make(rows[:2], rows[2:]); !one.equal(two) {
		t.Error("other bytes for the same rows")
	}
}

// A package is refused when its signer isn't trusted or any byte of it was changed, and says what to do (R22).
func TestTampering(t *testing.T) {
	key := newKey(t)
	o := publish(t, builder(t, 3000, 2), identity(), key)
	open := func(m fstest.MapFS) error { _, err := Open(m, key.Public()); return err }
	if err := open(files(o)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(files(o), newKey(t).Public()); !errors.Is(err, trust.ErrUnknownKey) {
		t.Errorf("another key: %v", err)
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
	other, err := trust.Sign(key, "alprd-command", payload)
	if err != nil {
		t.Fatal(err)
	}
	m := files(o)
	m[ManifestName] = &fstest.MapFile{Data: other}
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
	key := newKey(t)
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	rec := func(plate string) []byte {
		r := appendRecord(nil, alpr.Entry{ID: "1", Plate: alpr.NewPlate(plate), Class: "felony"})
		return append(binary.AppendUvarint(nil, uint64(len(r))), r...)
	}
	chunk := func(count int, records ...[]byte) []byte {
		return append(binary.AppendUvarint([]byte(magic), uint64(count)), bytes.Join(records, nil)...)
	}
	good := chunk(2, rec("ABC1"), rec("ABC2"))
	for _, c := range []struct {
		name   string
		raw    []byte
		change func(*Manifest)
		ok     bool
	}{
		{"the control", good, func(*Manifest) {}, true},
		{"a bomb", make([]byte, 200<<20), func(m *Manifest) { m.Chunks[0].RawSize = maxRaw }, false},
		{"a bomb that admits it", make([]byte, 2<<20), func(m *Manifest) {}, false},
		{"a smaller size", good, func(m *Manifest) { m.Chunks[0].RawSize-- }, false},
		{"a larger size", good, func(m *Manifest) { m.Chunks[0].RawSize++ }, false},
		{"a wrong count", good, func(m *Manifest) { m.Chunks[0].Count, m.Count = 3, 3 }, false},
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
		{"a chunk named like a path", good, func(m *Manifest) { m.Chunks[0].SHA256 = "../../../../etc/passwd" }, false},
		{"the same chunk twice", good, func(m *Manifest) { m.Chunks = append(m.Chunks, m.Chunks[0]); m.Count = 4 }, false},
		{"a newer layout", good, func(m *Manifest) { m.Format = 2 }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			packed := z.EncodeAll(c.raw, nil)
			o := &Bundle{Chunks: map[string][]byte{sha(packed): packed}}
			m := Manifest{Format: 1, List: "x", Version: 1, BuiltAt: now, Count: 2, Classes: map[string]int{"felony": 2}, Chunks: []Chunk{{sha(packed), len(packed), len(c.raw), 2}}}
			c.change(&m)
			payload, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			if o.Signed, err = trust.Sign(key, trust.ListManifest, payload); err != nil {
				t.Fatal(err)
			}
			_, err = Open(files(o), key.Public())
			if (err == nil) != c.ok {
				t.Fatalf("got %v", err)
			}
			if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrVersion) {
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
	try := func(change func(*Identity)) error {
		id := identity()
		id.Previous = first.Signed
		id.BuiltAt = now.Add(time.Second)
		change(&id)
		o, err := b.Publish(id, key)
		if err == nil && o.Manifest.Previous != sha(first.Signed) {
			t.Errorf("previous is %q", o.Manifest.Previous)
		}
		return err
	}
	if err := try(func(*Identity) {}); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Identity){
		"the same second":  func(id *Identity) { id.BuiltAt = now },
		"an older version": func(id *Identity) { id.Version = first.Manifest.Version - 1 },
		"another list":     func(id *Identity) { id.List = "other" },
		"a bad name":       func(id *Identity) { id.List = "a b" },
		"a traffic list":   func(id *Identity) { id.List, id.Previous = "unpaid-tolls", nil },
		"a foreign list":   func(id *Identity) { id.Previous = publish(t, b, identity(), newKey(t)).Signed },
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
		m := Manifest{List: "x", Classes: classes, Rejects: map[Reason]int{BadDate: rejects}}
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
		err := c.m.Admit(c.enabled, 0.01)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
		var h interface{ Hint() string }
		if err != nil && (!errors.As(err, &h) || h.Hint() == "") {
			t.Errorf("%s: no hint in %v", c.name, err)
		}
	}
}

// One changed entry changes the chunk it stands in, not all that follow: units fetch little for a small change.
func TestChunksStay(t *testing.T) {
	key := newKey(t)
	a := builder(t, 100_000, 4)
	first := publish(t, a, identity(), key)
	if err := a.Read("y", strings.NewReader("plate\nAAA0001\nMMM5555\n")); err != nil {
		t.Fatal(err)
	}
	second := publish(t, a, identity(), key)
	fresh, total := 0, 0
	for name, b := range second.Chunks {
		total += len(b)
		if _, there := first.Chunks[name]; !there {
			fresh++
		}
	}
	t.Logf("%d chunks, %.1f bytes an entry packed; two new entries: %d new chunks", len(second.Chunks), float64(total)/float64(second.Manifest.Count), fresh)
	if len(second.Chunks) < 10 || fresh > 4 {
		t.Errorf("%d of %d chunks are new", fresh, len(second.Chunks))
	}
	for _, c := range second.Manifest.Chunks {
		if c.RawSize > maxRaw {
			t.Errorf("a chunk of %d bytes", c.RawSize)
		}
	}
}

// Publishing into the same directory again replaces the package and removes what is no longer named.
func TestWriteAgain(t *testing.T) {
	key := newKey(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "README"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	var last *Bundle
	for i := range 3 {
		before, err := ReadPrevious(dir)
		if err != nil {
			t.Fatal(err)
		}
		if (before == nil) != (i == 0) {
			t.Fatalf("round %d: previous %v", i, before != nil)
		}
		id := identity()
		id.Previous, id.BuiltAt = before, now.Add(time.Duration(i)*time.Hour)
		last = publish(t, builder(t, 500, uint64(i)), id, key)
		if err := last.Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(os.DirFS(dir), key.Public()); err != nil {
		t.Error(err)
	}
	there, err := fs.Glob(os.DirFS(dir), "*")
	if err != nil {
		t.Fatal(err)
	}
	if len(there) != len(last.Chunks)+2 { // manifest, README
		t.Errorf("left behind: %v", there)
	}
}

func TestAlike(t *testing.T) {
	_, _, b := read(t, Options{}, "plate,state\nABC8234,NC\nA8C8234,NC\nABC1234,NC\nABC1234,VA\nXYZ1111,NC\n")
	if alike, shared := b.Alike(); alike != 2 || shared != 1 {
		t.Errorf("%d look-alikes and %d shared plates, want 2 and 1", alike, shared)
	}
}

// Whatever decodes encodes to the same bytes: one encoding of an entry, one entry of an encoding.
func FuzzRecord(f *testing.F) {
	f.Add(appendRecord(nil, alpr.Entry{ID: "1", Plate: alpr.NewPlate("OO01O"), Class: "felony", Priority: 100, EnteredAt: now, ExpiresAt: now}))
	f.Add(appendRecord(nil, alpr.Entry{Plate: alpr.NewPattern("AB?1"), Reason: "Müller"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseRecord(b)
		if err != nil {
			return
		}
		if again := appendRecord(nil, e); !bytes.Equal(again, b) {
			t.Fatalf("%x came back as %x", b, again)
		}
	})
}

// No bytes make a signed package's chunk crash or run away.
func FuzzChunk(f *testing.F) {
	r := appendRecord(nil, alpr.Entry{Plate: alpr.NewPlate("ABC1")})
	f.Add(append(append(binary.AppendUvarint([]byte(magic), 1), byte(len(r))), r...), 1)
	f.Fuzz(func(t *testing.T, raw []byte, count int) {
		if count < 0 || count > 1000 {
			return
		}
		n := 0
		if records(raw, count, func([]byte) error { n++; return nil }) == nil && n != count {
			t.Fatalf("%d records instead of %d", n, count)
		}
	})
}

// BenchmarkPackage is a list's way: rows to entries, entries to a signed package, a package checked.
func BenchmarkPackage(b *testing.B) {
	key := newKey(b)
	const n = 200_000
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			builder(b, n, 1)
		}
		b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	src := builder(b, n, 1)
	var o *Bundle
	b.Run("publish", func(b *testing.B) {
		for b.Loop() {
			o = publish(b, src, identity(), key)
		}
		b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	})
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			if _, err := Open(files(o), key.Public()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	})
}
