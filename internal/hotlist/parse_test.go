package hotlist

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"alprd/internal/alpr"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func date(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }

// read parses a text whole and gives entries by plate order.
func read(t testing.TB, o Options, text string) ([]alpr.Entry, Report, *Builder) {
	t.Helper()
	if o.Now.IsZero() {
		o.Now = now
	}
	b, err := NewBuilder(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Read("list.txt", strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	r, err := b.Report()
	if err != nil {
		t.Fatal(err)
	}
	var out []alpr.Entry
	b.Entries(func(e alpr.Entry) bool { out = append(out, e); return true })
	left := 0
	for _, n := range r.LeftOut {
		left += n
	}
	if r.Rows != r.Entries+r.Duplicates+r.Expired+left+r.Rejected() {
		t.Errorf("the rows don't add up: %+v", r)
	}
	return out, r, b
}

func diff(want, got []alpr.Entry) string {
	return cmp.Diff(want, got, cmp.Comparer(func(a, b alpr.Plate) bool { return a.Text() == b.Text() }))
}

// ncic writes a row of the extract.
func ncic(nic, ori, date, plate, state, regYear, typ, year, make, model, style, colour string) string {
	return fmt.Sprintf("%-10s%-9s%-8s%-10s%-2s%-4s%-2s%-4s%-4s%-3s%-2s%s", nic, ori, date, plate, state, regYear, typ, year, make, model, style, colour)
}

const ncicHeader = "NCIC LPR EXTRACT 20261123 0600"

// The FBI's extract, column by column (R23), with what real feeds do to it.
func TestNCIC(t *testing.T) {
	rows := []string{
		ncicHeader,
		ncic("V123456789", "NC0410000", "20261101", "TZY6473", "NC", "2027", "PC", "2019", "FORD", "FUS", "4D", "RED/BLK"),
		ncic("P000000001", "NC0410000", "20261102", "ABC1O34", "0H", "2027", "PC", "", "", "", "", ""), // O as 0 in the state
		ncic("F000000002", "SC0100000", "2O261O03", "XYZ9876", "VA", "2027", "PC", "2O15", "HOND", "ACC", "4D", "BLU"),
		ncic("W000000003", "VA0100000", "00000000", "XYZ9876", "NC", "", "", "0000", "", "", "", ""),                       // the same plate, another state and class (R24)
		ncic("A000000004", "NC0920000", "20261120", "ABCDE12345", "NB", "2027", "PC", "", "", "", "", ""),                  // all ten columns; NCIC's Nebraska
		ncic("R000000005", "ON0920000", "20261120", "CANADA1", "0N", "2027", "PC", "", "", "", "", ""),                     // Ontario
		ncic("V000000006", "TX0920000", "20261120", "MEX123", "DF", "2027", "PC", "", "", "", "", ""),                      // a Mexican code
		strings.TrimRight(ncic("M000000007", "NC0920000", "20261120", "SHORT1", "", "", "", "", "", "", "", ""), " "),      // trailing blanks lost
		ncic("V123456789", "NC0410000", "20261101", "TZY6473", "NC", "2027", "PC", "2019", "FORD", "FUS", "4D", "RED/BLK"), // twice
	}
	got, r, _ := read(t, Options{}, strings.Join(rows, "\r\n")+"\r\n")
	p := alpr.NewPlate
	want := []alpr.Entry{
		{ID: "P000000001", Plate: p("ABC1O34"), Region: "us-oh", Class: "stolen_plate", Priority: 40, Reason: "NCIC record of NC0410000", EnteredAt: date(2026, 11, 2)},
		{ID: "A000000004", Plate: p("ABCDE12345"), Region: "us-ne", Class: "amber", Priority: 5, Reason: "NCIC record of NC0920000", EnteredAt: date(2026, 11, 20)},
		{ID: "R000000005", Plate: p("CANADA1"), Region: "ca-on", Class: "canadian", Priority: 30, Reason: "NCIC record of ON0920000", EnteredAt: date(2026, 11, 20)},
		{ID: "V000000006", Plate: p("MEX123"), Region: "zz-df", Class: "stolen_vehicle", Priority: 30, Reason: "NCIC record of TX0920000", EnteredAt: date(2026, 11, 20)},
		{ID: "M000000007", Plate: p("SHORT1"), Class: "missing", Priority: 15, Reason: "NCIC record of NC0920000", EnteredAt: date(2026, 11, 20)},
		{ID: "V123456789", Plate: p("TZY6473"), Region: "us-nc", Class: "stolen_vehicle", Priority: 30, Make: "FORD", Model: "FUS", Colour: "RED/BLK", Year: "2019",
			Reason: "NCIC record of NC0410000", EnteredAt: date(2026, 11, 1)},
		{ID: "F000000002", Plate: p("XYZ9876"), Region: "us-va", Class: "felony", Priority: 10, Make: "HOND", Model: "ACC", Colour: "BLU", Year: "2015",
			Reason: "NCIC record of SC0100000", EnteredAt: date(2026, 10, 3)},
		{ID: "W000000003", Plate: p("XYZ9876"), Region: "us-nc", Class: "wanted", Priority: 20, Reason: "NCIC record of VA0100000"},
	}
	if d := diff(want, got); d != "" {
		t.Error(d)
	}
	if r.Format != NCIC || r.Rows != 9 || r.Duplicates != 1 || r.Rejected() != 0 {
		t.Errorf("report: %+v", r)
	}
}

// Every way in which a row of the extract can be broken is counted under its reason, with its line (R23).
func TestNCICRejects(t *testing.T) {
	ok := func(plate string) string {
		return ncic("V123456789", "NC0410000", "20261101", plate, "NC", "2027", "PC", "2019", "FORD", "FUS", "4D", "RED")
	}
	rows := []struct {
		line string
		why  Reason
	}{
		{ncicHeader, ""},
		{ok("GOOD123"), ""},
		{ok("0"), JunkPlate}, {ok("00"), JunkPlate}, {ok("000"), JunkPlate}, {ok("OO0"), JunkPlate}, {ok("XXXXXX"), JunkPlate}, {ok("UNKNOWN"), JunkPlate},
		{ok(""), EmptyPlate}, {ok("AB#123"), BadPlate}, {ok("A?B"), OpenPlate},
		{ncic("V123456789", "CALIBRATE", "20261101", "ABC123", "NC", "", "", "", "", "", "", "CALIBRATION"), Calibration},
		{ok("TEST"), Calibration},
		{ok("ABC1")[:20], ShortRow},
		{"Z" + ok("ABC2")[1:], UnknownClass}, {" " + ok("ABC2")[1:], UnknownClass},
		{ncic("V123456789", "NC0410000", "20261301", "ABC3", "NC", "", "", "", "", "", "", ""), BadDate},
		{ncic("V123456789", "NC0410000", "20260230", "ABC3", "NC", "", "", "", "", "", "", ""), BadDate},
		{ncic("V123456789", "NC0410000", "261101", "ABC3", "NC", "", "", "", "", "", "", ""), BadDate},   // a two-digit year is never guessed
		{ncic("V123456789", "NC0410000", "20270101", "ABC3", "NC", "", "", "", "", "", "", ""), BadDate}, // made in the future
		{ncic("V123456789", "NC0410000", "20261101", "ABC4", "N1", "", "", "", "", "", "", ""), BadState},
		{ok("LAST1") + strings.Repeat("x", 70_000), LongRow},
		{"", ""}, // blank lines are no rows
		{ok("GOOD124"), ""},
	}
	var text strings.Builder
	want := map[Reason]int{}
	var first []BadRow
	for i, r := range rows {
		text.WriteString(r.line + "\n")
		if r.why != "" {
			want[r.why]++
			if len(first) < 10 {
				first = append(first, BadRow{"list.txt", i + 1, r.why, r.why.field()})
			}
		}
	}
	got, r, b := read(t, Options{}, text.String())
	if d := cmp.Diff(want, r.Rejects); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(first, r.First); d != "" {
		t.Error(d)
	}
	if len(got) != 2 {
		t.Errorf("%d entries, want the two good ones", len(got))
	}
	err := b.Refusal(0.01)
	var refused *RejectError
	if !errors.As(err, &refused) {
		t.Fatalf("not refused: %v", err)
	}
	for _, want := range []string{"20 of 22 rows", "90.9 %", "the limit is 1 %", "list.txt line 3: a plate that stands for none", "and 15 more"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q: %v", want, err)
		}
	}
	for _, row := range rows { // no plate in the error (R17)
		if len(row.line) > 37 {
			if p := strings.TrimSpace(row.line[27:37]); len(p) > 3 && strings.Contains(err.Error(), p) {
				t.Errorf("the error shows a plate: %v", err)
			}
		}
	}
}

// A first line that can only be a row is not lost for a header that isn't there.
func TestNCICWithoutHeader(t *testing.T) {
	row := ncic("V123456789", "NC0410000", "20261101", "TZY6473", "NC", "2027", "PC", "2019", "FORD", "FUS", "4D", "RED")
	got, _, _ := read(t, Options{}, row+"\n")
	if len(got) != 1 {
		t.Errorf("%d entries, want 1", len(got))
	}
	if got, _, _ := read(t, Options{}, ncicHeader+"\n"); len(got) != 0 {
		t.Error("a header became an entry")
	}
}

// Restricted classes load only where they are enabled (R27), one by one; what was left out is counted, not rejected.
func TestRestrictedClasses(t *testing.T) {
	var rows []string
	for _, c := range "AFWVPMCHKLRTXN" {
		rows = append(rows, ncic(string(c)+"123456789", "NC0410000", "20261101", "TAG"+string(c), "NC", "", "", "", "", "", "", ""))
	}
	text := ncicHeader + "\n" + strings.Join(rows, "\n")
	letters := func(es []alpr.Entry) string {
		var b strings.Builder
		for _, e := range es {
			b.WriteString(e.ID[:1])
		}
		return b.String()
	}
	got, r, b := read(t, Options{}, text)
	if letters(got) != "AFMPRVW" || len(r.LeftOut) != 7 || r.Rejected() != 0 || b.Refusal(0) != nil {
		t.Errorf("loaded %s, left out %v", letters(got), r.LeftOut)
	}
	got, r, _ = read(t, Options{Enable: []string{"H", "sex offender"}}, text)
	if letters(got) != "AFHMPRVWX" || len(r.LeftOut) != 5 {
		t.Errorf("loaded %s, left out %v", letters(got), r.LeftOut)
	}
	if _, err := NewBuilder(Options{Enable: []string{"V"}}); err == nil {
		t.Error("a class that isn't restricted was enabled")
	}
	// The same words in a delimited list are the same class.
	if got, _, _ := read(t, Options{}, "plate,category\nABC123,Sex Offender\nABC124,stolen vehicle\n"); len(got) != 1 {
		t.Errorf("%d entries of a delimited list, want 1", len(got))
	}
}

func TestDelimited(t *testing.T) {
	p, q := alpr.NewPlate, alpr.NewPattern
	for _, c := range []struct {
		name string
		text string
		want []alpr.Entry
	}{
		{"the documented columns, in another order", "category,state,plate,expires,effective,priority,make,colour,reason,instructions\n" +
			"Stolen Vehicle,NC,abc-1234,2026-12-31,2026-11-01,7,Ford,red,\"taken, from a yard\",call \n",
			[]alpr.Entry{{Plate: p("ABC1234"), Region: "us-nc", Class: "stolen_vehicle", Priority: 7, Make: "Ford", Colour: "red", Reason: "taken, from a yard",
				Instructions: "call", EffectiveAt: date(2026, 11, 1), ExpiresAt: date(2027, 1, 1)}}},
		{"OpenALPR's columns", "Plate Number,Description,State/Province\nABC1234,BOLO robbery,us-nc\n",
			[]alpr.Entry{{Plate: p("ABC1234"), Region: "us-nc", Class: "other", Priority: 50, Reason: "BOLO robbery"}}},
		{"semicolons, American spelling and dates", "Plate;State;Category;Color;Expiration Date\nABC1234;North Carolina;Wanted Person;blue;1/2/2027\n",
			[]alpr.Entry{{Plate: p("ABC1234"), Region: "us-nc", Class: "wanted", Priority: 20, Colour: "blue", ExpiresAt: date(2027, 1, 3)}}},
		{"tabs, a comma in a field", "plate\tstate\treason\nABC1234\tVA\tred, dented\n", []alpr.Entry{{Plate: p("ABC1234"), Region: "us-va", Class: "other", Priority: 50, Reason: "red, dented"}}},
		{"no header", "Stolen Vehicle;ABC1234;2026-11-01;2027-01-31\nfelony;XYZ1\n",
			[]alpr.Entry{{Plate: p("ABC1234"), Class: "stolen_vehicle", Priority: 30, EffectiveAt: date(2026, 11, 1), ExpiresAt: date(2027, 2, 1)}, {Plate: p("XYZ1"), Class: "felony", Priority: 10}}},
		{"byte order mark, carriage returns, no last line end", "\xEF\xBB\xBFplate,state\r\nABC1234,NC\r\n\r\nXYZ1,TX", []alpr.Entry{
			{Plate: p("ABC1234"), Region: "us-nc", Class: "other", Priority: 50}, {Plate: p("XYZ1"), Region: "us-tx", Class: "other", Priority: 50}}},
		{"one line in Latin-1 among UTF-8", "plate,reason\nABC1,Müller\nABC2,M\xFCller\n", []alpr.Entry{
			{Plate: p("ABC1"), Class: "other", Priority: 50, Reason: "Müller"}, {Plate: p("ABC2"), Class: "other", Priority: 50, Reason: "Müller"}}},
		{"UTF-16, as spreadsheets write", utf16le("plate\tstate\r\nABC1\tNC\r\n"), []alpr.Entry{{Plate: p("ABC1"), Region: "us-nc", Class: "other", Priority: 50}}},
		{"quotes within quotes, a line end within quotes", "plate,reason\nABC1,\"said \"\"stop\"\"\nthen left\"\nABC2,x\n", []alpr.Entry{
			{Plate: p("ABC1"), Class: "other", Priority: 50, Reason: "said \"stop\" then left"}, {Plate: p("ABC2"), Class: "other", Priority: 50, Reason: "x"}}},
		{"a part of a plate", "plate,state\nAB?12*4,NC\n", []alpr.Entry{{Plate: q("AB?12*4"), Region: "us-nc", Class: "other", Priority: 50}}},
		{"an agency's own category", "plate,category\nABC1,Gang Task Force / East\n", []alpr.Entry{{Plate: p("ABC1"), Class: "gang_task_force_east", Priority: 50}}},
		{"missing fields at the end", "plate,state,reason\nABC1\n", []alpr.Entry{{Plate: p("ABC1"), Class: "other", Priority: 50}}},
		{"by hand, the end not given (R26)", "plate,operator,reason,entered\nABC1,Sgt. Day,suspect in case 12,2026-11-20\n", []alpr.Entry{
			{Plate: p("ABC1"), Class: "other", Priority: 50, Reason: "suspect in case 12", Operator: "Sgt. Day", EnteredAt: date(2026, 11, 20), ExpiresAt: date(2026, 12, 20)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, r, _ := read(t, Options{}, c.text)
			for i := range got {
				if len(got[i].ID) != 17 || got[i].ID[0] != '~' {
					t.Errorf("entry %d has the id %q", i, got[i].ID)
				}
				got[i].ID = ""
			}
			if d := diff(c.want, got); d != "" {
				t.Error(d)
			}
			if r.Rejected() != 0 {
				t.Errorf("rejects: %v", r.Rejects)
			}
		})
	}
}

func utf16le(s string) string {
	b := []byte{0xFF, 0xFE}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

func TestDelimitedRejects(t *testing.T) {
	text := "plate,state,expires,priority,operator,reason\n" +
		"ABC1,NC,,,,\n" + // 2: good
		",NC,,,,\n" + // 3
		"ABCDEFGHIJK,NC,,,,\n" + // 4
		"ABC2,ZZ,,,,\n" + // 5
		"ABC3,NC,31/12/2026,,,\n" + // 6
		"ABC4,NC,12/31/26,,,\n" + // 7
		"ABC5,NC,,urgent,,\n" + // 8
		"ABC6,NC,,101,,\n" + // 9
		"ABC7,NC,,,Sgt. Day,\n" + // 10
		"ABC8,NC,2027-06-01,,Sgt. Day,because\n" + // 11
		"ABC9,NC,,,,\"stray\n" + // 12
		"ABD1,NC,,,,\"fine\"\n" + // 13: good, though the line before never closed its quote
		"ABD2,NC,,,,\"behind\" x\n" + // 14
		"ABD3,NC,,,,a,b\n" + // 15
		"ABD4,NC,2026-11-01,,,\n" + // 16: over
		"A??4?,NC,,,,\n" + // 17
		"Ä123,NC,,,,\n" + // 18
		"ABD5,NC,,,,calibration plate of the feed\n" // 19
	got, r, _ := read(t, Options{}, text)
	if len(got) != 2 {
		t.Errorf("%d entries, want 2", len(got))
	}
	want := map[Reason]int{
		EmptyPlate: 1, LongPlate: 1, BadState: 1, BadDate: 2, BadPriority: 2, BareManual: 1, LastingManual: 1, BrokenQuotes: 2, WrongColumns: 1, OpenPlate: 1, BadPlate: 1, Calibration: 1,
	}
	if d := cmp.Diff(want, r.Rejects); d != "" {
		t.Error(d)
	}
	if r.Expired != 1 {
		t.Errorf("%d expired, want 1", r.Expired)
	}
	lines := []int{}
	for _, b := range r.First {
		lines = append(lines, b.Line)
	}
	if d := cmp.Diff([]int{3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, lines); d != "" {
		t.Error(d)
	}
}

// A day's end is the end of that day where the agency is, whatever the season.
func TestZone(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	got, _, _ := read(t, Options{Zone: zone, Now: date(2026, 6, 1)}, "plate,effective,expires\nABC1,2026-06-01,2026-06-30\nABC2,2026-12-01T08:00:00Z,2026-12-31\n")
	for i, want := range [][2]time.Time{
		{time.Date(2026, 6, 1, 4, 0, 0, 0, time.UTC), time.Date(2026, 7, 1, 4, 0, 0, 0, time.UTC)},
		{time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 5, 0, 0, 0, time.UTC)},
	} {
		if !got[i].EffectiveAt.Equal(want[0]) || !got[i].ExpiresAt.Equal(want[1]) {
			t.Errorf("entry %d lives from %v to %v", i, got[i].EffectiveAt, got[i].ExpiresAt)
		}
	}
}

// Categories that serve traffic enforcement only are refused, and the clause is named (R53).
func TestTrafficIsRefused(t *testing.T) {
	for category, refused := range map[string]bool{
		"Expired Registration": true, "EXPIRED": true, "unpaid tolls": true, "Toll violator": true, "No Insurance": true, "uninsured motorist": true,
		"Parking scofflaw": true, "Red-light camera": true, "SPEEDING": true, "expired_inspection": true, "unpaid": true,
		"Stolen Vehicle": false, "Human Trafficking": false, "felony traffic stop": false, "Missing": false, "stolen registration plate": false, "": false,
	} {
		_, _, b := read(t, Options{}, "plate,category\nABC1,"+category+"\nABC2,felony\n")
		err := b.Refusal(1)
		if (err != nil) != refused {
			t.Errorf("category %q: %v", category, err)
		}
		if !refused {
			continue
		}
		var policy *PolicyError
		if !errors.As(err, &policy) || policy.ExitCode() != 3 || !strings.Contains(err.Error(), "20-183.31(b)") || policy.Hint() == "" {
			t.Errorf("category %q: %v", category, err)
		}
		got, r, b := read(t, Options{Drop: []string{category}}, "plate,category\nABC1,"+category+"\nABC2,felony\n")
		if err := b.Refusal(0); err != nil || len(got) != 1 || len(r.LeftOut) != 1 {
			t.Errorf("category %q dropped: %v, %d entries", category, err, len(got))
		}
	}
}

func TestNoList(t *testing.T) {
	for name, text := range map[string]string{
		"empty":                  "",
		"blank":                  "\n\n  \n",
		"a table without plates": "name,street,city,country,telephone,mail,remark\nA,B,C,D,E,F,G\n",
		"prose with commas":      "This file, as you can see, holds nothing that could be a list; it is a letter, no more.\n",
	} {
		b, err := NewBuilder(Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		err = b.Read("x.csv", strings.NewReader(text))
		var h interface{ Hint() string }
		if err == nil || !errors.As(err, &h) || h.Hint() == "" || !strings.Contains(err.Error(), "x.csv") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Lists come packed, too; and what begins so and isn't is told.
func TestPackedLists(t *testing.T) {
	const text = "plate,state\nABC1,NC\nABC2,VA\n"
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	w.Write([]byte(text))
	w.Close()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, packed := range map[string]string{"gzip": gz.String(), "zstd": string(z.EncodeAll([]byte(text), nil))} {
		if got, _, _ := read(t, Options{}, packed); len(got) != 2 {
			t.Errorf("%s: %d entries", name, len(got))
		}
		b, err := NewBuilder(Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Read("cut", strings.NewReader(packed[:len(packed)-9])); err == nil {
			t.Errorf("%s: half a file is a list", name)
		}
	}
}

// What is an extract is told by its rows: a table without a plate column isn't one, however short its header; a broken first row doesn't hide one.
func TestGuess(t *testing.T) {
	row := ncic("V123456789", "NC0410000", "20261101", "TZY6473", "NC", "2027", "PC", "2019", "FORD", "FUS", "4D", "RED")
	for text, want := range map[string]int{
		ncicHeader + "\n" + row: 1,
		"A,B\n" + row:           1,
		ncicHeader + "\nV12345678X" + row[10:] + "\n" + row: 2,
		ncicHeader + "\n":        0,
		"name,region\nABC1,NC\n": -1,
		"a,b\nc,d\n":             -1,
	} {
		b, err := NewBuilder(Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		err = b.Read("x", strings.NewReader(text))
		r, _ := b.Report()
		if want < 0 && err == nil || want >= 0 && (err != nil || r.Format != NCIC || r.Rows != want) {
			t.Errorf("%.40q: %v, %d rows as %s", text, err, r.Rows, r.Format)
		}
	}
}

// Whatever a file holds, reading ends, rows add up, and the entries, written in the canonical form, read back as the same.
func fuzzRead(f *testing.F, format Format) {
	f.Fuzz(func(t *testing.T, text string) {
		r, b, ok := fuzzed(t, format, text)
		if !ok {
			return
		}
		left := 0
		for _, v := range r.LeftOut {
			left += v
		}
		if r.Rows != r.Entries+r.Duplicates+r.Expired+left+r.Rejected() {
			t.Fatalf("%+v", r)
		}
		var again strings.Builder
		w := csv.NewWriter(&again)
		w.Write([]string{"plate", "state", "category", "effective", "expires", "priority", "make", "model", "colour", "year", "reason", "instructions", "id", "entered", "operator"})
		when := func(at time.Time) string {
			if at.IsZero() {
				return ""
			}
			return at.Format(time.RFC3339)
		}
		b.Entries(func(e alpr.Entry) bool {
			if e.Region == "us-gov" || strings.HasPrefix(e.Region, "zz-") || strings.Contains(e.Class+e.Reason, "calibrat") || strings.Contains(strings.ToUpper(e.Class+e.Reason), "CALIBRAT") {
				return true // codes and texts that only the extract has
			}
			w.Write([]string{e.Plate.Text(), e.Region, e.Class, when(e.EffectiveAt), when(e.ExpiresAt), strconv.Itoa(e.Priority), e.Make, e.Model, e.Colour, e.Year, e.Reason, e.Instructions, e.ID,
				when(e.EnteredAt), e.Operator})
			return true
		})
		w.Flush()
		want := map[string]bool{}
		for _, r := range b.records {
			want[r] = true
		}
		r2, c, ok := fuzzed(t, Delimited, again.String())
		if !ok || r2.Rejected() > 0 {
			t.Fatalf("the canonical form is refused: %+v\n%q", r2, again.String())
		}
		for _, r := range c.records {
			if !want[r] {
				t.Fatalf("another entry came back: %q of\n%q", r, again.String())
			}
		}
	})
}

func fuzzed(t *testing.T, format Format, text string) (Report, *Builder, bool) {
	b, err := NewBuilder(Options{Now: now, Format: format})
	if err != nil {
		t.Fatal(err)
	}
	if b.Read("x", strings.NewReader(text)) != nil {
		return Report{}, nil, false
	}
	r, err := b.Report()
	if err != nil {
		t.Fatal(err)
	}
	return r, b, true
}

func FuzzDelimited(f *testing.F) {
	f.Add("plate,state\nABC1,NC\n")
	f.Add("felony;ABC1234;2026-11-01;2027-01-31\n")
	f.Add("plate,reason\nABC1,\"a\n\"\n\xFF\xFE")
	f.Add("tag\tprovince\texpiry\tpriority\toperator\tnotes\nA?C1\tON\t12/31/2026\thigh\tDay\tseen\n")
	fuzzRead(f, Auto)
}

func FuzzNCIC(f *testing.F) {
	f.Add(ncicHeader + "\n" + ncic("V123456789", "NC0410000", "20261101", "TZY6473", "NC", "2027", "PC", "2019", "FORD", "FUS", "4D", "RED/BLK"))
	f.Add(ncic("A12345678O", "NC041OOOO", "2O2611O1", "O0O1", "N0", "", "", "", "MÜLL", "", "", ""))
	fuzzRead(f, NCIC)
}
