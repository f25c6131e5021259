package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"alprd/internal/hotlist"
	"alprd/internal/trust"
	"alprd/internal/uplink"
)

// posting is a list's place at the broker, and what lies there.
type posting struct {
	desk    *uplink.Desk
	shelf   uplink.Shelf
	before  *hotlist.Package // nil for none
	pending []string         // chunks that an interrupted publishing may have left
}

// open connects, and opens what the broker keeps of the list with the publisher's own key.
func (p *publication) open(ctx context.Context, key trust.PrivateKey) (*posting, error) {
	if !hotlist.GoodName(p.list) {
		return nil, hinted{fmt.Errorf("the list's name %q is not usable", p.list), "use 1 to 64 letters, digits, dashes and underscores, for example nc-sbi"}
	}
	if err := p.broker.Check(time.Now()); err != nil {
		return nil, err
	}
	var id [6]byte
	rand.Read(id[:])
	desk, err := p.broker.Open(ctx, "alprctl-publish-"+hex.EncodeToString(id[:]), p.prefix)
	if err != nil {
		return nil, err
	}
	out := &posting{desk: desk, shelf: desk.Shelf(p.list)}
	if err := out.read(ctx, key); err != nil {
		desk.Close()
		return nil, err
	}
	return out, nil
}

func (p *posting) read(ctx context.Context, key trust.PrivateKey) error {
	manifest, pending, err := p.shelf.Manifest(ctx)
	if err != nil {
		return fmt.Errorf("see what the broker keeps: %w", err)
	}
	if len(pending) > 0 && json.Unmarshal(pending, &p.pending) != nil {
		return fmt.Errorf("see what the broker keeps: what an interrupted publishing left can't be read")
	}
	if manifest == nil {
		return nil
	}
	chunks := map[string][]byte{}
	before, err := hotlist.Decode(manifest, func(sha string) ([]byte, error) {
		if b, ok := chunks[sha]; ok {
			return b, nil
		}
		return nil, fs.ErrNotExist
	}, key.Public())
	if err == nil {
		err = before.UnlockOwn(key)
	}
	if err != nil {
		return hinted{fmt.Errorf("the list that the broker keeps: %w", err), "publish with the key that it was published with; if that is lost, clear the topics below _fleet/hotlist/ for this list, and give the units the new key"}
	}
	var names []string
	for _, c := range before.Manifest().Chunks() {
		names = append(names, c.SHA256)
	}
	if chunks, err = p.shelf.Chunks(ctx, names); err != nil {
		return fmt.Errorf("fetch the list that the broker keeps: %w", err)
	}
	p.before = before
	return nil
}

// send publishes what the broker doesn't have, then the keys, then, in one message, the manifest: from it on the new version counts. Then
// it clears what is superseded. The names of chunks stand at the broker before any of them, so that an interrupted publishing leaves nothing for ever.
func (p *posting) send(b *hotlist.Bundle) error {
	there := map[string]bool{}
	var old []hotlist.UnitKey
	if p.before != nil {
		m := p.before.Manifest()
		old = m.Units
		for _, c := range m.Chunks() {
			there[c.SHA256] = true
		}
	}
	var pending, clear []string
	for name := range there {
		if b.Chunks[name] == nil {
			clear = append(clear, name)
		}
	}
	for _, name := range p.pending {
		if b.Chunks[name] == nil && !there[name] {
			clear = append(clear, name)
		}
	}
	for name := range b.Chunks {
		if !there[name] {
			pending = append(pending, name)
		}
	}
	list, err := json.Marshal(slices.Concat(pending, clear))
	if err != nil {
		return fmt.Errorf("encode what is under way: %w", err)
	}
	steps := []func() error{
		func() error { return p.shelf.PutPending(list) },
		p.desk.Flush,
		func() error {
			for _, name := range pending {
				if err := p.shelf.PutChunk(name, b.Chunks[name]); err != nil {
					return err
				}
			}
			return p.desk.Flush()
		},
		func() error {
			for unit, g := range b.Grants {
				if err := p.shelf.PutGrant(unit, g); err != nil {
					return err
				}
			}
			return p.desk.Flush()
		},
		func() error { return p.shelf.PutManifest(b.Signed) },
		p.desk.Flush,
		// At this point the new version counts. What is cleared from here on nobody needs any more.
		func() error {
			for _, name := range clear {
				if err := p.shelf.PutChunk(name, nil); err != nil {
					return err
				}
			}
			for _, u := range old {
				if b.Grants[u.Unit] == nil {
					if err := p.shelf.PutGrant(u.Unit, nil); err != nil {
						return err
					}
				}
			}
			return p.desk.Flush()
		},
		func() error { return p.shelf.PutPending(nil) },
		p.desk.Flush,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("publish the list: %w", err)
		}
	}
	return nil
}
