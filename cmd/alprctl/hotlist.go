package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // laptops without a time-zone database

	"github.com/spf13/cobra"

	"alprd/internal/hotlist"
)

func hotlistCommand() *cobra.Command {
	c := &cobra.Command{Use: "hotlist", Short: "Publish hot lists to units, or look at one before"}
	c.AddCommand(hotlistPublishCommand(), hotlistPreviewCommand())
	return c
}

// source is the list files, and how to read them.
type source struct {
	format     string
	enable     []string
	drop       []string
	class      string
	zone       string
	maxRejects string
	rejects    string
}

func (s *source) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&s.format, "format", "auto", "layout of the files: auto, csv or ncic")
	f.StringSliceVar(&s.enable, "enable-class", nil, "restricted NCIC classes to load (C, H, K, L, T, X, N), where the agency decided so")
	f.StringSliceVar(&s.drop, "drop-class", nil, "categories to leave out")
	f.StringVar(&s.class, "class", "other", "category of rows that name none")
	f.StringVar(&s.zone, "timezone", "America/New_York", "where days without a time begin and end")
	f.StringVar(&s.rejects, "rejects", "", "write file, line, reason and field of each row that can't be loaded into this CSV file; no plates")
	f.StringVar(&s.maxRejects, "max-rejects", "1%", "refuse the list when more of its rows can't be loaded")
}

// read reads all files into one builder.
func (s *source) read(files []string, now time.Time) (*hotlist.Builder, float64, error) {
	limit, err := share(s.maxRejects)
	if err != nil {
		return nil, 0, usageError{err, "alprctl hotlist"}
	}
	zone, err := time.LoadLocation(s.zone)
	if err != nil {
		return nil, 0, hinted{fmt.Errorf("there is no time zone %q", s.zone), "write a name like America/New_York or UTC"}
	}
	format := hotlist.Format(s.format)
	switch format {
	case hotlist.Auto, hotlist.Delimited, hotlist.NCIC:
	default:
		return nil, 0, usageError{fmt.Errorf("--format %s is neither auto, csv nor ncic", s.format), "alprctl hotlist"}
	}
	b, err := hotlist.NewBuilder(hotlist.Options{Format: format, Enable: s.enable, Drop: s.drop, Class: s.class, Zone: zone, Now: now})
	if err != nil {
		return nil, 0, err
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, 0, fmt.Errorf("open the list: %w", err)
		}
		err = b.Read(filepath.Base(name), f)
		f.Close()
		if err != nil {
			return nil, 0, err
		}
	}
	if s.rejects != "" {
		return b, limit, s.tell(b)
	}
	return b, limit, nil
}

// tell writes the rows that can't be loaded.
func (s *source) tell(b *hotlist.Builder) error {
	report, err := b.Report()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.Write([]string{"file", "line", "reason", "field"})
	for _, r := range report.Bad {
		w.Write([]string{r.File, strconv.Itoa(r.Line), string(r.Reason), r.Field})
	}
	w.Flush() // into memory: can't fail
	if err := os.WriteFile(s.rejects, out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the rejects: %w", err)
	}
	return nil
}

// share reads 1% or 0.01.
func share(s string) (float64, error) {
	number, isPercent := strings.CutSuffix(strings.TrimSpace(s), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if isPercent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v <= 1) {
		return 0, fmt.Errorf("--max-rejects %s is no share between 0%% and 100%%", s)
	}
	return v, nil
}

func hotlistPreviewCommand() *cobra.Command {
	var src source
	var show, asJSON bool
	var sample string
	c := &cobra.Command{
		Use:   "preview FILE…",
		Short: "Show what publishing would load, and what it would refuse; no plates unless --show",
		Long: `Show what publishing would load, and what it would refuse; no plates unless --show.

With --sample, reads of a unit (alprd read --json --posteriors) are matched against the list: how many alerts each threshold would have
raised, and which entries reads of other plates come near to. Choose hotlists threshold of the units' configuration by looking at that.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, files []string) error {
			b, limit, err := src.read(files, time.Now())
			if err != nil {
				return err
			}
			report, err := b.Report()
			if err != nil {
				return err
			}
			p := preview{Report: report}
			p.LookAlike, p.Shared = b.Alike()
			refusal := b.Refusal(limit)
			if refusal != nil {
				p.Refused = refusal.Error()
			}
			if sample != "" {
				w, err := tryOut(b, sample, time.Now())
				if err != nil {
					return err
				}
				p.Sample = &w
			}
			switch {
			case asJSON && show:
				p.List = rows(b)
				err = printJSON(c.OutOrStdout(), p)
			case asJSON:
				err = printJSON(c.OutOrStdout(), p)
			default:
				printReport(c.OutOrStdout(), report)
				fmt.Fprintf(c.OutOrStdout(), "look-alikes  %d plates differ from another listed plate by look-alike characters only (0ODQ 1I 2Z 5S 6G 8B)\n", p.LookAlike)
				fmt.Fprintf(c.OutOrStdout(), "shared       %d plates stand under several states, classes or records\n", p.Shared)
				if p.Sample != nil {
					p.Sample.print(c.OutOrStdout())
				}
				if show {
					printRows(c.OutOrStdout(), rows(b))
				}
			}
			return errors.Join(err, refusal)
		},
	}
	src.flags(c)
	c.Flags().StringVar(&sample, "sample", "", "reads to try the list on: a file of alprd read --json --posteriors")
	c.Flags().BoolVar(&show, "show", false, "list the entries with their plates")
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return c
}
