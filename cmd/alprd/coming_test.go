package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"alprd/docs/schemas"
	"alprd/internal/alpr"
	"alprd/internal/hotlist"
	"alprd/internal/seal"
	"alprd/internal/store"
	"alprd/internal/trust"
	"alprd/internal/uplink"
)

// slowLink stands before a broker and carries what comes from it at a rate, bytes a second for all together; zero is no limit.
type slowLink struct {
	net.Listener
	rate, passed atomic.Int64
}

func newSlowLink(t *testing.T, target string) *slowLink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &slowLink{Listener: l}
	pass := func(to, from net.Conn, limit bool) {
		defer to.Close()
		defer from.Close()
		b := make([]byte, 4<<10)
		for {
			n, err := from.Read(b)
			if r := s.rate.Load(); limit && r > 0 {
				time.Sleep(time.Duration(n) * time.Second / time.Duration(r))
			}
			s.passed.Add(int64(n))
			if _, e := to.Write(b[:n]); err != nil || e != nil {
				return
			}
		}
	}
	go func() { // until the listener is closed
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", target)
			if err != nil {
				c.Close()
				continue
			}
			up.(*net.TCPConn).SetReadBuffer(16 << 10)
			go pass(up, c, false)
			go pass(c, up, true)
		}
	}()
	return s
}

// inventedList is a list of n plates; without leaves out every so manyth.
func inventedList(n, without int) (text string, plates []string) {
	r := rand.New(rand.NewPCG(4, 26))
	var b strings.Builder
	b.WriteString("plate,state,category,make,reason,id\n")
	for i := range n {
		p := fmt.Sprintf("%c%c%c%04d", 'A'+r.IntN(26), 'P'+r.IntN(11), 'A'+r.IntN(26), r.IntN(10000))
		plates = append(plates, p)
		if without == 0 || i%without != 0 {
			fmt.Fprintf(&b, "%s,NC,stolen vehicle,%s,case %d,N%d\n", p, []string{"TOYT", "FORD", "HOND"}[r.IntN(3)], r.IntN(1e6), i)
		} else {
			r.IntN(3)
			r.IntN(1e6)
		}
	}
	return b.String(), plates
}

// agencyTool builds alprctl, and makes a publisher's key and the unit's key file for it.
func agencyTool(t *testing.T, s *site) func(args ...string) (string, error) {
	t.Helper()
	tool := filepath.Join(s.dir, "alprctl")
	if out, err := exec.Command("go", "build", "-o", tool, "alprd/cmd/alprctl").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	pass := s.write("pass", "correct horse\n")
	sealed, err := s.key.Seal([]byte("correct horse"))
	if err != nil {
		t.Fatal(err)
	}
	code, text, errs := s.alprd("keys")
	if code != 0 {
		t.Fatal(errs)
	}
	files := s.broker.Client(t, "publisher")
	base := []string{"hotlist", "publish", "--fleet", "kpd", "--list", "ncic", "--source", "NC SBI", "--key", s.write("lists.key", string(sealed)), "--passphrase-file", pass,
		"--units", s.write("unit-1.unit", text), "--broker", "ssl://" + s.broker.Address, "--ca", files.CA, "--cert", files.Cert, "--cert-key", files.Key}
	return func(args ...string) (string, error) {
		out, err := exec.Command(tool, append(base, args...)...).CombinedOutput()
		return string(out), err
	}
}

// plain searches every file below the folders for any of the plates.
func plainPlates(t *testing.T, plates []string, dirs ...string) {
	t.Helper()
	known := map[string]bool{}
	for _, p := range plates {
		known[p] = true
	}
	for _, dir := range dirs {
		n := 0
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			n += len(b)
			for i := 0; i+7 <= len(b); i++ {
				if b[i] >= 'A' && b[i] <= 'Z' && known[string(b[i:i+7])] {
					t.Errorf("%s holds a listed plate in the clear", path)
					break
				}
			}
			return err
		})
		if err != nil || n < 1000 {
			t.Errorf("%s: searched %d bytes: %v", dir, n, err)
		}
	}
}

