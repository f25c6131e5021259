package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"alprd/internal/alpr"
	"alprd/internal/custody"
	"alprd/internal/hotlist"
)

func entryCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "entry",
		Short: "Have a unit look for a plate at once, and end that",
		Long: `Have a unit look for a plate at once, and end that.

Each of these is a command signed with your key, which the agency's root vouches for (alprctl trust). A unit obeys it once, records who,
when and what for, and answers you alone.`,
	}
	c.AddCommand(entryAddCommand(), entryExtendCommand(), entryRemoveCommand(), entryListCommand())
	return c
}

func entryAddCommand() *cobra.Command {
	var m commander
	var a custody.Add
	var state, lasts, past, approval string
	var covert bool
	c := &cobra.Command{
		Use:   "add --unit ADDRESS --key FILE --purpose WORD --reason TEXT PLATE",
		Short: "Enter a plate by hand: it alerts from now on, for 30 days at most",
		Long: `Enter a plate by hand: it alerts from now on, for 30 days at most.

In PLATE, ? stands for one character that nobody saw, * for any number of them; two such at most, with three characters known. Give - for PLATE to write it on standard input, so that it
doesn't stay in the shell's history. With --past the unit also searches what it has seen, as a query: that takes the role
investigator or administrator, and a case.`,
		Example: "  alprctl entry add --unit unix:/run/alprd/alprd.sock --key ada.key --purpose stolen_vehicle --reason \"taken from Queen St\" --state NC ABC1234",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			a.Plate = args[0]
			if a.Plate == "-" {
				line, err := bufio.NewReader(io.LimitReader(c.InOrStdin(), 1<<10)).ReadString('\n')
				if err != nil && err != io.EOF {
					return fmt.Errorf("read the plate: %w", err)
				}
				a.Plate = strings.TrimSpace(line)
			}
			var ok bool
			if a.Region, ok = hotlist.Region(state); !ok {
				return usageError{fmt.Errorf("--state %s is no state", state), c.CommandPath()}
			}
			word, priority := hotlist.Class(a.Class)
			a.Class = word
			if !c.Flags().Changed("priority") {
				a.Priority = priority
			}
			if covert || approval != "" {
				a.Covert = &custody.Covert{Approval: approval}
			}
			reply, err := m.send(c, custody.EntryAdd, func(issued time.Time) (any, error) {
				var err error
				if a.ExpiresAt, err = end(lasts, issued); err != nil || past == "" {
					return a, err
				}
				back, err := length(past)
				a.Past = &custody.Window{From: &alpr.Time{Time: issued.Add(-back)}}
				return a, err
			})
			if m.json && reply.Outcome != "" {
				return orJSON(c.OutOrStdout(), reply, err)
			}
			if err != nil && reply.Entry == nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "entry %s is in force at %s until %s\n", reply.Entry.ID, reply.Unit, reply.Entry.ExpiresAt.UTC().Format(time.RFC3339))
			if reply.Past != nil {
				return printPast(c.OutOrStdout(), *reply.Past)
			}
			return err
		},
	}
	m.flags(c)
	f := c.Flags()
	f.StringVar(&a.Reason, "reason", "", "why this plate is looked for")
	f.StringVar(&state, "state", "", "the plate's state, as NC; left out when unknown")
	f.StringVar(&a.Class, "class", "bolo", "stolen vehicle, stolen plate, wanted, felony, missing, amber, bolo, or a word of your own")
	f.IntVar(&a.Priority, "priority", 0, "0, the most urgent, to 100 (default: the class's)")
	f.StringVar(&a.Make, "make", "", "of the vehicle")
	f.StringVar(&a.Model, "model", "", "of the vehicle")
	f.StringVar(&a.Colour, "colour", "", "of the vehicle")
	f.StringVar(&a.Year, "year", "", "of the vehicle")
	f.StringVar(&a.Instructions, "instructions", "", "what whoever sees it should do")
	f.StringVar(&lasts, "for", "", "how long, as 12h or 7d (default and most: 30d)")
	f.BoolVar(&covert, "covert", false, "only administrators know of it, and its alerts go to a topic of their own; needs --approval and --case")
	f.StringVar(&approval, "approval", "", "reference of the written approval of a covert entry")
	f.StringVar(&past, "past", "", "also search what the unit has seen, this far back, as 72h or 30d")
	c.MarkFlagRequired("reason")
	return c
}

