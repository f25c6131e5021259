package uplink

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/uplink/brokertest"
)

// outcome is what a receiver found.
type outcome struct{ sent, lost, duplicates int }

// lose sends alerts over a link of 2 MB/s that is cut again and again, from a daemon that is killed now and then, and
// counts what never arrived.
func lose(t *testing.T, naive bool, alerts, cuts, kills int) outcome {
	t.Helper()
	m := brokertest.Start(t)
	got := listen(t, m, "alpr/v1/unit-7/alert")
	link := startProxy(t, m.Address, 5*time.Millisecond, 2<<20)
	b := newBox()
	for range alerts {
		b.put(alpr.Prompt, TopicAlert, func(seq uint64) []byte { return fmt.Appendf(make([]byte, 0, 2000), "%02000d", seq) })
	}
	d := startDaemon(t, naive, client(t, m, "unit-7", link.address()), b)
	stops := cuts + kills
	for i := range stops {
		// Break it in the middle of work: not before a share of what is left has gone.
		due := alerts - alerts*(i+1)/(stops+1)
		eventually(t, "the outbox shrinks", func() bool { return b.left() <= due })
		time.Sleep(rand.N(20 * time.Millisecond))
		made := link.connections()
		link.cut()
		if kills*(i+1)/stops > kills*i/stops {
			// Right after it came back from the cut: what it took for acknowledged, and was not, dies now.
			eventually(t, "it connects again", func() bool { return link.connections() > made })
			time.Sleep(30*time.Millisecond + rand.N(50*time.Millisecond))
			d.kill()
			d.start()
		}
	}
	eventually(t, "the outbox is empty", func() bool { return b.left() == 0 })
	last := -1 // what the broker has takes its time to come over
	eventually(t, "no more arrives", func() bool {
		time.Sleep(300 * time.Millisecond)
		n := len(got.all())
		still := n == last
		last = n
		return still
	})
	times := map[string]int{}
	for _, m := range got.all() {
		times[string(m.Payload)]++
	}
	out := outcome{sent: alerts, lost: alerts - len(times)}
	for _, n := range times {
		out.duplicates += n - 1
	}
	return out
}

func number(name string, standard int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return standard
}

// Nothing is lost over cut links and kill -9 of the daemon; the obvious program, in the same harness, loses.
// ALPRD_LOSS_ALERTS and ALPRD_LOSS_KILLS make it longer.
func TestNothingIsLostOverCutsAndKills(t *testing.T) {
	alerts, kills := number("ALPRD_LOSS_ALERTS", 3000), number("ALPRD_LOSS_KILLS", 4)
	ours := lose(t, false, alerts, 2*kills, kills)
	control := lose(t, true, alerts, 2*kills, kills)
	for range 4 { // the control loses by chance: give it some
		if control.lost > 0 {
			break
		}
		control = lose(t, true, alerts, 2*kills, kills)
	}
	t.Logf("loss: %d sent, %d lost, %d duplicates, naive lost %d", ours.sent, ours.lost, ours.duplicates, control.lost)
	if ours.lost != 0 {
		t.Errorf("%d of %d lost", ours.lost, ours.sent)
	}
	if control.lost == 0 {
		t.Error("the naive control lost nothing: this harness would not notice a loss")
	}
	if limit := (3*kills + 1) * 512; ours.duplicates > limit {
		t.Errorf("%d duplicates: more than what can be in flight at each break, %d", ours.duplicates, limit)
	}
}

// The broker is killed in the middle of a drain, too. What it had acknowledged and not passed on is its to lose
// (custody: broker); everything else arrives.
func TestBrokerKilledInMidDrain(t *testing.T) {
	m := brokertest.Start(t)
	got := listen(t, m, "alpr/v1/unit-7/alert")
	link := startProxy(t, m.Address, 5*time.Millisecond, 2<<20)
	b := newBox()
	const n = 2000
	for range n {
		b.put(alpr.Prompt, TopicAlert, func(seq uint64) []byte { return fmt.Appendf(nil, "%02000d", seq) })
	}
	u := start(t, Config{Broker: client(t, m, "unit-7", link.address())}, b)
	var owed map[string]bool
	for i := range 3 {
		eventually(t, "the outbox shrinks", func() bool { return b.left() <= n-n*(i+1)/4 })
		m.Kill()
		link.bar(true) // until the listener is back: nobody can deliver to one that isn't there
		eventually(t, "the unit noticed", func() bool { return !u.State().Prompt.Connected })
		owed = map[string]bool{}
		list, _ := b.Pending(alpr.Prompt, 0, n)
		for _, o := range list {
			owed[fmt.Sprintf("%02000d", o.Seq)] = true
		}
		m.Restart(t)
		got.waitOnline(t, i+2)
		link.bar(false)
	}
	eventually(t, "the outbox is empty", func() bool { return b.left() == 0 })
	arrived := map[string]bool{}
	eventually(t, "all that was owed after the last kill arrived", func() bool {
		for _, m := range got.all() {
			arrived[string(m.Payload)] = true
		}
		for o := range owed {
			if !arrived[o] {
				return false
			}
		}
		return true
	})
	t.Logf("%d of %d arrived; the broker lost %d that it had acknowledged", len(arrived), n, n-len(arrived))
	if s := u.State(); s.Reconnects == 0 || s.Resent == 0 {
		t.Errorf("state %+v: nothing was in flight when the broker died, so this proved little", s)
	}
}

// A unit that dies without a word is offline for everybody, by its last will.
func TestLastWillAfterKill(t *testing.T) {
	m := brokertest.Start(t)
	got := listen(t, m, "alpr/v1/unit-7/status")
	status := func() (s alpr.Status) {
		if all := got.on("alpr/v1/unit-7/status"); len(all) > 0 {
			if err := json.Unmarshal(all[len(all)-1], &s); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	d := startDaemon(t, false, client(t, m, "unit-7", m.Address), newBox())
	eventually(t, "online", func() bool { return status().Online })
	d.kill()
	eventually(t, "offline", func() bool { s := status(); return !s.Online && s.Reason == alpr.Lost })
	d.start()
	eventually(t, "online again", func() bool { return status().Online })
}

// On a link of 1 MB/s that pictures fill for ten seconds, an alert is there long before them.
func TestAlertOvertakesBulk(t *testing.T) {
	m := brokertest.Start(t)
	got := listen(t, m, "alpr/v1/unit-7/#")
	link := startProxy(t, m.Address, 25*time.Millisecond, 1<<20)
	b := newBox()
	const scenes = 160
	for range scenes {
		b.put(alpr.Bulk, TopicScene, func(uint64) []byte { return make([]byte, 60<<10) })
	}
	u := start(t, Config{Broker: client(t, m, "unit-7", link.address())}, b)
	arrived := func(topic string) int { return len(got.on("alpr/v1/unit-7/" + topic)) }
	eventually(t, "pictures flow", func() bool { return arrived(TopicScene) >= 20 && u.State().Prompt.Connected })
	for i := range 5 {
		before := arrived(TopicScene)
		b.put(alpr.Prompt, TopicAlert, func(uint64) []byte { return make([]byte, 8<<10) })
		eventually(t, "the alert arrived", func() bool { return arrived(TopicAlert) == i+1 })
		if after := arrived(TopicScene); after == scenes || after-before > 20 {
			t.Errorf("%d pictures arrived while an alert waited, %d were waiting", after-before, scenes-before)
		}
		eventually(t, "some more pictures", func() bool { return arrived(TopicScene) >= before+10 })
	}
	if b.left() == 0 {
		t.Error("no picture was left to overtake")
	}
}
