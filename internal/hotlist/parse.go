package hotlist

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"alprd/internal/alpr"
)

// Format is a list's layout.
type Format string

const (
	Auto      Format = "auto"
	Delimited Format = "csv"  // comma, semicolon, tab or bar, named columns; or category;plate;effective;expiry
	NCIC      Format = "ncic" // fixed width; North Carolina's extract is the same
)

// Options say how lists are read.
type Options struct {
	Format Format         // Auto when empty
	Enable []string       // restricted classes to load, by letter or word (R27)
	Drop   []string       // categories to leave out
	Class  string         // of rows that give none; "other" when empty
	Zone   *time.Location // of dates without one; UTC when nil
	Now    time.Time      // entries that ended before are left out, and dates long after are none
}

const (
	maxPlate = 10   // characters, NCIC's field
	maxOpen  = 2    // of them open, where somebody saw a part
	maxShort = 64   // bytes of a make, a colour, …
	maxLong  = 1000 // bytes of a reason
	// manualLife is how long an entry made by hand lives at most (R26).
	manualLife = 30 * 24 * time.Hour
	// ahead is how far in the future a record may have been made: clocks differ, and time zones.
	ahead = 48 * time.Hour
)

// parser turns the lines of one file into entries.
type parser struct {
	Options
	file    string
	enabled map[string]bool
	dropped map[string]bool
	report  *Report
	traffic map[string]int // rows of categories that may not be loaded at all (R53)
	emit    func(alpr.Entry)
}

func newParser(o Options, report *Report, emit func(alpr.Entry)) (*parser, error) {
	p := &parser{Options: o, enabled: map[string]bool{}, dropped: map[string]bool{}, report: report, traffic: map[string]int{}, emit: emit}
	if p.Zone == nil {
		p.Zone = time.UTC
	}
	if p.Class == "" {
		p.Class = "other"
	}
	for _, e := range o.Enable {
		c := classOfWords(e)
		if !c.restricted {
			return nil, hinted{fmt.Errorf("%q is no restricted class", e), "the restricted NCIC classes are C, H, K, L, T, X and N; all others load without being enabled"}
		}
		p.enabled[c.word] = true
	}
	for _, d := range o.Drop {
		p.dropped[normal(d)] = true
		p.dropped[classOfWords(d).word] = true
	}
	return p, nil
}

