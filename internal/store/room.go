package store

import (
	"fmt"
	"slices"
	"time"

	"alprd/internal/alpr"
)

// Shed says what was left out for want of room. The order is declared: first the pictures of reads that hit nothing, then
// those reads, then the pictures of hits and what is to follow them on the bulk connection, and a hit itself only when the disk takes no byte more. (An alert carries its
// plate's picture in itself.)
type Shed int

const (
	ShedPictures Shed = iota + 1
	ShedItem
)

func (s Shed) String() string {
	switch s {
	case 0:
		return "nothing"
	case ShedPictures:
		return "pictures"
	case ShedItem:
		return "item"
	}
	return fmt.Sprintf("shed(%d)", int(s))
}

// room is what is known of the free space.
type room struct {
	free, total int64 // bytes; free is reduced by what we write since it was looked at
	reserve     int64
	at          time.Time
	unseen      int64 // written since
}

// look asks the file system again after a second or four megabytes.
func (s *Store) look(size int64) {
	r := &s.room
	r.unseen += min(size, 1<<40)
	if r.total > 0 && time.Since(r.at) < time.Second && r.unseen < 4<<20 {
		return
	}
	free, total, err := s.fs.Space("room", s.dir)
	if err != nil { // not known: the writes will tell
		free, total = 1<<60, 1<<60
	}
	r.free, r.total, r.at, r.unseen = free, total, time.Now(), 0
	if r.reserve = s.o.Reserve; r.reserve <= 0 {
		r.reserve = min(256<<20, total/20)
	}
}

// shedding is what reads without a hit lose at present.
func (s *Store) shedding() Shed {
	switch {
	case s.room.free < s.room.reserve/2:
		return ShedItem
	case s.room.free < s.room.reserve:
		return ShedPictures
	}
	return 0
}

// shed takes out of an item what there is no room for. was is what the disk already refused.
func (s *Store) shed(it *Item, hit bool, was Shed) Shed {
	level := was
	switch {
	case !hit:
		level = max(was, s.shedding())
	case s.room.free < s.room.reserve/4:
		level = max(was, ShedPictures)
	}
	if level == ShedPictures {
		n := len(it.Pictures) + len(it.Messages)
		it.Pictures = nil
		it.Messages = slices.DeleteFunc(slices.Clone(it.Messages), func(m Message) bool { return m.Class == alpr.Bulk })
		if n == len(it.Messages) { // there was nothing to leave out
			return was
		}
		if it.Read.ID == "" && len(it.Messages) == 0 {
			return ShedItem
		}
	}
	return level
}