// end is when what lasts so long from its issue ends; nil leaves it to the rule.
func end(lasts string, issued time.Time) (*alpr.Time, error) {
	if lasts == "" {
		return nil, nil
	}
	d, err := length(lasts)
	return &alpr.Time{Time: issued.Add(d).Truncate(time.Millisecond)}, err
}

func entryExtendCommand() *cobra.Command {
	var m commander
	var e custody.Extend
	var lasts string
	c := &cobra.Command{
		Use:   "extend --unit ADDRESS --key FILE --purpose WORD --justification TEXT ENTRY",
		Short: "Lengthen an entry's life, up to 30 days from now",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			e.Entry = args[0]
			reply, err := m.send(c, custody.EntryExtend, func(issued time.Time) (any, error) {
				var err error
				e.ExpiresAt, err = end(lasts, issued)
				return e, err
			})
			if m.json && reply.Outcome != "" {
				return orJSON(c.OutOrStdout(), reply, err)
			}
			if err == nil {
				fmt.Fprintf(c.OutOrStdout(), "entry %s is in force at %s until %s\n", reply.Entry.ID, reply.Unit, reply.Entry.ExpiresAt.UTC().Format(time.RFC3339))
			}
			return err
		},
	}
	m.flags(c)
	c.Flags().StringVar(&e.Justification, "justification", "", "why it is still needed; it is kept with the entry")
	c.Flags().StringVar(&lasts, "for", "", "how long from now, as 12h or 7d (default and most: 30d)")
	c.MarkFlagRequired("justification")
	return c
}

func entryRemoveCommand() *cobra.Command {
	var m commander
	var r custody.Remove
	c := &cobra.Command{
		Use:   "remove --unit ADDRESS --key FILE --purpose WORD --reason TEXT ENTRY",
		Short: "End an entry: it alerts no more from that moment",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			r.Entry = args[0]
			reply, err := m.send(c, custody.EntryRemove, func(time.Time) (any, error) { return r, nil })
			if m.json && reply.Outcome != "" {
				return orJSON(c.OutOrStdout(), reply, err)
			}
			if err == nil {
				fmt.Fprintf(c.OutOrStdout(), "entry %s is removed from %s\n", r.Entry, reply.Unit)
			}
			return err
		},
	}
	m.flags(c)
	c.Flags().StringVar(&r.Reason, "reason", "", "why it is no longer needed")
	c.MarkFlagRequired("reason")
	return c
}

func entryListCommand() *cobra.Command {
	var m commander
	c := &cobra.Command{
		Use:   "list --unit ADDRESS --key FILE --purpose WORD",
		Short: "Show the entries in force; the unit records who looked, and what for",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			reply, err := m.send(c, custody.EntryList, func(time.Time) (any, error) { return custody.List{}, nil })
			if m.json && reply.Outcome != "" {
				return orJSON(c.OutOrStdout(), reply, err)
			}
			if err != nil {
				return err
			}
			t := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(t, "entry\tplate\tstate\tclass\tuntil\toperator\tcase\treason\t")
			for _, e := range reply.Entries {
				class := e.Class
				if e.Covert != nil {
					class += " COVERT (" + e.Covert.Approval + ")"
				}
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", e.ID, e.Plate, e.Region, class, e.ExpiresAt.UTC().Format(time.RFC3339), e.Operator.Name, e.Case, plain(e.Reason))
			}
			return t.Flush()
		},
	}
	m.flags(c)
	return c
}

// orJSON prints the unit's answer, and keeps the exit code of what it refused.
func orJSON(w io.Writer, r custody.Reply, err error) error {
	if e := printJSON(w, r); e != nil {
		return e
	}
	return err
}

func printPast(w io.Writer, p custody.PastAnswer) error {
	fmt.Fprintf(w, "seen before: %d of %d vehicle passes from %s to %s\n", len(p.Found)+p.Omitted, p.Searched, p.From.UTC().Format(time.RFC3339), p.To.UTC().Format(time.RFC3339))
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, s := range p.Found {
		state := "state unknown"
		if s.Region != nil {
			state = *s.Region
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%.2f\tdestroy by %s\t\n", s.At.UTC().Format(time.RFC3339), s.Camera, s.Text, state, s.How, s.Posterior, s.DestroyBy.UTC().Format(time.DateOnly))
	}
	if p.Omitted > 0 {
		fmt.Fprintf(t, "and %d older ones\n", p.Omitted)
	}
	return t.Flush()
}
