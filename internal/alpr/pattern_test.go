package alpr

import "testing"

func TestPattern(t *testing.T) {
	for in, want := range map[string]string{"ab?-1 2**4": "AB?12*4", "ABC1234": "ABC1234", "": "", "??": "??"} {
		if got := NewPattern(in).Text(); got != want {
			t.Errorf("NewPattern(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"*b?-1 2": "*B?12", "ABC 1234": "ABC1234", "": ""} {
		if got := NewSeen(in).Text(); got != want {
			t.Errorf("NewSeen(%q) = %q, want %q", in, got, want)
		}
	}
	if n := NewPattern("A?1*").Open(); n != 2 {
		t.Errorf("Open = %d, want 2", n)
	}
	if NewPlate("A?1").Open() != 0 {
		t.Error("NewPlate kept an open character")
	}
}
