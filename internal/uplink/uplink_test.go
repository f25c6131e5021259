package uplink

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/uplink/brokertest"
)

func text(s string) func(uint64) []byte {
	return func(seq uint64) []byte { return fmt.Appendf(nil, "%s %d", s, seq) }
}

// Both classes arrive, each in its order, and nothing stays behind.
func TestDelivery(t *testing.T) {
	m := brokertest.Start(t)
	got := listen(t, m, "alpr/v1/unit-7/#")
	b := newBox()
	const n = 500
	for range n {
		b.put(alpr.Prompt, TopicAlert, text("alert"))
		b.put(alpr.Bulk, TopicScene, text("scene"))
	}
	u := start(t, Config{Broker: client(t, m, "unit-7", m.Address), Site: "Main and 2nd"}, b)
	eventually(t, "the outbox is empty", func() bool { return b.left() == 0 })
	for range n { // while it runs, a commit wakes it
		b.put(alpr.Prompt, TopicAlert, text("alert"))
		b.put(alpr.Bulk, TopicScene, text("scene"))
	}
	eventually(t, "the outbox is empty", func() bool { return b.left() == 0 })
	for topic, word := range map[string]string{"alpr/v1/unit-7/alert": "alert", "alpr/v1/unit-7/alert/scene": "scene"} {
		eventually(t, "all arrived", func() bool { return len(got.on(topic)) >= 2*n })
		payloads := got.on(topic)
		if len(payloads) != 2*n {
			t.Errorf("%s: %d messages, want %d: nothing was cut, so nothing is sent twice", topic, len(payloads), 2*n)
		}
		last := 0
		for _, p := range payloads {
			var seq int
			if _, err := fmt.Sscanf(string(p), word+" %d", &seq); err != nil || seq <= last {
				t.Fatalf("%s: %q after %d", topic, p, last)
			}
			last = seq
		}
	}
	if b.commits > 2*n {
		t.Errorf("%d commits for %d messages: removal isn't batched", b.commits, 4*n)
	}
	s := u.State()
	if !s.Prompt.Connected || !s.Bulk.Connected || s.Delivered != 4*n || s.Resent != 0 {
		t.Errorf("state %+v", s)
	}
}

// Who subscribes later still learns that the unit is there; and a unit that stops in order says so itself.
func TestStatusIsRetained(t *testing.T) {
	m := brokertest.Start(t)
	u := start(t, Config{Broker: client(t, m, "unit-7", m.Address), Site: "Main and 2nd"}, newBox())
	eventually(t, "connected", func() bool { return u.State().Prompt.Connected })
	status := func(s *seen) (out []alpr.Status) {
		for _, p := range s.on("alpr/v1/unit-7/status") {
			var st alpr.Status
			if err := json.Unmarshal(p, &st); err != nil {
				t.Fatal(err)
			}
			out = append(out, st)
		}
		return
	}
	var got *seen
	eventually(t, "a late subscriber sees the birth", func() bool {
		got = listen(t, m, "alpr/v1/unit-7/status", "alpr/v1/unit-7/hotlist")
		time.Sleep(50 * time.Millisecond)
		return len(status(got)) == 1 && len(got.on("alpr/v1/unit-7/hotlist")) == 1
	})
	birth := status(got)[0]
	if !birth.Online || birth.Reason != alpr.Connected || birth.Birth == nil || birth.Profile != "kinston" || birth.Lists[0].AgeS != 3600 || birth.Security.Ring != "file" || birth.Unit.Site != "Main and 2nd" {
		t.Errorf("birth %+v", birth)
	}
	if !got.all()[0].Retained {
		t.Error("the birth is not retained")
	}
	u.Refresh()
	eventually(t, "told again", func() bool { return len(status(got)) == 2 })
	if err := u.stop(); err != nil {
		t.Error(err)
	}
	eventually(t, "said goodbye", func() bool { return len(status(got)) == 3 })
	if bye := status(got)[2]; bye.Online || bye.Reason != alpr.Stopped || bye.Birth != nil {
		t.Errorf("goodbye %+v", bye)
	}
	late := listen(t, m, "alpr/v1/unit-7/status")
	eventually(t, "offline is retained", func() bool { s := status(late); return len(s) == 1 && !s[0].Online })
}

