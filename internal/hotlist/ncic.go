package hotlist

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// The NCIC licence-plate-reader extract, columns from 0. The first line is a header. 43–45 and 56–58 are inferred from
// samples. Lines may have lost their trailing blanks.
//
//	0–9 NIC number (0 is the class)  10–18 ORI  19–26 date of record  27–36 plate  37–38 state  39–42 registration year
//	43–44 plate type  45–48 vehicle year  49–52 make  53–55 model  56–57 style  58– colour

// looksNCIC reports whether a line can be a row of the extract: a class letter, nine characters of the NIC number, a date.
func looksNCIC(line string) bool {
	if len(line) < 28 || line[0] < 'A' || line[0] > 'Z' {
		return false
	}
	for i := 1; i < 10; i++ {
		if line[i] < '0' || line[i] > '9' {
			return false
		}
	}
	for i := 19; i < 27; i++ {
		if line[i] < '0' || line[i] > '9' {
			return false
		}
	}
	return true
}

// fixed reads the extract's rows. A first line that can only be a row is one: a header may be missing, a plate must not.
func (p *parser) fixed(l *lines, first string, number int) error {
	if looksNCIC(first) {
		p.fixedRow(first, number)
	}
	seen := 0
	for {
		line, number, long, err := l.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", p.file, err)
		}
		if long {
			p.report.Rows++
			p.report.reject(p.file, number, LongRow)
			continue
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		seen++
		p.fixedRow(line, number)
	}
}

func (p *parser) fixedRow(line string, number int) {
	// One column is one character; only a line with letters beyond ASCII needs more than slicing bytes.
	var runes []rune
	n := len(line)
	if n != utf8.RuneCountInString(line) {
		runes = []rune(line)
		n = len(runes)
	}
	field := func(from, to int) string {
		if from >= n {
			return ""
		}
		to = min(to, n)
		if runes != nil {
			return strings.TrimSpace(string(runes[from:to]))
		}
		return strings.TrimSpace(line[from:to])
	}
	bad := func(why Reason) {
		p.report.Rows++
		p.report.reject(p.file, number, why)
	}
	if n <= 27 {
		bad(ShortRow)
		return
	}
	if strings.Contains(strings.ToUpper(line), "CALIBRAT") {
		bad(Calibration)
		return
	}
	class, ok := classOfLetter(line[0])
	if !ok {
		bad(UnknownClass)
		return
	}
	r := row{
		line: number, ncic: true, class: class, id: field(0, 10), entered: field(19, 27), plate: field(27, 37), state: field(37, 39),
		year: field(45, 49), make: field(49, 53), model: field(53, 56), colour: field(58, n),
	}
	// The date's columns hold YYYYMMDD and nothing else; O for 0 happens there too.
	r.entered = strings.ReplaceAll(r.entered, "O", "0")
	if d := strings.Trim(r.entered, "0"); d != "" && len(r.entered) != 8 {
		bad(BadDate)
		return
	}
	if ori := field(10, 19); ori != "" {
		r.reason = "NCIC record of " + ori
	}
	p.add(r)
}
