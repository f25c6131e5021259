package uplink

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"alprd/internal/uplink/brokertest"
)

// taker is a unit that wants some chunks of one list and notes what happens.
type taker struct {
	mu     sync.Mutex
	want   []string
	events []string
	got    map[string]string
}

func (k *taker) note(format string, args ...any) {
	k.events = append(k.events, fmt.Sprintf(format, args...))
}

func (k *taker) Names() []string { return []string{"ncic"} }

func (k *taker) Manifest(list string, signed []byte) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.note("manifest %s", signed)
	return k.lacks()
}

func (k *taker) Grant(list string, sealed []byte) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.note("key %s", sealed)
	return nil
}

func (k *taker) Chunk(list, sha string, sealed []byte) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, twice := k.got[sha]; twice {
		k.note("%s twice", sha)
	}
	k.got[sha] = string(sealed)
	return k.lacks()
}

func (k *taker) Missing(list, sha string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.note("missing %s", sha)
}

func (k *taker) lacks() (out []string) {
	for _, s := range k.want {
		if _, ok := k.got[s]; !ok {
			out = append(out, s)
		}
	}
	return out
}

func (k *taker) all() ([]string, int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.events), len(k.got)
}

// Over a real broker a unit hears its key before the manifest, fetches just the chunks that it lacks, each once, and is told of one that isn't there
// although the connection lives; what comes later on the manifest's topic comes at once, and what is cleared is no message.
func TestFetch(t *testing.T) {
	m := brokertest.Start(t)
	desk, err := client(t, m, "publisher", m.Address).Open(t.Context(), "publisher", DefaultPrefix)
	if err != nil {
		t.Fatal(err)
	}
	defer desk.Close()
	shelf := desk.Shelf("ncic")
	if manifest, pending, err := shelf.Manifest(t.Context()); err != nil || manifest != nil || pending != nil {
		t.Fatalf("an empty shelf holds %q, %q, %v", manifest, pending, err)
	}
	k := &taker{got: map[string]string{}}
	var names []string
	for i := range 40 {
		names = append(names, fmt.Sprintf("%064d", i))
		if err := shelf.PutChunk(names[i], fmt.Appendf(nil, "chunk %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	k.want = names[:35] // the others it has
	put := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if err := desk.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	put(shelf.PutManifest([]byte("m1")))
	put(shelf.PutGrant("unit-7", []byte("k1")))
	put(shelf.PutGrant("unit-8", []byte("not ours")))
	u, err := New(Config{Broker: client(t, m, "unit-7", m.Address), Unit: "unit-7", AckTimeout: 400 * time.Millisecond, MinBackoff: 10 * time.Millisecond}, newBox(), telling(), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	u.Fetch(k)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- u.Run(ctx) }()
	eventually(t, "all chunks are here", func() bool { _, n := k.all(); return n == 35 })
	if events, _ := k.all(); !slices.Equal(events, []string{"key k1", "manifest m1"}) {
		t.Errorf("events: %q", events)
	}
	for i, n := range k.want {
		if k.got[n] != fmt.Sprintf("chunk %d", i) {
			t.Errorf("chunk %d is %q", i, k.got[n])
		}
	}
	// A new version, one chunk of which nobody published.
	k.mu.Lock()
	k.want = append(k.want, names[36], fmt.Sprintf("%064d", 99))
	k.mu.Unlock()
	put(shelf.PutChunk(names[0], nil)) // cleared
	put(shelf.PutManifest([]byte("m2")))
	missing := "missing " + fmt.Sprintf("%064d", 99)
	eventually(t, "the missing chunk is told", func() bool { e, _ := k.all(); return slices.Contains(e, missing) })
	put(shelf.PutManifest(nil))
	put(shelf.PutGrant("unit-7", []byte("k3")))
	eventually(t, "the next key comes", func() bool { e, _ := k.all(); return slices.Contains(e, "key k3") })
	if events, n := k.all(); !slices.Equal(events, []string{"key k1", "manifest m1", "manifest m2", missing, "key k3"}) || n != 36 {
		t.Errorf("%d chunks, events: %q", n, events)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	// The publisher reads what the broker keeps.
	put(shelf.PutPending([]byte("[]")))
	if manifest, pending, err := shelf.Manifest(t.Context()); err != nil || manifest != nil || string(pending) != "[]" {
		t.Errorf("the shelf holds %q, %q, %v", manifest, pending, err)
	}
	got, err := shelf.Chunks(t.Context(), names[1:30])
	if err != nil || len(got) != 29 || string(got[names[7]]) != "chunk 7" {
		t.Errorf("%d chunks, %v", len(got), err)
	}
}
