package trust

import "fmt"

// Reach is how far behind the highest counter of a key a command may arrive: retained ones come in any order.
const Reach = 1024

// Window remembers which of a key's counters were used: the highest, and which of the last Reach. The zero value has seen
// none.
type Window struct {
	High uint64             `json:"high"`
	Used [Reach / 64]uint64 `json:"used"` // of n within reach, bit n%64 of word n/64%16
}

// Check refuses a counter that was used, or that is too old to tell. The error is a *Refusal.
func (w *Window) Check(n uint64) error {
	switch {
	case n > w.High:
		return nil
	case w.High-n >= Reach:
		return Refuse(RefusedReplay, fmt.Sprintf("the command's counter, %d, is too far behind the highest that this unit has seen of the key, %d", n, w.High),
			"sign a new command; if the counter beside the key was lost, write the highest into it")
	case w.bit(n):
		return Refuse(RefusedReplay, fmt.Sprintf("the command's counter, %d, was used before: a command is obeyed once", n),
			fmt.Sprintf("sign a new command; if you didn't send this one before, the key signs in two places: give each its own. The highest counter seen here is %d", w.High))
	}
	return nil
}

// Use marks a counter that Check let pass.
func (w *Window) Use(n uint64) {
	if n > w.High {
		if n-w.High >= Reach {
			w.Used = [Reach / 64]uint64{}
		} else {
			for m := w.High + 1; m < n; m++ {
				w.Used[m/64%(Reach/64)] &^= 1 << (m % 64)
			}
		}
		w.High = n
	}
	w.Used[n/64%(Reach/64)] |= 1 << (n % 64)
}

func (w *Window) bit(n uint64) bool { return w.Used[n/64%(Reach/64)]>>(n%64)&1 == 1 }
