package main

import (
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
}

func (s *source) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&s.format, "format", "auto", "layout of the files: auto, csv or ncic")
	f.StringSliceVar(&s.enable, "enable-class", nil, "restricted NCIC classes to load (C, H, K, L, T, X, N), where the agency decided so")
	f.StringSliceVar(&s.drop, "drop-class", nil, "categories to leave out")
	f.StringVar(&s.class, "class", "other", "category of rows that name none")
	f.StringVar(&s.zone, "timezone", "America/New_York", "where days without a time begin and end")
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
	return b, limit, nil
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

func hotlistPublishCommand() *cobra.Command {
	var src source
	var list, from, key, to, passphraseFile string
	var version uint64
	var asJSON bool
	c := &cobra.Command{
		Use:   "publish --list NAME --source WHO --key FILE --to DIR FILE…",
		Short: "Make a signed package of list files that units take over",
		Long: `Make a signed package of list files: NCIC extracts (fixed width), or delimited text with named columns
(plate,state,category,effective,expires,priority,make,colour,reason,instructions in any order).

Rows that can't be loaded are counted by reason; above --max-rejects the list is refused whole. Restricted classes stay out
unless enabled; categories that serve traffic enforcement are refused. DIR holds one list: publishing again replaces it.
Copy DIR to a unit and run there: alprd hotlist import DIR`,
		Example: "  alprctl hotlist publish --list ncic --source \"NC SBI\" --key nc-sbi.key --to package/ extract.txt",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, files []string) error {
			now := time.Now()
			b, limit, err := src.read(files, now)
			if err != nil {
				return err
			}
			previous, err := hotlist.ReadPrevious(to)
			if err != nil {
				return err
			}
			// What the list itself is refused for is said before anyone types a passphrase.
			report, err := b.Report()
			if err != nil {
				return err
			}
			if err := b.Refusal(limit); err != nil {
				return err
			}
			private, err := openKey(c, key, passphraseFile)
			if err != nil {
				return err
			}
			bundle, err := b.Publish(hotlist.Identity{List: list, Source: from, Version: version, BuiltAt: now, Previous: previous, MaxRejects: limit}, private)
			if err != nil {
				return err
			}
			if err := bundle.Write(to); err != nil {
				return err
			}
			var size int
			for _, b := range bundle.Chunks {
				size += len(b)
			}
			m := bundle.Manifest
			if asJSON {
				return printJSON(c.OutOrStdout(), published{m.List, m.Source, m.Version, m.Count, size, len(m.Chunks), private.Public().Fingerprint(), report})
			}
			printReport(c.OutOrStdout(), report)
			fmt.Fprintf(c.OutOrStdout(), "published    list %s, version %d, %d entries, %s in %d chunks, signed by %s\n             %s\n",
				m.List, m.Version, m.Count, bytesText(size), len(m.Chunks), private.Public().Fingerprint(), to)
			return nil
		},
	}
	src.flags(c)
	f := c.Flags()
	f.StringVar(&list, "list", "", "the list's name, as the units' configuration has it")
	f.StringVar(&from, "source", "", "who publishes it, for example \"NC SBI\"")
	f.StringVar(&key, "key", "", "the publisher's private key file")
	f.StringVar(&to, "to", "", "directory for the package")
	f.StringVar(&passphraseFile, "passphrase-file", "", "read the key's passphrase from the first line of this file")
	f.Uint64Var(&version, "version", 0, "version number, above the one before (default: seconds since 1970)")
	f.BoolVar(&asJSON, "json", false, "print the outcome as JSON")
	for _, name := range []string{"list", "source", "key", "to"} {
		c.MarkFlagRequired(name)
	}
	return c
}

// published is the outcome as JSON.
type published struct {
	List    string         `json:"list"`
	Source  string         `json:"source"`
	Version uint64         `json:"version"`
	Entries int            `json:"entries"`
	Bytes   int            `json:"bytes"`
	Chunks  int            `json:"chunks"`
	Key     string         `json:"key_fingerprint"`
	Report  hotlist.Report `json:"report"`
}

func hotlistPreviewCommand() *cobra.Command {
	var src source
	var show, asJSON bool
	c := &cobra.Command{
		Use:   "preview FILE…",
		Short: "Show what publishing would load, and what it would refuse; no plates unless --show",
		Args:  cobra.MinimumNArgs(1),
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
				if show {
					printRows(c.OutOrStdout(), rows(b))
				}
			}
			return errors.Join(err, refusal)
		},
	}
	src.flags(c)
	c.Flags().BoolVar(&show, "show", false, "list the entries with their plates")
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return c
}
