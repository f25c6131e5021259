package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/hotlist"
)

// preview is what publishing would do, as JSON.
type preview struct {
	Report    hotlist.Report `json:"report"`
	LookAlike int            `json:"look_alike_plates"`
	Shared    int            `json:"shared_plates"`
	Refused   string         `json:"refused,omitempty"`
	Sample    *whatIf        `json:"sample,omitempty"`
	List      []shownEntry   `json:"entries,omitempty"`
}

// shownEntry is an entry with its plate, for --show only.
type shownEntry struct {
	Plate    string `json:"plate"`
	Region   string `json:"region"`
	Class    string `json:"class"`
	Priority int    `json:"priority"`
	Vehicle  string `json:"vehicle"`
	Reason   string `json:"reason"`
	Expires  string `json:"expires"`
	ID       string `json:"id"`
}

func rows(b *hotlist.Builder) []shownEntry {
	var out []shownEntry
	b.Entries(func(e alpr.Entry) bool {
		s := shownEntry{e.Plate.Text(), e.Region, e.Class, e.Priority, strings.Join(strings.Fields(e.Year+" "+e.Colour+" "+e.Make+" "+e.Model), " "), e.Reason, "", e.ID}
		if !e.ExpiresAt.IsZero() {
			s.Expires = e.ExpiresAt.UTC().Format(time.RFC3339)
		}
		out = append(out, s)
		return true
	})
	return out
}

func printRows(w io.Writer, list []shownEntry) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nPLATE\tSTATE\tCLASS\tPRIORITY\tVEHICLE\tEXPIRES\tID\tREASON")
	for _, e := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", e.Plate, e.Region, e.Class, e.Priority, e.Vehicle, e.Expires, e.ID, e.Reason)
	}
	t.Flush()
}

func printReport(w io.Writer, r hotlist.Report) {
	fmt.Fprintf(w, "rows         %d read as %s\n", r.Rows, r.Format)
	fmt.Fprintf(w, "entries      %d%s\n", r.Entries, list(hotlist.Words(r.Classes), r.Classes))
	if len(r.Regions) > 0 {
		unknown := map[string]int{}
		for k, n := range r.Regions {
			if k == "" {
				k = "not given"
			}
			unknown[k] = n
		}
		words := hotlist.Words(unknown)
		more := ""
		if len(words) > 8 {
			words, more = words[:8], ", …"
		}
		fmt.Fprintf(w, "states       %s%s\n", strings.TrimSuffix(strings.TrimPrefix(list(words, unknown), " ("), ")"), more)
	}
	if r.Duplicates > 0 {
		fmt.Fprintf(w, "duplicates   %d rows repeat another in every field\n", r.Duplicates)
	}
	if r.Expired > 0 {
		fmt.Fprintf(w, "expired      %d rows are over\n", r.Expired)
	}
	if len(r.LeftOut) > 0 {
		n := 0
		for _, v := range r.LeftOut {
			n += v
		}
		fmt.Fprintf(w, "left out     %d%s\n", n, list(hotlist.Words(r.LeftOut), r.LeftOut))
	}
	if n := r.Rejected(); n > 0 {
		reasons := map[string]int{}
		for k, v := range r.Rejects {
			reasons[string(k)] = v
		}
		fmt.Fprintf(w, "rejected     %d of %d rows, %.2f %%%s\n", n, r.Rows, 100*float64(n)/float64(r.Rows), list(hotlist.Words(reasons), reasons))
		for _, b := range r.First {
			fmt.Fprintf(w, "             %s line %d: %s\n", b.File, b.Line, b.Reason)
		}
		if n > len(r.First) {
			fmt.Fprintf(w, "             and %d more\n", n-len(r.First))
		}
	}
	if r.Clipped > 0 {
		fmt.Fprintf(w, "clipped      %d texts are longer than an entry holds\n", r.Clipped)
	}
	if r.NoYear > 0 {
		fmt.Fprintf(w, "no year      %d vehicle years can't be read; their entries stay, without\n", r.NoYear)
	}
	if len(r.Ignored) > 0 {
		fmt.Fprintf(w, "ignored      columns %s\n", strings.Join(r.Ignored, ", "))
	}
}

// list is " (stolen_vehicle 12, felony 3)".
func list(words []string, counts map[string]int) string {
	if len(words) == 0 {
		return ""
	}
	var b strings.Builder
	for i, w := range words {
		b.WriteString([]string{" (", ", "}[min(i, 1)])
		fmt.Fprintf(&b, "%s %d", w, counts[w])
	}
	return b.String() + ")"
}

func printJSON(w io.Writer, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s\n", b)
	return err
}

func bytesText(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}
