package hotlist

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// column is what a column means.
type column int

const (
	ignored column = iota
	colPlate
	colState
	colCategory
	colEffective
	colExpires
	colPriority
	colMake
	colModel
	colColour
	colYear
	colReason
	colInstructions
	colID
	colEntered
	colOperator
	columns // how many there are
)

// names are the columns' names in lists of the field, in lower case without anything but letters and digits.
var names = map[string]column{
	"plate": colPlate, "platenumber": colPlate, "plateno": colPlate, "licenseplate": colPlate, "licenceplate": colPlate, "licenseplatenumber": colPlate,
	"lpn": colPlate, "lp": colPlate, "lic": colPlate, "tag": colPlate, "tagnumber": colPlate, "hotplate": colPlate, "registration": colPlate, "plateread": colPlate,
	"state": colState, "stateprovince": colState, "province": colState, "platestate": colState, "licensestate": colState, "region": colState, "lis": colState, "tagstate": colState,
	"category": colCategory, "class": colCategory, "type": colCategory, "alert": colCategory, "alerttype": colCategory, "hotlistcategory": colCategory,
	"effective": colEffective, "effectivedate": colEffective, "start": colEffective, "startdate": colEffective, "validfrom": colEffective, "from": colEffective,
	"expires": colExpires, "expiry": colExpires, "expirydate": colExpires, "expiration": colExpires, "expirationdate": colExpires, "end": colExpires,
	"enddate": colExpires, "validuntil": colExpires, "validto": colExpires, "until": colExpires, "expiresat": colExpires,
	"priority": colPriority,
	"make":     colMake, "vehiclemake": colMake, "vma": colMake,
	"model": colModel, "vehiclemodel": colModel, "vmo": colModel,
	"colour": colColour, "color": colColour, "vehiclecolor": colColour, "vehiclecolour": colColour, "vco": colColour,
	"year": colYear, "vehicleyear": colYear, "vyr": colYear,
	"reason": colReason, "description": colReason, "notes": colReason, "note": colReason, "comment": colReason, "comments": colReason, "remarks": colReason,
	"instructions": colInstructions, "instruction": colInstructions, "action": colInstructions,
	"id": colID, "entryid": colID, "nic": colID, "nicnumber": colID, "recordid": colID,
	"entered": colEntered, "enteredat": colEntered, "entereddate": colEntered, "dateofrecord": colEntered, "created": colEntered, "createdat": colEntered,
	"operator": colOperator, "enteredby": colOperator,
}

// table is how a delimited list is laid out.
type table struct {
	comma   byte
	columns []column
	ignored []string
	header  bool // the first line names the columns
}

// sniff tells a delimited list's layout from its first line: a header that names a plate column, or, where there is no
// header, category;plate and at most two dates.
func sniff(line string) (table, bool) {
	var best table
	found := 0
	for _, comma := range []byte{',', ';', '\t', '|'} {
		fields, _, ok := split(line, comma)
		if !ok {
			continue
		}
		t, plates, n := table{comma: comma, header: true}, 0, 0
		used := [columns]bool{}
		for _, f := range fields {
			c := names[strings.ReplaceAll(normal(f), " ", "")]
			if used[c] && c != ignored {
				c = ignored // the first of two columns of one meaning counts
			}
			used[c] = true
			t.columns = append(t.columns, c)
			switch c {
			case ignored:
				if f != "" {
					t.ignored = append(t.ignored, clip(tidy(f), maxShort))
				}
			case colPlate:
				plates++
				n++
			default:
				n++
			}
		}
		if plates == 1 && n > found {
			best, found = t, n
		}
	}
	if found > 0 {
		return best, true
	}
	fields, _, ok := split(line, ';')
	if ok && len(fields) >= 2 && len(fields) <= 4 && fields[0] != "" {
		if _, why := plate(fields[1]); why == "" {
			return table{comma: ';', columns: []column{colCategory, colPlate, colEffective, colExpires}}, true
		}
	}
	return table{}, false
}

// maxQuoted is how many lines one row with quoted line ends may take. A stray quote spoils its own line, not the file.
const maxQuoted = 20

func (p *parser) delimited(l *lines, t table, first string, number int) error {
	p.report.Ignored = append(p.report.Ignored, t.ignored...)
	var pending []queued // lines read ahead for a quote that never closed
	if !t.header {
		pending = append(pending, queued{first, number, false})
	}
	next := func() (queued, error) {
		if len(pending) > 0 {
			q := pending[0]
			pending = pending[1:]
			return q, nil
		}
		text, n, long, err := l.next()
		return queued{text, n, long}, err
	}
	for {
		q, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", p.file, err)
		}
		if q.long {
			p.report.Rows++
			p.report.reject(p.file, q.number, LongRow)
			continue
		}
		if strings.TrimSpace(q.text) == "" {
			continue
		}
		fields, closed, ok := split(q.text, t.comma)
		if !closed {
			text, ahead := q.text, []queued(nil)
			for len(ahead) < maxQuoted-1 && !closed && len(text) < maxLine {
				more, err := next()
				if err != nil {
					break // the end, or what the next round will say again
				}
				ahead = append(ahead, more)
				if more.long {
					break
				}
				text += "\n" + more.text
				fields, closed, ok = split(text, t.comma)
			}
			if !closed || !ok || len(fields) > len(t.columns) || spread(t, fields) {
				pending = append(ahead, pending...)
				ok = false
			}
		}
		if !ok {
			p.report.Rows++
			p.report.reject(p.file, q.number, BrokenQuotes)
			continue
		}
		p.named(t, fields, q.number)
	}
}

// spread reports whether a field that can't hold a line end does: then a stray quote has swallowed the next rows.
func spread(t table, fields []string) bool {
	for i, f := range fields {
		switch t.columns[i] {
		case colReason, colInstructions, ignored:
		default:
			if strings.Contains(f, "\n") {
				return true
			}
		}
	}
	return false
}

type queued struct {
	text   string
	number int
	long   bool
}

func (p *parser) named(t table, fields []string, number int) {
	if len(fields) > len(t.columns) {
		for _, f := range fields[len(t.columns):] {
			if f != "" {
				p.report.Rows++
				p.report.reject(p.file, number, WrongColumns)
				return
			}
		}
		fields = fields[:len(t.columns)]
	}
	var v [columns]string
	for i, f := range fields {
		v[t.columns[i]] = f
	}
	category := v[colCategory]
	if strings.TrimSpace(category) == "" {
		category = p.Class
	}
	if trafficOnly(category) && !p.dropped[normal(category)] {
		p.traffic[strings.TrimSpace(category)]++
	}
	r := row{
		line: number, class: classOfWords(category), plate: v[colPlate], state: v[colState], id: v[colID], priority: v[colPriority],
		make: v[colMake], model: v[colModel], colour: v[colColour], year: v[colYear], reason: v[colReason], instructions: v[colInstructions],
		operator: v[colOperator], entered: v[colEntered], effective: v[colEffective], expires: v[colExpires],
	}
	if strings.Contains(strings.ToUpper(r.reason+category), "CALIBRAT") {
		p.report.Rows++
		p.report.reject(p.file, number, Calibration)
		return
	}
	p.add(r)
}
