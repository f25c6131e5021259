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
	"alprd/internal/uplink"
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
	broker         uplink.Broker
	prefix         string
	version        uint64
	staleAfter     time.Duration
	snapshot       bool
	dry, force     bool
	json           bool
}

func hotlistPublishCommand() *cobra.Command {
	p := publication{broker: uplink.Broker{Settings: "--", KeySetting: "cert-key"}}
	c := &cobra.Command{
		Use:   "publish --fleet NAME --list NAME --source WHO --key FILE --units FILE|DIR (--broker ssl://HOST:8883 … | --to DIR) FILE…",
		Short: "Make a signed, sealed package of list files, and send it to the units",
		Long: `Make a signed, sealed package of list files: NCIC extracts (fixed width), or delimited text with named columns
(plate,state,category,effective,expires,priority,make,colour,reason,instructions in any order); plain, gzip or zstd.

Rows that can't be loaded are counted by reason; above --max-rejects the list is refused whole. Restricted classes stay out
unless enabled; categories that serve traffic enforcement are refused. A list that shrinks or grows by more than a third is
refused without --force.

Only the units whose keys are given with --units can open the package, and you with your own key: neither the broker nor who
finds DIR can. The broker keeps the package for units that are away, until the next one supersedes it; publishing again sends a small
delta where little has changed. For units without a link, --to writes the same package: copy DIR to a unit and run there
alprd hotlist import DIR. DIR holds one list.`,
		Example: "  alprctl hotlist publish --fleet kpd --list ncic --source \"NC SBI\" --key nc-sbi.key --units units/ \\\n    --broker ssl://broker.agency.example:8883 --ca ca.pem --cert desk.pem --cert-key desk.key extract.txt",
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
	f.StringVar(&p.broker.URL, "broker", "", "the broker, ssl://HOST:8883")
	f.StringVar(&p.broker.CA, "ca", "", "PEM file of the CA that issued the broker's certificate")
	f.StringVar(&p.broker.Cert, "cert", "", "PEM file of your certificate for the broker")
	f.StringVar(&p.broker.Key, "cert-key", "", "PEM file of its key")
	f.StringVar(&p.prefix, "prefix", uplink.DefaultPrefix, "what all topics begin with")
	f.Uint64Var(&p.version, "version", 0, "version number, above the one before (default: seconds since 1970, or one more than before)")
	f.DurationVar(&p.staleAfter, "stale-after", 24*time.Hour, "how long the list can be relied on; then units mark its alerts stale, and go on")
	f.BoolVar(&p.snapshot, "snapshot", false, "send the whole list under a new key, even where a delta would do")
	f.BoolVar(&p.dry, "dry-run", false, "only say what would change")
	f.BoolVar(&p.force, "force", false, "publish although the list shrinks or grows by more than a third")
	f.BoolVar(&p.json, "json", false, "print the outcome as JSON")
	for _, name := range []string{"fleet", "list", "source", "key", "units"} {
		c.MarkFlagRequired(name)
	}
	c.MarkFlagsOneRequired("broker", "to")
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
	var post *posting
	var before *hotlist.Package
	if p.broker.URL != "" {
		if post, err = p.open(c.Context(), private); err != nil {
			return err
		}
		defer post.desk.Close()
		before = post.before
	} else if before, err = previous(p.to, private); err != nil {
		return err
	}
	changes, err := b.Changes(before)
	if err != nil && p.snapshot { // what is there is damaged: how much it held is all that can be told
		changes, err = hotlist.Changes{Before: before.Manifest().Count, After: report.Entries}, nil
	}
	if err != nil {
		return hinted{fmt.Errorf("the package that is there: %w", err), "publish with --snapshot"}
	}
	steep := func() error {
		if !changes.Steep() || p.force {
			return nil
		}
		return hinted{fmt.Errorf("the list would go from %d to %d entries: more than a third", changes.Before, changes.After), "if that is right, publish with --force"}
	}
	if err := steep(); err != nil && !p.dry {
		return err
	}
	bundle, err := b.Publish(hotlist.Identity{Fleet: p.fleet, List: p.list, Source: p.from, Version: p.version, BuiltAt: now, StaleAfter: p.staleAfter,
		Units: units, Previous: before, Whole: p.snapshot, MaxRejects: limit}, private)
	if err != nil {
		return err
	}
	if !p.dry && p.to != "" {
		if err := bundle.Write(p.to); err != nil {
			return err
		}
	}
	if !p.dry && post != nil {
		if err := post.send(bundle); err != nil {
			return err
		}
	}
	return errors.Join(p.print(c.OutOrStdout(), bundle, private.Public(), changes, report), steep())
}

func (p *publication) print(w io.Writer, bundle *hotlist.Bundle, key trust.PublicKey, changes hotlist.Changes, report hotlist.Report) error {
	m := bundle.Manifest
	out := published{Fleet: m.Fleet, List: m.List, Source: m.Source, Version: m.Version, Entries: m.Count, Units: len(m.Units), Fresh: bundle.Fresh, Chunks: len(bundle.Chunks),
		Delta: len(m.Parts) > 1, DryRun: p.dry, Key: key.Fingerprint(), Changes: changes, Report: report}
	for _, b := range bundle.Chunks {
		out.Bytes += len(b)
	}
	if p.json {
		return printJSON(w, out)
	}
	printReport(w, report)
	printChanges(w, changes)
	done, kind := "published   ", "a snapshot"
	if p.dry {
		done = "would publish"
	}
	if out.Delta {
		kind = "a delta"
	}
	fmt.Fprintf(w, "%s list %s, version %d, %d entries for %d units of %s: %s of %s, %s in all\n             signed by %s\n",
		done, m.List, m.Version, m.Count, out.Units, m.Fleet, kind, bytesText(out.Fresh), bytesText(out.Bytes), out.Key)
	for _, place := range []string{p.broker.URL, p.to} {
		if place != "" {
			fmt.Fprintf(w, "             %s\n", place)
		}
	}
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