// inForce is what `alprd hotlist status` tells of the one list.
func (s *site) inForce() (l alpr.ListStatus) {
	_, out, _ := s.alprd("hotlist", "status", "--json")
	var lists []alpr.ListStatus
	if json.Unmarshal([]byte(out), &lists) == nil && len(lists) == 1 {
		l = lists[0]
	}
	return l
}

// A list that alprctl publishes to a real broker over TLS is in force on the unit at the end, whole, though the unit is killed ten times while
// it comes; later lives fetch only what they lack; the next version comes as a small delta, and what it supersedes is gone from the broker. Neither the broker's
// store, nor the folder for a USB stick, nor the state directory holds a listed plate in the clear (R21, R22, R25, R41).
func TestListComesThroughTenKills(t *testing.T) {
	store := t.TempDir()
	s := newSiteAt(t, "rtsp://127.0.0.1:1/none", nil, "persistence true", "persistence_location "+store+"/", "autosave_interval 1", "autosave_on_changes false")
	link := newSlowLink(t, s.broker.Address)
	s.change(func(m map[string]any) { put(m, []string{"uplink", "broker"}, "ssl://"+link.Addr().String()) })
	first := s.start()
	eventually(t, "the daemon runs", func() bool { return first.said("running") })
	publish := agencyTool(t, s)
	first.kill()

	const n = 100_000
	text, plates := inventedList(n, 0)
	usb := filepath.Join(s.dir, "usb")
	out, err := publish("--version", "1", "--to", usb, s.write("list.csv", text))
	if err != nil || !strings.Contains(out, "a snapshot") {
		t.Fatalf("%v: %s", err, out)
	}
	for _, p := range plates[:100] {
		if strings.Contains(out, p) {
			t.Fatal("publishing printed a plate (R17)")
		}
	}
	link.rate.Store(150_000)
	rng := rand.New(rand.NewPCG(10, 4))
	lacking := func(d *life) (lacking, chunks int) {
		d.mu.Lock()
		defer d.mu.Unlock()
		for _, m := range d.log {
			if m["message"] == "a hot list comes" {
				return int(m["lacking"].(float64)), int(m["chunks"].(float64))
			}
		}
		return 0, 0
	}
	killed, resumed := 0, 0
	var d *life
	for range 10 {
		d = s.start()
		eventually(t, "the list begins to come, or is here", func() bool { return d.said("a hot list comes") || s.inForce().Version == 1 })
		if l, all := lacking(d); all > 0 {
			killed++
			if l < all {
				resumed++
			}
		}
		moment := link.passed.Load() + rng.Int64N(400_000) // in bytes, so that a slow machine proves as much
		eventually(t, "the moment has come", func() bool { return link.passed.Load() >= moment || s.inForce().Version == 1 })
		d.kill()
	}
	link.rate.Store(0)
	d = s.start()
	eventually(t, "the list is in force", func() bool { return s.inForce().Version == 1 })
	if l := s.inForce(); l.Entries < n*99/100 || l.Stale {
		t.Errorf("in force: %+v", l)
	}
	t.Logf("%d of 10 kills came while the list did; %d lives went on where one before had ended", killed, resumed)
	if killed < 5 || resumed == 0 {
		t.Errorf("%d kills hit the transfer and %d lives resumed it: this proves little", killed, resumed)
	}
	plainPlates(t, plates, store, usb, filepath.Join(s.dir, "state"))

	// The next version is a delta, and comes by itself.
	before := retained(t, s)
	text, _ = inventedList(n, 500)
	if out, err = publish("--version", "2", s.write("list.csv", text)); err != nil || !strings.Contains(out, "a delta") || !strings.Contains(out, "200 removed") {
		t.Fatalf("%v: %s", err, out)
	}
	eventually(t, "the next version is in force", func() bool { return s.inForce().Version == 2 })
	if l := s.inForce(); l.Entries != n-200 && l.Entries < n*99/100-200 {
		t.Errorf("in force: %+v", l)
	}
	after := retained(t, s)
	if len(after) > len(before)+2 {
		t.Errorf("the broker keeps %d topics after %d", len(after), len(before))
	}
	// A snapshot supersedes all of it: the broker keeps nothing that isn't of it.
	if out, err = publish("--version", "3", "--snapshot", s.write("list.csv", text)); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	eventually(t, "the snapshot is in force", func() bool { return s.inForce().Version == 3 })
	for topic := range retained(t, s) {
		if strings.Contains(topic, "/chunk/") && (before[topic] || after[topic]) || strings.HasSuffix(topic, "/pending") {
			t.Errorf("the broker still keeps %s", topic)
		}
	}
	// It survives a restart, from the sealed cache.
	d.kill()
	d = s.start()
	eventually(t, "the list is in force again", func() bool { return s.inForce().Version == 3 })
	eventually(t, "the daemon runs", func() bool { return d.said("running") })
	if d.said("hot list in force") {
		t.Error("it was fetched again")
	}
	time.Sleep(1500 * time.Millisecond) // for the broker's store
	plainPlates(t, plates, store, filepath.Join(s.dir, "state"))
	for _, p := range plates[:1000] {
		if strings.Contains(d.text(), p) {
			t.Fatal("the log holds a plate (R17)")
		}
	}
}