func TestHealthGoesOutByTheClock(t *testing.T) {
	m := brokertest.Start(t)
	got := listen(t, m, "alpr/v1/+/health")
	start(t, Config{Broker: client(t, m, "unit-7", m.Address), HealthEvery: 50 * time.Millisecond}, newBox())
	eventually(t, "five of them", func() bool { return len(got.on("alpr/v1/unit-7/health")) >= 5 })
	var h alpr.Health
	if err := json.Unmarshal(got.on("alpr/v1/unit-7/health")[0], &h); err != nil || h.Unit.ID != "unit-7" || h.At.IsZero() {
		t.Errorf("health %+v, %v", h, err)
	}
	if late := listen(t, m, "alpr/v1/+/health"); len(late.all()) > 0 && late.all()[0].Retained {
		t.Error("health is retained: an old one would pass for new")
	}
}

// A day that was purged before the network came back takes its messages along; the queue goes on behind them.
func TestForgottenMessagesAreDroppedKnowingly(t *testing.T) {
	m := brokertest.Start(t)
	got := listen(t, m, "alpr/v1/unit-7/alert")
	b := newBox()
	for i := range 10 {
		seq := b.put(alpr.Prompt, TopicAlert, text("alert"))
		if i < 3 || i == 7 {
			b.forgotten[seq] = true
		}
	}
	u := start(t, Config{Broker: client(t, m, "unit-7", m.Address)}, b)
	eventually(t, "the outbox is empty", func() bool { return b.left() == 0 })
	eventually(t, "the others arrived", func() bool { return len(got.all()) == 6 })
	if s := u.State(); s.Forgotten != 4 || s.Delivered != 6 {
		t.Errorf("state %+v", s)
	}
}

// One record that can't be read (a damaged block, say) must not hold up those behind it, and must not be lost either.
func TestUnreadableMessageIsSetAside(t *testing.T) {
	m := brokertest.Start(t)
	got := listen(t, m, "alpr/v1/unit-7/alert")
	b := newBox()
	bad := b.put(alpr.Prompt, TopicAlert, text("alert"))
	b.broken[bad] = errors.New("segment 3: block does not open")
	for range 5 {
		b.put(alpr.Prompt, TopicAlert, text("alert"))
	}
	u := start(t, Config{Broker: client(t, m, "unit-7", m.Address)}, b)
	eventually(t, "the others arrived", func() bool { return len(got.all()) == 5 && b.left() == 1 })
	if s := u.State(); s.SetAside != 1 || s.Forgotten != 0 {
		t.Errorf("state %+v", s)
	}
}

// A message that the broker answers by hanging up (here: too large for it) must not hold up the others for ever.
func TestMessageTheBrokerWillNotTakeIsSetAside(t *testing.T) {
	m := brokertest.Start(t, "max_packet_size 2000")
	got := listen(t, m, "alpr/v1/unit-7/alert")
	b := newBox()
	b.put(alpr.Prompt, TopicAlert, text("alert"))
	large := b.put(alpr.Prompt, TopicAlert, func(uint64) []byte { return make([]byte, 5000) })
	b.put(alpr.Prompt, TopicAlert, text("alert"))
	u := start(t, Config{Broker: client(t, m, "unit-7", m.Address)}, b)
	eventually(t, "the others arrived", func() bool { return len(got.all()) >= 2 && b.left() == 1 })
	if o, _ := b.Pending(alpr.Prompt, 0, 10); len(o) != 1 || o[0].Seq != large {
		t.Errorf("in the outbox: %+v, want the large one", o)
	}
	if s := u.State(); s.SetAside == 0 {
		t.Errorf("state %+v", s)
	}
}

