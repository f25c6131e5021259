package capture

import (
	"syscall"
	"time"

	"alprd/internal/alpr"
)

// KernelClock is what the kernel says of its own clock (adjtimex(2)): synchronised while a time daemon disciplines it,
// with the maximum error that daemon and the time since its last word leave (R51).
func KernelClock() alpr.Clock {
	const unsynchronised = 0x40 // STA_UNSYNC in <sys/timex.h>
	var t syscall.Timex
	state, err := syscall.Adjtimex(&t)
	const timeError = 5 // TIME_ERROR
	if err != nil || state == timeError || t.Status&unsynchronised != 0 {
		return alpr.Clock{Quality: alpr.Unsynchronised}
	}
	return alpr.Clock{Quality: alpr.Synchronised, Error: time.Duration(t.Maxerror) * time.Microsecond}
}
