package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"alprd/internal/alpr"
	"alprd/internal/hotlist"
)

// defaultSocket is configs/alprd.yaml's.
const defaultSocket = "/run/alprd/alprd.sock"

// unitStatus is what `alprd status` shows: health, no plates.
type unitStatus struct {
	Unit      alpr.UnitName `json:"unit"`
	Birth     alpr.Birth    `json:"birth"`
	Health    alpr.Health   `json:"health"`
	Connected linkStatus    `json:"connected"`
	Retention string        `json:"retention"`
	Days      []dayStatus   `json:"days"`
}

type linkStatus struct {
	Prompt      bool   `json:"prompt"`
	Bulk        bool   `json:"bulk"`
	PromptError string `json:"prompt_error"`
	BulkError   string `json:"bulk_error"`
}

// dayStatus is one stored day and the end of its life.
type dayStatus struct {
	Day      string    `json:"day"`
	Reads    int       `json:"reads"`
	Bytes    int64     `json:"bytes"`
	ForgetBy alpr.Time `json:"forget_by"`
}

// imported is the outcome of an import: counts, never plates.
type imported struct {
	List     string    `json:"list"`
	Source   string    `json:"source"`
	Version  uint64    `json:"version"`
	BuiltAt  alpr.Time `json:"built_at"`
	Entries  int       `json:"entries"`
	Rejected int       `json:"rejected"`
	Active   bool      `json:"active"` // false after a dry run
	Ms       float64   `json:"ms"`

	Changes hotlist.Changes `json:"changes"` // of a dry run, against the list in force
}

func statusCommand() *cobra.Command {
	var socket string
	var asJSON bool
	c := &cobra.Command{
		Use:   "status",
		Short: "Health of the running daemon, no plates",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var s unitStatus
			if err := call(c.Context(), socket, http.MethodGet, "/status", nil, &s); err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), s)
			}
			return s.print(c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&socket, "socket", defaultSocket, "the daemon's socket")
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object")
	return c
}

func keysCommand() *cobra.Command {
	var socket string
	c := &cobra.Command{
		Use:   "keys",
		Short: "The unit's public key, to which its agency seals hot lists: a file for alprctl hotlist publish --units",
		Long: `The unit's public key, to which its agency seals hot lists. It was made at the unit's first start and its private half never leaves
the unit. Write it into a file, bring that to the publisher, and compare the fingerprint by telephone:

  alprd keys > kpd-pole-07.unit`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var text string
			if err := call(c.Context(), socket, http.MethodGet, "/key", nil, &text); err != nil {
				return err
			}
			_, err := io.WriteString(c.OutOrStdout(), text)
			return err
		},
	}
	c.Flags().StringVar(&socket, "socket", defaultSocket, "the daemon's socket")
	return c
}

func hotlistCommand() *cobra.Command {
	c := &cobra.Command{Use: "hotlist", Short: "Import a signed hot-list package, or show the lists in force", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return usageError{errors.New("hotlist needs import DIR or status"), c.CommandPath()}
		}}
	var socket string
	var asJSON, dry bool
	c.PersistentFlags().StringVar(&socket, "socket", defaultSocket, "the daemon's socket")
	c.PersistentFlags().BoolVar(&asJSON, "json", false, "one JSON object")
	imp := &cobra.Command{
		Use:   "import DIR",
		Short: "Check a signed package and make it the list in force",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			body, err := pack(args[0])
			if err != nil {
				return err
			}
			path := "/hotlists"
			if dry {
				path += "?dry_run"
			}
			var r imported
			if err := call(c.Context(), socket, http.MethodPost, path, body, &r); err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), r)
			}
			done := "is in force"
			if !r.Active {
				done = "would be accepted"
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s version %d %s: %d entries of %s, made %s; the publisher rejected %d rows\n",
				r.List, r.Version, done, r.Entries, r.Source, r.BuiltAt.UTC().Format(time.RFC3339), r.Rejected)
			if x := r.Changes; err == nil && x.Before > 0 {
				_, err = fmt.Fprintf(c.OutOrStdout(), "%d added, %d removed, %d changed; from %d to %d entries\n", x.Added, x.Removed, x.Changed, x.Before, x.After)
			}
			return err
		},
	}
	imp.Flags().BoolVar(&dry, "dry-run", false, "check only")
	status := &cobra.Command{
		Use:   "status",
		Short: "The lists in force and their age",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var lists []alpr.ListStatus
			if err := call(c.Context(), socket, http.MethodGet, "/hotlists", nil, &lists); err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), lists)
			}
			return printLists(c.OutOrStdout(), lists)
		},
	}
	c.AddCommand(imp, status)
	return c
}

func printJSON(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }

func printLists(w io.Writer, lists []alpr.ListStatus) error {
	if len(lists) == 0 {
		_, err := fmt.Fprintln(w, "no hot list is in force")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "list\tsource\tversion\tentries\trejected\tage\t")
	for _, l := range lists {
		age := (time.Duration(l.AgeS) * time.Second).String()
		if l.Stale {
			age += " STALE"
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%s\t\n", l.Name, l.Source, l.Version, l.Entries, l.Rejected, age)
	}
	return t.Flush()
}

func (s unitStatus) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "unit\t%s %s\n", s.Unit.ID, s.Unit.Site)
	fmt.Fprintf(t, "version\t%s, profile %s, keeps reads %s\n", s.Birth.Version, s.Birth.Profile, s.Retention)
	for _, c := range s.Health.Cameras {
		fmt.Fprintf(t, "camera %s\t%s, %.1f fps, %d frames, %d dropped, %d reconnects, %d passes, %d alerts %s\n",
			c.Name, c.State, c.FPS, c.Frames, c.Dropped, c.Reconnects, c.Passes, c.Alerts, c.Error)
	}
	link := func(on bool, err string) string {
		if on {
			return "connected"
		}
		return "not connected: " + err
	}
	fmt.Fprintf(t, "alerts\t%s; %d waiting\n", link(s.Connected.Prompt, s.Connected.PromptError), s.Health.Queue.Prompt.Count)
	fmt.Fprintf(t, "pictures\t%s; %d waiting\n", link(s.Connected.Bulk, s.Connected.BulkError), s.Health.Queue.Bulk.Count)
	fmt.Fprintf(t, "disk\t%s, %.1f GB free\n", s.Health.Disk.State, float64(s.Health.Disk.FreeBytes)/1e9)
	fmt.Fprintf(t, "clock\t%s\n", s.Health.Clock.Quality)
	for _, a := range s.Health.Alarms {
		fmt.Fprintf(t, "ALARM\t%s %s: %s (since %s)\n", a.Code, a.About, a.Text, a.Since.UTC().Format(time.RFC3339))
	}
	for _, d := range s.Days {
		fmt.Fprintf(t, "stored %s\t%d reads, %.1f MB, forgotten by %s\n", d.Day, d.Reads, float64(d.Bytes)/1e6, d.ForgetBy.UTC().Format(time.RFC3339))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return printLists(w, s.Health.Lists)
}
