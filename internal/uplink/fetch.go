package uplink

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Lists takes hot lists as they come from the broker, and decides everything about them; uplink only carries. It is called by one
// goroutine at a time. Manifest, Grant and Chunk answer which of the list's chunks are to be fetched next, by their SHA-256 in hexadecimal: some of
// those that lack, or none.
type Lists interface {
	// Names are the lists that the unit uses.
	Names() []string
	// Manifest takes a list's signed manifest, Grant its key sealed to this unit, Chunk a chunk that was asked for.
	Manifest(list string, signed []byte) (lacks []string)
	Grant(list string, sealed []byte) (lacks []string)
	Chunk(list, sha string, sealed []byte) (lacks []string)
	// Missing tells that the broker doesn't have a chunk that was asked for.
	Missing(list, sha string)
}

// inFlight is how many chunks are asked for and not here yet: some hundred kB each at most, so that what is under way when the link breaks
// is little, and the link never idles.
const inFlight = 12

// inbox hands over what the broker sends: paho's handler must not wait. It holds the retained messages of a few topics and the chunks in
// flight, nothing else is subscribed to.
type inbox struct {
	mu   sync.Mutex
	list []Message
	poke chan struct{} // holds one: list isn't empty
}

func newInbox() *inbox { return &inbox{poke: make(chan struct{}, 1)} }

func (b *inbox) put(topic string, retained bool, payload []byte) {
	b.mu.Lock()
	b.list = append(b.list, Message{topic, retained, payload})
	b.mu.Unlock()
	select {
	case b.poke <- struct{}{}:
	default:
	}
}

func (b *inbox) take() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.list
	b.list = nil
	return out
}

// fetch starts to fetch hot lists over a connection, and returns what ends that and waits for its end.
func (u *Uplink) fetch(ctx context.Context, p pipe, in *inbox) (end func()) {
	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	f := &fetcher{u: u, pipe: p, in: in, meant: map[string]meaning{}, asked: map[string]bool{}}
	go func() { // until ctx or the connection ends
		defer close(done)
		if err := f.run(ctx); err != nil && ctx.Err() == nil {
			u.log.Warn("hot lists can't be fetched", zap.Error(err)) // the connection's own end is told by its lane
		}
	}()
	return func() { stop(); <-done }
}

// fetcher fetches over one connection. Its fields belong to the goroutine that runs it.
type fetcher struct {
	u       *Uplink
	pipe    pipe
	in      *inbox
	meant   map[string]meaning // by topic
	asked   map[string]bool    // topics of chunks that are under way
	movedAt time.Time          // something came that was asked for
}

// meaning is what a topic stands for.
type meaning struct {
	kind      byte // 'm', 'g' or 'c'
	list, sha string
}

func (f *fetcher) run(ctx context.Context) error {
	cfg := f.u.cfg
	var grants, manifests []string
	for _, list := range f.u.lists.Names() {
		g, m := f.u.topic(topicGrant(list)), Topic(cfg.Prefix, Fleet, topicManifest(list))
		f.meant[g], f.meant[m] = meaning{'g', list, ""}, meaning{'m', list, ""}
		grants, manifests = append(grants, g), append(manifests, m)
	}
	if len(grants) == 0 {
		return nil
	}
	// The keys first: a manifest without one is a refusal.
	for _, filters := range [][]string{grants, manifests} {
		if err := f.pipe.Subscribe(ctx, filters...); err != nil {
			return err
		}
		select { // brokers send what they keep right behind their consent
		case <-time.After(min(time.Second, cfg.AckTimeout/4)):
		case <-ctx.Done():
		}
		f.receive(ctx)
	}
	look := time.NewTicker(min(time.Second, cfg.AckTimeout/4))
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-f.pipe.Lost():
			return nil
		case <-f.in.poke:
			f.receive(ctx)
		case now := <-look.C:
			if len(f.asked) > 0 && now.Sub(f.movedAt) > 2*cfg.AckTimeout {
				f.giveUp()
			}
		}
	}
}

// receive takes what has come, and asks for more.
func (f *fetcher) receive(ctx context.Context) {
	for _, m := range f.in.take() {
		if ctx.Err() != nil {
			return
		}
		what, ok := f.meant[m.Topic]
		if !ok || len(m.Payload) == 0 { // cleared, or not asked for
			continue
		}
		var lacks []string
		switch what.kind {
		case 'g':
			lacks = f.u.lists.Grant(what.list, m.Payload)
		case 'm':
			f.drop(what.list) // of a version that this one supersedes
			lacks = f.u.lists.Manifest(what.list, m.Payload)
		case 'c':
			f.forget(m.Topic)
			f.movedAt = time.Now()
			lacks = f.u.lists.Chunk(what.list, what.sha, m.Payload)
			if len(lacks) == 0 {
				f.drop(what.list)
			}
		}
		f.ask(what.list, lacks)
	}
}

// ask subscribes to the topics of chunks, as many as may be under way.
func (f *fetcher) ask(list string, lacks []string) {
	var topics []string
	for _, sha := range lacks {
		t := Topic(f.u.cfg.Prefix, Fleet, topicChunk(list, sha))
		if len(f.asked) >= inFlight {
			break
		}
		if !f.asked[t] {
			f.asked[t], f.meant[t] = true, meaning{'c', list, sha}
			topics = append(topics, t)
		}
	}
	if len(topics) > 0 {
		f.movedAt = time.Now()
		f.pipe.Ask(topics...)
	}
}

// forget ends the interest in a chunk's topic.
func (f *fetcher) forget(topic string) {
	delete(f.asked, topic)
	delete(f.meant, topic)
	f.pipe.Unsubscribe(topic)
}

// drop ends the interest in all chunks of a list.
func (f *fetcher) drop(list string) {
	for t := range f.asked {
		if f.meant[t].list == list {
			f.forget(t)
		}
	}
}

// giveUp tells that chunks don't come although the connection lives.
func (f *fetcher) giveUp() {
	lists := map[string]string{}
	for t := range f.asked {
		lists[f.meant[t].list] = f.meant[t].sha
	}
	for list, sha := range lists {
		f.drop(list)
		f.u.lists.Missing(list, sha)
	}
}