// A failing disk is not a failing network: Run ends and says so, and the message is still there.
func TestFailingOutboxEndsRun(t *testing.T) {
	m := brokertest.Start(t)
	b := newBox()
	b.failure = errors.New("fsync: input/output error")
	b.put(alpr.Prompt, TopicAlert, text("alert"))
	u := start(t, Config{Broker: client(t, m, "unit-7", m.Address)}, b)
	eventually(t, "Run gave up", func() bool { return u.State().Prompt.Err != nil })
	if err := u.stop(); !errors.Is(err, b.failure) {
		t.Errorf("Run returned %v", err)
	}
}

// Stopping is prompt in every state, and leaves no goroutine behind.
func TestStopInEveryState(t *testing.T) {
	m := brokertest.Start(t)
	dead := startProxy(t, m.Address, 0, 1) // one byte a second: every handshake hangs
	b := newBox()
	for range 100 {
		b.put(alpr.Prompt, TopicAlert, func(uint64) []byte { return make([]byte, 10000) })
		b.put(alpr.Bulk, TopicScene, func(uint64) []byte { return make([]byte, 100000) })
	}
	slow := startProxy(t, m.Address, 10*time.Millisecond, 50000)
	for _, c := range []struct {
		name, address string
		after         func(running) bool
	}{
		{"idle, connected", m.Address, func(u running) bool { return u.State().Bulk.Connected }},
		{"connection refused", "127.0.0.1:" + freePort(t), func(u running) bool { return u.State().Prompt.Err != nil }},
		{"in the handshake", dead.address(), func(u running) bool { time.Sleep(50 * time.Millisecond); return true }},
		{"in the middle of a slow drain", slow.address(), func(u running) bool { return u.State().Bulk.Connected }},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := b
			if c.name == "idle, connected" {
				out = newBox()
			}
			u := start(t, Config{Broker: client(t, m, "unit-7", c.address)}, out)
			eventually(t, c.name, func() bool { return c.after(u) })
			began := time.Now()
			if err := u.stop(); err != nil {
				t.Error(err)
			}
			// The bound is a farewell of 500 ms and a flush of 250 ms, twice over for a busy machine's sake; without
			// the wire it would be paho's 30 s.
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("Run took %v to end", took)
			}
			eventually(t, "no goroutine of ours or paho's is left", func() bool { return len(ours()) == 0 })
		})
	}
}

// ours are the stacks of the goroutines that Run has started, paho's included.
func ours() (stacks []string) {
	buf := make([]byte, 1<<20)
	for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		for _, name := range []string{"paho.mqtt", "uplink.(*wire)", "uplink.(*lane)", "uplink.(*settler)", "uplink.(*session)", "uplink.(*Uplink)"} {
			if strings.Contains(stack, name) {
				stacks = append(stacks, stack)
				break
			}
		}
	}
	return
}

func TestNewRefusesWhatWouldNotWork(t *testing.T) {
	good := Config{Broker: Broker{URL: "ssl://broker:8883"}, Unit: "unit-7"}
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"plaintext (R42)":       {func(c *Config) { c.Broker.URL = "tcp://broker:1883" }, "not encrypted"},
		"plaintext mqtt (R42)":  {func(c *Config) { c.Broker.URL = "mqtt://broker:1883" }, "not encrypted"},
		"web socket":            {func(c *Config) { c.Broker.URL = "ws://broker" }, "not encrypted"},
		"no address":            {func(c *Config) { c.Broker.URL = "broker:8883" }, "not an address"},
		"nothing":               {func(c *Config) { c.Broker.URL = "" }, "not an address"},
		"password in the URL":   {func(c *Config) { c.Broker.URL = "ssl://u:p@broker:8883" }, "more than host and port"},
		"topic separator in id": {func(c *Config) { c.Unit = "unit/7" }, "does not name a unit"},
		"wildcard in prefix":    {func(c *Config) { c.Prefix = "alpr/+" }, "no topic prefix"},
	} {
		cfg := good
		c.change(&cfg)
		_, err := New(cfg, newBox(), telling(), nil)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) || e.Hint() == "" {
			t.Errorf("%s: %v, want a hint and %q", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error()+e.Mend, "u:p") {
			t.Errorf("%s: the error shows the password", name)
		}
	}
}
