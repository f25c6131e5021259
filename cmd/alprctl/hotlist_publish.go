package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"alprd/internal/hotlist"
	"alprd/internal/trust"
)

// publication is what `hotlist publish` was asked to do.
type publication struct {
	src            source
	fleet          string
	list           string
	from           string
	units          []string
	key            string
	passphraseFile string
	to             string
	version        uint64
	staleAfter     time.Duration
	snapshot       bool
	dry, force     bool
	json           bool
}

func hotlistPublishCommand() *cobra.Command {
	var p publication
	c := &cobra.Command{
		Use:   "publish --fleet NAME --list NAME --source WHO --key FILE --units FILE|DIR --to DIR FILE…",
		Short: "Make a signed, sealed package of list files that units take over",
		Long: `Make a signed, sealed package of list files: NCIC extracts (fixed width), or delimited text with named columns
(plate,state,category,effective,expires,priority,make,colour,reason,instructions in any order); plain, gzip or zstd.

Rows that can't be loaded are counted by reason; above --max-rejects the list is refused whole. Restricted classes stay out
unless enabled; categories that serve traffic enforcement are refused. A list that shrinks or grows by more than a third is
refused without --force.

Only the units whose keys are given with --units can open the package, and you with your own key. DIR holds one list: publishing
again replaces it, with a small delta where little has changed. Copy DIR to a unit and run there: alprd hotlist import DIR`,
		Example: "  alprctl hotlist publish --fleet kpd --list ncic --source \"NC SBI\" --key nc-sbi.key --units units/ --to package/ extract.txt",
		Args:    cobra.MinimumNArgs(1),
		RunE:    func(c *cobra.Command, files []string) error { return p.run(c, files) },
	}
	p.src.flags(c)
	f := c.Flags()
	f.StringVar(&p.fleet, "fleet", "", "whose units it is for: unit.fleet of their configuration")
	f.StringVar(&p.list, "list", "", "the list's name, as the units' configuration has it")
	f.StringVar(&p.from, "source", "", "who publishes it, for example \"NC SBI\"")
	f.StringVar(&p.key, "key", "", "the publisher's private key file")
	f.StringVar(&p.passphraseFile, "passphrase-file", "", "read the key's passphrase from the first line of this file")
	f.StringSliceVar(&p.units, "units", nil, "key files of the units that may open it, as alprd keys prints them, or folders of such files (*.unit)")
	f.StringVar(&p.to, "to", "", "directory for the package")
	f.Uint64Var(&p.version, "version", 0, "version number, above the one before (default: seconds since 1970)")
	f.DurationVar(&p.staleAfter, "stale-after", 24*time.Hour, "how long the list can be relied on; then units mark its alerts stale, and go on")
	f.BoolVar(&p.snapshot, "snapshot", false, "send the whole list under a new key, even where a delta would do")
	f.BoolVar(&p.dry, "dry-run", false, "only say what would change")
	f.BoolVar(&p.force, "force", false, "publish although the list shrinks or grows by more than a third")
	f.BoolVar(&p.json, "json", false, "print the outcome as JSON")
	for _, name := range []string{"fleet", "list", "source", "key", "units", "to"} {
		c.MarkFlagRequired(name)
	}
	return c
}

// published is the outcome as JSON.
type published struct {
	Fleet   string          `json:"fleet"`
	List    string          `json:"list"`
	Source  string          `json:"source"`
	Version uint64          `json:"version"`
	Entries int             `json:"entries"`
	Units   int             `json:"units"`
	Bytes   int             `json:"bytes"`  // of all chunks
	Fresh   int             `json:"fresh"`  // of those that units don't have yet
	Chunks  int             `json:"chunks"` // in number
	Delta   bool            `json:"delta"`
	DryRun  bool            `json:"dry_run"`
	Key     string          `json:"key_fingerprint"`
	Changes hotlist.Changes `json:"changes"`
	Report  hotlist.Report  `json:"report"`
}

