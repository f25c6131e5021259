package main

import (
	"bytes"
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"alprd/internal/alpr"
	"alprd/internal/uplink"
	"alprd/internal/uplink/brokertest"
)

// The command itself, at a real broker that goes away and comes back.
func TestWatchAtABroker(t *testing.T) {
	m := brokertest.Start(t)
	f := m.Client(t, "desk")
	ctx, cancel := context.WithCancel(context.Background())
	var out, notes output
	ended := make(chan int, 1)
	go func() {
		ended <- execute(ctx, []string{"watch", "--broker", "ssl://" + m.Address, "--ca", f.CA, "--cert", f.Cert, "--key", f.Key, "--unit", "unit-7"}, strings.NewReader(""), &out, &notes)
	}()
	t.Cleanup(cancel)
	eventually(t, "watching", func() bool { return strings.Contains(notes.String(), "watching alpr/v1/unit-7/alert") })

	unit := m.Client(t, "unit-7")
	queue := &outbox{wake: make(chan struct{}, 1)}
	u, err := uplink.New(uplink.Config{Unit: "unit-7", Broker: uplink.Broker{URL: "ssl://" + m.Address, CA: unit.CA, Cert: unit.Cert, Key: unit.Key}, MaxBackoff: 100 * time.Millisecond},
		queue, uplink.Telling{
			Birth: func() alpr.Birth {
				return alpr.Birth{Version: "0.1.0", Profile: "kinston", Clock: alpr.AlertClock{Quality: "synchronised"}, Security: alpr.Security{Level: "reduced", Ring: "file", Custody: "broker"}}
			},
			Hotlists: func() alpr.Hotlists { return alpr.Hotlists{} }, Health: func() alpr.Health { return alpr.Health{} },
		}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- u.Run(ctx) }()

	queue.put(t, sample())
	eventually(t, "an alert is shown", func() bool { return strings.Contains(out.String(), "read TZY647[3]") })
	eventually(t, "the unit is shown", func() bool { return strings.Contains(out.String(), "unit-7  online") })
	m.Kill()
	eventually(t, "the loss is told, with a hint", func() bool {
		return strings.Contains(notes.String(), "connection lost") && strings.Contains(notes.String(), "hint: ")
	})
	m.Restart(t)
	eventually(t, "watching again", func() bool { return strings.Count(notes.String(), "watching") == 2 })
	second := sample()
	second.Revision = 2
	queue.put(t, second)
	eventually(t, "the next alert is shown", func() bool { return strings.Contains(out.String(), "revision 2") })
	if strings.Contains(notes.String(), "warning") {
		t.Errorf("notes: %s", notes.String())
	}
	cancel()
	if code := <-ended; code != exitDone {
		t.Errorf("exit code %d", code)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// What can't work ends at once, in two lines.
func TestWatchFails(t *testing.T) {
	m := brokertest.Start(t)
	f := m.Client(t, "desk")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	for _, c := range []struct {
		name       string
		args       []string
		code       int
		what, mend string
	}{
		{"no flags", nil, exitUsage, "required flag", "--help"},
		{"plaintext (R42)", []string{"--broker", "tcp://" + m.Address, "--ca", f.CA, "--cert", f.Cert, "--key", f.Key}, exitFailed, "--broker: tcp:// is not encrypted", "ssl://"},
		{"no such CA", []string{"--broker", "ssl://" + m.Address, "--ca", f.CA + "x", "--cert", f.Cert, "--key", f.Key}, exitFailed, "--ca: ", "PEM file"},
		{"another's CA", []string{"--broker", "ssl://" + m.Address, "--ca", brokertest.Start(t).Client(t, "x").CA, "--cert", f.Cert, "--key", f.Key}, exitFailed, "not by the CA", "set --ca"},
		{"a filter for a unit", []string{"--broker", "ssl://" + m.Address, "--ca", f.CA, "--cert", f.Cert, "--key", f.Key, "--unit", "#"}, exitFailed, "does not name a unit", "leave it out"},
		{"nobody there", []string{"--broker", "ssl://" + nobody, "--ca", f.CA, "--cert", f.Cert, "--key", f.Key}, exitFailed, "nothing listens", "--broker"},
	} {
		var out, notes bytes.Buffer
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		code := execute(ctx, append([]string{"watch"}, c.args...), strings.NewReader(""), &out, &notes)
		cancel()
		lines := strings.SplitN(notes.String(), "\n", 2)
		if code != c.code || !strings.HasPrefix(lines[0], "error: ") || !strings.Contains(lines[0], c.what) || !strings.Contains(lines[1], c.mend) {
			t.Errorf("%s: exit code %d, %q, want %q and %q", c.name, code, notes.String(), c.what, c.mend)
		}
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// output is a buffer that a test reads while a command writes.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// outbox is a queue in memory.
type outbox struct {
	mu    sync.Mutex
	last  uint64
	items []alpr.Outgoing
	texts map[uint64][]byte
	wake  chan struct{}
}

func (o *outbox) put(t *testing.T, a alpr.Alert) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last++
	a.Seq = o.last
	raw, err := a.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	if o.texts == nil {
		o.texts = map[uint64][]byte{}
	}
	o.texts[o.last] = raw
	o.items = append(o.items, alpr.Outgoing{Seq: o.last, Topic: uplink.TopicAlert, Size: len(raw)})
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) Pending(class alpr.Class, after uint64, most int) (out []alpr.Outgoing, _ error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, i := range o.items {
		if i.Class == class && i.Seq > after && len(out) < most {
			out = append(out, i)
		}
	}
	return
}

func (o *outbox) Payload(i alpr.Outgoing) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.texts[i.Seq], nil
}

func (o *outbox) Delivered(seqs []uint64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.items = slices.DeleteFunc(o.items, func(i alpr.Outgoing) bool { return slices.Contains(seqs, i.Seq) })
	return nil
}

func (o *outbox) Wake(class alpr.Class) <-chan struct{} {
	if class == alpr.Bulk {
		return nil
	}
	return o.wake
}
