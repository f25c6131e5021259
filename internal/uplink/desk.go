package uplink

import (
	"context"
	"fmt"
	"time"
)

// Desk is one connection of the agency's tools, for publishing what the broker keeps and reading it.
type Desk struct {
	pipe   pipe
	in     *inbox
	prefix string
	wait   []ack
}

// Open connects. Client is an id that is unique at the broker.
func (b Broker) Open(ctx context.Context, client, prefix string) (*Desk, error) {
	d := &Desk{in: newInbox(), prefix: prefix}
	p, err := dialPaho(ctx, b, login{client: client, ordered: true, received: d.in.put})
	if err != nil {
		return nil, err
	}
	if err := p.Connect(ctx); err != nil {
		return nil, err
	}
	d.pipe = p
	return d, nil
}

// Close hangs up.
func (d *Desk) Close() { d.pipe.Close() }

// Shelf is where the broker keeps one hot list.
type Shelf struct {
	desk *Desk
	list string
}

// Shelf names a list's place.
func (d *Desk) Shelf(list string) Shelf { return Shelf{d, list} }

func (s Shelf) fleet(name string) string { return Topic(s.desk.prefix, Fleet, name) }

// Manifest is the one that the broker keeps, nil for none, and what an interrupted publishing left: names of chunks.
func (s Shelf) Manifest(ctx context.Context) (manifest, pending []byte, err error) {
	got, err := s.desk.kept(ctx, false, s.fleet(topicManifest(s.list)), s.fleet(topicPending(s.list)))
	return got[s.fleet(topicManifest(s.list))], got[s.fleet(topicPending(s.list))], err
}

// Chunks fetches chunks, by their names. One that the broker doesn't have is not in the answer.
func (s Shelf) Chunks(ctx context.Context, names []string) (map[string][]byte, error) {
	out := map[string][]byte{}
	for len(names) > 0 {
		some := names[:min(len(names), 2*inFlight)]
		names = names[len(some):]
		var topics []string
		for _, n := range some {
			topics = append(topics, s.fleet(topicChunk(s.list, n)))
		}
		got, err := s.desk.kept(ctx, true, topics...)
		if err != nil {
			return nil, err
		}
		for i, n := range some {
			if b := got[topics[i]]; b != nil {
				out[n] = b
			}
		}
	}
	return out, nil
}

// PutChunk, PutManifest, PutPending and PutGrant publish, retained; an empty payload clears. They are durable at the broker, as far as its word
// goes, after Flush.
func (s Shelf) PutChunk(name string, b []byte) error {
	return s.desk.put(s.fleet(topicChunk(s.list, name)), b)
}

func (s Shelf) PutManifest(b []byte) error { return s.desk.put(s.fleet(topicManifest(s.list)), b) }

func (s Shelf) PutPending(b []byte) error { return s.desk.put(s.fleet(topicPending(s.list)), b) }

func (s Shelf) PutGrant(unit string, b []byte) error {
	return s.desk.put(Topic(s.desk.prefix, unit, topicGrant(s.list)), b)
}

// deskWindow is how many messages may wait for the broker's word.
const deskWindow = 16

func (d *Desk) put(topic string, b []byte) error {
	d.wait = append(d.wait, d.pipe.Publish(topic, 1, true, b))
	if len(d.wait) < deskWindow {
		return nil
	}
	first := d.wait[0]
	d.wait = d.wait[1:]
	return d.settled(first)
}

// Flush returns when the broker has acknowledged everything.
func (d *Desk) Flush() error {
	for _, a := range d.wait {
		if err := d.settled(a); err != nil {
			return err
		}
	}
	d.wait = nil
	return nil
}

// patienceOfDesk is how long a person waits for the broker's word about one message.
const patienceOfDesk = time.Minute

func (d *Desk) settled(a ack) error {
	select {
	case <-a.Done():
		return a.Error()
	case <-d.pipe.Lost():
		return d.pipe.Err()
	case <-time.After(patienceOfDesk):
		return &Error{What: fmt.Sprintf("the broker acknowledged nothing for %v", patienceOfDesk), Mend: "look into its log; publish again: what was interrupted is cleared then"}
	}
}

// quiet is how long nothing has to come until what didn't come isn't there.
const quiet = 2 * time.Second

// kept reads what the broker keeps on the topics. expected says that it should be there: then what doesn't come is waited for longer.
func (d *Desk) kept(ctx context.Context, expected bool, topics ...string) (map[string][]byte, error) {
	want := map[string]bool{}
	for _, t := range topics {
		want[t] = true
	}
	d.in.take() // what an earlier subscription still brought
	if err := d.pipe.Subscribe(ctx, topics...); err != nil {
		return nil, err
	}
	defer d.pipe.Unsubscribe(topics...)
	patience := quiet
	if expected {
		patience *= 10
	}
	got := map[string][]byte{}
	late := time.NewTimer(patience)
	defer late.Stop()
	for len(got) < len(want) {
		select {
		case <-d.in.poke:
			for _, m := range d.in.take() {
				if want[m.Topic] && m.Retained {
					got[m.Topic] = m.Payload
				}
			}
			late.Reset(patience)
		case <-late.C:
			return got, nil
		case <-d.pipe.Lost():
			return nil, d.pipe.Err()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return got, nil
}