// retained is the topics of hot lists that the broker keeps.
func retained(t *testing.T, s *site) map[string]bool {
	t.Helper()
	files := s.broker.Client(t, "looker")
	host, port, _ := net.SplitHostPort(s.broker.Address)
	out, err := exec.Command("mosquitto_sub", "-h", host, "-p", port, "--cafile", files.CA, "--cert", files.Cert, "--key", files.Key,
		"-t", "alpr/v1/_fleet/hotlist/#", "-t", "alpr/v1/+/hotlist/+/key", "--retained-only", "-W", "3", "-F", "%t").Output()
	if _, ok := err.(*exec.ExitError); err != nil && !ok { // 27: the time is over
		t.Fatal(err)
	}
	topics := map[string]bool{}
	for _, l := range strings.Fields(string(out)) {
		topics[l] = true
	}
	if len(topics) == 0 {
		t.Fatal("the broker keeps nothing")
	}
	return topics
}

// What comes from the broker and isn't right is refused, said so on the retained topic, and leaves nothing behind; the list in force stays.
func TestListsFromTheBrokerAreRefused(t *testing.T) {
	s := newSite(t, "rtsp://127.0.0.1:1/none", nil)
	d := s.start()
	eventually(t, "the daemon runs", func() bool { return d.said("running") })
	sub := s.subscribe()
	code, text, errs := s.alprd("keys")
	if code != 0 {
		t.Fatal(errs)
	}
	me, err := trust.ParseRecipient([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	bundle := func(key trust.PrivateKey, to trust.Recipient, fleet string, version uint64) *hotlist.Bundle {
		b, err := hotlist.NewBuilder(hotlist.Options{Now: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Read("list.csv", strings.NewReader(fmt.Sprintf("plate,id\nZZX%04d,1\nZZY1001,2\n", version))); err != nil {
			t.Fatal(err)
		}
		o, err := b.Publish(hotlist.Identity{Fleet: fleet, List: "ncic", Source: "NCIC", Version: version, BuiltAt: time.Now(), Units: []trust.Recipient{to}}, key)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	files := s.broker.Client(t, "publisher")
	desk, err := uplink.Broker{URL: "ssl://" + s.broker.Address, CA: files.CA, Cert: files.Cert, Key: files.Key}.Open(t.Context(), "publisher", uplink.DefaultPrefix)
	if err != nil {
		t.Fatal(err)
	}
	defer desk.Close()
	shelf := desk.Shelf("ncic")
	send := func(o *hotlist.Bundle, chunk func([]byte) []byte) {
		t.Helper()
		for name, b := range o.Chunks {
			if err := shelf.PutChunk(name, chunk(b)); err != nil {
				t.Fatal(err)
			}
		}
		for _, g := range o.Grants {
			if err := shelf.PutGrant("unit-1", g); err != nil {
				t.Fatal(err)
			}
		}
		if err := shelf.PutManifest(o.Signed); err != nil {
			t.Fatal(err)
		}
		if err := desk.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	whole := func(b []byte) []byte { return b }
	good := bundle(s.key, me, "kpd", 5)
	send(good, whole)
	eventually(t, "the good list is in force", func() bool { return s.inForce().Version == 5 })

	said := func(version uint64, words string) func() bool {
		return func() bool {
			all := sub.on("hotlist")
			if len(all) == 0 {
				return false
			}
			var h alpr.Hotlists
			if json.Unmarshal(all[len(all)-1], &h) != nil {
				return false
			}
			return len(h.Refused) == 1 && h.Refused[0].Version == version && strings.Contains(h.Refused[0].Why, words) && len(h.Lists) == 1 && h.Lists[0].Version == 5
		}
	}
	stranger, err := trust.Generate("stranger")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := trust.NewOpener("unit-1", bytes.Repeat([]byte{9}, 32))
	if err != nil {
		t.Fatal(err)
	}
	altered := func(b []byte) []byte { b = bytes.Clone(b); b[len(b)/2] ^= 1; return b }
	var foreign []string
	for _, c := range []struct {
		story   string
		o       *hotlist.Bundle
		chunk   func([]byte) []byte
		version uint64
		says    string
	}{
		{"an older version", bundle(s.key, me, "kpd", 4), whole, 4, "not newer"},
		{"another list of this version", bundle(s.key, me, "kpd", 5), whole, 5, "not newer"},
		{"another publisher's signature", bundle(stranger, me, "kpd", 6), whole, 0, "key"},
		{"an altered byte", bundle(s.key, me, "kpd", 7), altered, 7, "not what was signed"},
		{"sealed to another key", bundle(s.key, elsewhere.Recipient(), "kpd", 8), whole, 8, "another key of this unit"},
		{"another fleet", bundle(s.key, me, "dpd", 9), whole, 9, "fleet"},
	} {
		send(c.o, c.chunk)
		eventually(t, c.story+" is refused", said(c.version, c.says))
		if s.inForce().Version != 5 {
			t.Errorf("%s: another list is in force", c.story)
		}
		for name := range c.o.Chunks {
			foreign = append(foreign, name)
		}
	}
	_, status, _ := s.alprd("status")
	if !strings.Contains(status, "list_refused") {
		t.Errorf("no alarm: %s", status)
	}
	check, err := schemas.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range sub.on("hotlist") {
		if err := check.Check("hotlist", m); err != nil {
			t.Error(err)
		}
	}
	if code := d.stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	ring, err := seal.OpenRing(filepath.Join(s.dir, "state", "ring"), seal.NewFileKey(filepath.Join(s.dir, "state", "ring.key"), nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := store.OpenHotLists(filepath.Join(s.dir, "state"), ring, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range foreign {
		if _, err := cache.Chunk("ncic", name); err == nil {
			t.Error("a chunk of a list that was refused is kept")
		}
	}
	if h := cache.Highest("ncic"); h != 5 {
		t.Errorf("the highest version seen is %d", h)
	}
	if err := cache.Close(); err != nil {
		t.Error(err)
	}
	ring.Close()
	// And the next good one is taken, and the refusal is over.
	d = s.start()
	send(bundle(s.key, me, "kpd", 10), whole)
	eventually(t, "the next good list is in force", func() bool { return s.inForce().Version == 10 })
	eventually(t, "nothing is refused", func() bool {
		all := sub.on("hotlist")
		var h alpr.Hotlists
		return json.Unmarshal(all[len(all)-1], &h) == nil && len(h.Refused) == 0 && h.Lists[0].Version == 10
	})
}
