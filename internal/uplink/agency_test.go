package uplink

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/uplink/brokertest"
)

// The broker's configuration that docs/broker recommends is one that Mosquitto runs, that lets a unit speak under its own
// name only, and that lets a server read.
func TestRecommendedBroker(t *testing.T) {
	conf, err := os.ReadFile("../../docs/broker/mosquitto.conf")
	if err != nil {
		t.Fatal(err)
	}
	acl, err := filepath.Abs("../../docs/broker/acl")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(conf)) {
		line = strings.TrimSpace(line)
		switch key, _, _ := strings.Cut(line, " "); {
		case line == "" || line[0] == '#':
		case key == "listener", key == "cafile", key == "certfile", key == "keyfile", key == "log_dest", key == "log_type": // the test's own
		case key == "acl_file":
			lines = append(lines, "acl_file "+acl)
		case key == "persistence_location":
			lines = append(lines, "persistence_location "+t.TempDir()+"/")
		default:
			lines = append(lines, line)
		}
	}
	if len(lines) < 10 {
		t.Fatalf("only %d lines of the configuration are used", len(lines))
	}
	m := brokertest.Start(t, lines...)
	server := broker(m.Address, m.Client(t, "server"))
	got := listenAs(t, server, "alpr/v1/#")
	desk := listenAs(t, broker(m.Address, m.Client(t, "desk")), "alpr/v1/#")
	nosy := listenAs(t, broker(m.Address, m.Client(t, "unit-8")), "alpr/v1/unit-7/#") // granted, but nothing comes

	b := newBox()
	b.put(alpr.Prompt, TopicAlert, text("alert"))
	b.put(alpr.Prompt, Covert(TopicAlert), text("covert alert"))
	b.put(alpr.Bulk, TopicScene, func(uint64) []byte { return make([]byte, 500<<10) })
	start(t, Config{Broker: broker(m.Address, m.Client(t, "unit-7"))}, b)
	eventually(t, "alert, scene and status arrive", func() bool {
		return len(got.on("alpr/v1/unit-7/alert")) == 1 && len(got.on("alpr/v1/unit-7/alert/scene")) == 1 && len(got.on("alpr/v1/unit-7/status")) == 1 &&
			len(got.on("alpr/v1/unit-7/covert/alert")) == 1 && len(desk.on("alpr/v1/unit-7/alert/scene")) == 1
	})

	// Another unit's certificate: refused by the unit itself, because the broker would acknowledge and drop.
	wrong := newBox()
	wrong.put(alpr.Prompt, TopicAlert, text("alert"))
	u := start(t, Config{Unit: "unit-9", Broker: broker(m.Address, m.Client(t, "unit-7"))}, wrong)
	eventually(t, "refused", func() bool { return u.State().Prompt.Err != nil })
	if wrong.left() != 1 {
		t.Error("an alert under another's name left the outbox")
	}
	time.Sleep(200 * time.Millisecond)
	if n := len(desk.on("alpr/v1/unit-7/covert/alert")); n > 0 {
		t.Error("a desk hears of covert entries")
	}
	if n := len(nosy.all()); n > 0 {
		t.Errorf("a unit received %d messages of another", n)
	}
}