func (p *publication) run(c *cobra.Command, files []string) error {
	now := time.Now()
	b, limit, err := p.src.read(files, now)
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
	units, err := readUnits(p.units)
	if err != nil {
		return err
	}
	private, err := openKey(c, p.key, p.passphraseFile)
	if err != nil {
		return err
	}
	before, err := previous(p.to, private)
	if err != nil {
		return err
	}
	changes, err := b.Changes(before)
	if err != nil {
		return hinted{fmt.Errorf("the package that is there: %w", err), "publish into an empty directory"}
	}
	steep := func() error {
		if !changes.Steep() || p.force {
			return nil
		}
		return hinted{fmt.Errorf("the list would go from %d to %d entries: more than a third", changes.Before, changes.After), "if that is right, publish with --force"}
	}
	if p.dry && !p.json {
		printReport(c.OutOrStdout(), report)
		printChanges(c.OutOrStdout(), changes)
		return steep()
	}
	if err := steep(); err != nil && !p.dry {
		return err
	}
	bundle, err := b.Publish(hotlist.Identity{Fleet: p.fleet, List: p.list, Source: p.from, Version: p.version, BuiltAt: now, StaleAfter: p.staleAfter,
		Units: units, Previous: before, Whole: p.snapshot, MaxRejects: limit}, private)
	if err != nil {
		return err
	}
	m := bundle.Manifest
	out := published{Fleet: m.Fleet, List: m.List, Source: m.Source, Version: m.Version, Entries: m.Count, Units: len(m.Units), Fresh: bundle.Fresh, Chunks: len(bundle.Chunks),
		Delta: len(m.Parts) > 1, DryRun: p.dry, Key: private.Public().Fingerprint(), Changes: changes, Report: report}
	for _, b := range bundle.Chunks {
		out.Bytes += len(b)
	}
	if !p.dry {
		if err := bundle.Write(p.to); err != nil {
			return err
		}
	}
	if p.json {
		return errors.Join(printJSON(c.OutOrStdout(), out), steep())
	}
	printReport(c.OutOrStdout(), report)
	printChanges(c.OutOrStdout(), changes)
	kind := "a snapshot"
	if out.Delta {
		kind = "a delta"
	}
	fmt.Fprintf(c.OutOrStdout(), "published    list %s, version %d, %d entries for %d units of %s: %s of %s, %s in all\n             signed by %s\n             %s\n",
		m.List, m.Version, m.Count, out.Units, m.Fleet, kind, bytesText(out.Fresh), bytesText(out.Bytes), out.Key, p.to)
	return nil
}

// previous is the package in a directory, opened with the publisher's own key; nil when there is none.
func previous(dir string, key trust.PrivateKey) (*hotlist.Package, error) {
	if _, err := os.Stat(filepath.Join(dir, hotlist.ManifestName)); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	p, err := hotlist.Open(os.DirFS(dir), key.Public())
	if err == nil {
		err = p.UnlockOwn(key)
	}
	if err != nil {
		return nil, hinted{fmt.Errorf("the package that lies in the directory: %w", err), "publish into an empty directory if the publisher's key has changed; units must then be given the new one"}
	}
	return p, nil
}

// readUnits reads the units' key files: *.unit of each folder, and files as they are named.
func readUnits(names []string) ([]trust.Recipient, error) {
	var out []trust.Recipient
	for _, name := range names {
		list := []string{name}
		if st, err := os.Stat(name); err == nil && st.IsDir() {
			if list, err = filepath.Glob(filepath.Join(name, "*.unit")); err != nil {
				return nil, fmt.Errorf("look for units' keys: %w", err)
			}
			slices.Sort(list)
		}
		for _, file := range list {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, hinted{fmt.Errorf("read a unit's key: %w", err), "on each unit, alprd keys prints its key file"}
			}
			r, err := trust.ParseRecipient(text)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
			}
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return nil, hinted{errors.New("there is no unit that may open the list"), "give --units the key files of the units: on each, alprd keys > NAME.unit"}
	}
	return out, nil
}

// printChanges says what publishing does to the list before.
func printChanges(w io.Writer, c hotlist.Changes) {
	if c.Before == 0 {
		fmt.Fprintf(w, "changes      %d entries added; there was no list before\n", c.Added)
		return
	}
	fmt.Fprintf(w, "changes      %d added, %d removed, %d changed; from %d to %d entries\n", c.Added, c.Removed, c.Changed, c.Before, c.After)
	if c.Steep() {
		fmt.Fprintf(w, "WARNING      the list shrinks or grows by more than a third\n")
	}
}