// parse reads one file. Only reading itself can fail, or a file that is no list at all: rows that can't be loaded are
// counted in the report.
func (p *parser) parse(file string, r io.Reader) error {
	p.file = file
	plain, done, err := unpacked(r)
	if err != nil {
		return hinted{fmt.Errorf("%s: %w", file, err), "it begins as a gzip or zstd file does, but is none: copy it again"}
	}
	defer done()
	l := newLines(plain)
	first, number, long, err := l.next()
	for err == nil && !long && strings.TrimSpace(first) == "" {
		first, number, long, err = l.next()
	}
	if errors.Is(err, io.EOF) {
		return hinted{fmt.Errorf("%s is empty", file), "an empty list needs at least its header line"}
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	if long {
		return hinted{fmt.Errorf("%s line %d: longer than 64 KiB", file, number), "give a text file: NCIC fixed width, or delimited with a header"}
	}
	format := p.Format
	table, isTable := sniff(first)
	if format == Auto || format == "" {
		switch {
		case isTable:
			format = Delimited
		case looksNCIC(first) || l.ahead(looksNCIC):
			// The extract's first line is a header of no fixed form; the rows decide.
			format = NCIC
		case !strings.ContainsAny(first, ",;\t|") && (l.ended() || l.ahead(func(line string) bool { return len(line) > 27 })):
			format = NCIC // rows of another kind, each told, or an extract without any
		default:
			return p.noHeader(number)
		}
	}
	if p.report.Format == "" {
		p.report.Format = format
	} else if p.report.Format != format {
		p.report.Format = Auto // files of both kinds
	}
	if format == NCIC {
		return p.fixed(l, first, number)
	}
	if !isTable {
		return p.noHeader(number)
	}
	return p.delimited(l, table, first, number)
}

func (p *parser) noHeader(line int) error {
	return hinted{
		fmt.Errorf("%s line %d: no header that names a plate column", p.file, line),
		"name the columns: plate,state,category,effective,expires,priority,make,colour,reason,instructions (any order), or write category;plate;effective;expiry without a header",
	}
}

// row is one line's fields before anything was decided.
type row struct {
	line                           int
	plate, state, id               string
	class                          class
	make, model, colour, year      string
	reason, instructions, operator string
	priority                       string
	entered, effective, expires    string
	ncic                           bool
}

// add checks a row and emits its entry.
func (p *parser) add(r row) {
	p.report.Rows++
	if p.dropped[r.class.word] || r.class.restricted && !p.enabled[r.class.word] {
		p.report.LeftOut[r.class.word]++
		return
	}
	e, why := p.entry(r)
	switch {
	case why != "":
		p.report.reject(p.file, r.line, why)
	case !e.ExpiresAt.IsZero() && !p.Now.IsZero() && !p.Now.Before(e.ExpiresAt):
		p.report.Expired++
	default:
		p.emit(e)
	}
}

func (p *parser) entry(r row) (alpr.Entry, Reason) {
	e := alpr.Entry{Class: r.class.word, Priority: r.class.priority}
	var why Reason
	if e.Plate, why = plate(r.plate); why != "" {
		return e, why
	}
	var ok bool
	if e.Region, ok = region(r.state, r.ncic); !ok {
		return e, BadState
	}
	if e.Priority, ok = priority(r.priority, r.class.priority); !ok {
		return e, BadPriority
	}
	if e.EnteredAt, ok = p.date(r.entered, false); !ok {
		return e, BadDate
	}
	if e.EffectiveAt, ok = p.date(r.effective, false); !ok {
		return e, BadDate
	}
	if e.ExpiresAt, ok = p.date(r.expires, true); !ok {
		return e, BadDate
	}
	if !p.Now.IsZero() && e.EnteredAt.After(p.Now.Add(ahead)) {
		return e, BadDate
	}
	if !e.ExpiresAt.IsZero() && !e.EffectiveAt.IsZero() && !e.EffectiveAt.Before(e.ExpiresAt) {
		return e, BadDate
	}
	e.ID = p.text(r.id, maxShort)
	e.Make, e.Model, e.Colour = p.text(r.make, maxShort), p.text(r.model, maxShort), p.text(r.colour, maxShort)
	e.Reason, e.Instructions, e.Operator = p.text(r.reason, maxLong), p.text(r.instructions, maxLong), p.text(r.operator, maxShort)
	if e.Year, ok = year(r.year); !ok {
		p.report.NoYear++
	}
	if e.Operator != "" {
		from := e.EffectiveAt
		if from.IsZero() {
			from = e.EnteredAt
		}
		if from.IsZero() {
			from = p.Now
		}
		switch {
		case e.Reason == "":
			return e, BareManual
		case e.ExpiresAt.IsZero():
			e.ExpiresAt = from.Add(manualLife).Truncate(time.Second)
		case e.ExpiresAt.Sub(from) > manualLife+24*time.Hour: // a date alone runs to its day's end
			return e, LastingManual
		}
	}
	return e, ""
}

func (p *parser) text(s string, n int) string {
	s = tidy(s)
	if len(s) > n {
		p.report.Clipped++
		return tidy(clip(s, n))
	}
	return s
}

// junk stands in feeds where no plate is known.
var junk = map[string]bool{"UNKNOWN": true, "UNK": true, "NONE": true, "NOPLATE": true, "NOPLATES": true, "NOTAG": true, "NOTAGS": true}

func plate(field string) (alpr.Plate, Reason) {
	letters := 0
	for _, r := range field {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z':
			letters++
		case r == '?' || r == '*' || r == ' ' || r == '-' || r == '.' || r == '\'':
		default:
			return alpr.Plate{}, BadPlate
		}
	}
	pl := alpr.NewPattern(field)
	text, open := pl.Text(), pl.Open()
	switch {
	case text == "":
		return pl, EmptyPlate
	case len(text) > maxPlate:
		if strings.Contains(text, "CALIB") {
			return pl, Calibration
		}
		return pl, LongPlate
	case open > 0 && (open > maxOpen || letters < 3):
		return pl, OpenPlate
	case strings.Trim(pl.Fold(), "0") == "", len(text) > 2 && strings.Trim(text, "X") == "", junk[text]:
		return pl, JunkPlate
	case strings.HasPrefix(text, "CALIB"), text == "TEST", text == "TESTPLATE", text == "TESTTAG":
		return pl, Calibration
	}
	return pl, ""
}

func priority(field string, otherwise int) (int, bool) {
	switch s := normal(field); s {
	case "":
		return otherwise, true
	case "high":
		return 10, true
	case "medium":
		return 50, true
	case "low":
		return 90, true
	default:
		n, err := strconv.Atoi(s)
		return n, err == nil && n >= 0 && n <= 100
	}
}

// year is a vehicle's year; ok is false for a field that holds something else.
func year(field string) (string, bool) {
	s := strings.ReplaceAll(strings.ToUpper(strings.TrimSpace(field)), "O", "0")
	if s == "" || strings.Trim(s, "0") == "" {
		return "", true
	}
	n, err := strconv.Atoi(s)
	if err != nil || len(s) != 4 || n < 1885 || n > 2200 {
		return "", false
	}
	return s, true
}

// dates in the order they are tried; a two-digit year or a day before its month is never guessed.
var dates = [...]struct {
	layout string
	whole  bool // a day without a time
}{
	{"2006-01-02", true}, {"20060102", true}, {"1/2/2006", true}, {"2006/01/02", true},
	{time.RFC3339, false}, {"2006-01-02T15:04:05", false}, {"2006-01-02 15:04:05", false}, {"2006-01-02 15:04", false},
	{"1/2/2006 15:04:05", false}, {"1/2/2006 15:04", false}, {"1/2/2006 3:04:05 PM", false}, {"1/2/2006 3:04 PM", false},
}

// date reads a day or a moment strictly. An end that is a day means that day's end. Blank and all zeros mean none.
func (p *parser) date(field string, end bool) (time.Time, bool) {
	s := strings.TrimSpace(field)
	if strings.Trim(s, "0 /-") == "" {
		return time.Time{}, true
	}
	for _, d := range dates {
		t, err := time.ParseInLocation(d.layout, s, p.Zone)
		if err != nil {
			continue
		}
		if t.Year() < 1900 || t.Year() > 2200 {
			return time.Time{}, false
		}
		if d.whole && end {
			t = t.AddDate(0, 0, 1)
		}
		return t.UTC(), true
	}
	return time.Time{}, false
}
