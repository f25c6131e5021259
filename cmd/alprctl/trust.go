package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"alprd/internal/alpr"
	"alprd/internal/trust"
)

func trustCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "trust",
		Short: "Say for whom the agency vouches, and in which role",
		Long: `Say for whom the agency vouches, and in which role.

The agency's root is a key pair as any (alprctl keygen agency-root) that signs nothing but the roster: everybody who may command
units, with role and end date, 90 days at most. Its .pub file stands in each unit's configuration (trust.root); its .key file and
passphrase are kept away from everything else. Whoever isn't in the roster any more has no say from the moment a unit has the new one.`,
	}
	c.AddCommand(trustVouchCommand(), trustRemoveCommand(), trustListCommand(), trustSendCommand())
	return c
}

// rootFlags are what changing the roster needs.
type rootFlags struct{ root, roster, passphraseFile string }

func (r *rootFlags) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&r.root, "root", "", "the agency root's private key file")
	f.StringVar(&r.roster, "roster", "roster.jws", "the roster, which is replaced")
	f.StringVar(&r.passphraseFile, "passphrase-file", "", "read the root key's passphrase from the first line of this file")
	c.MarkFlagRequired("root")
}

// change replaces the roster by what next makes of it.
func (r *rootFlags) change(c *cobra.Command, next func(old trust.Roster, now time.Time) (trust.Roster, error)) (trust.Roster, error) {
	message, err := os.ReadFile(r.roster)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return trust.Roster{}, fmt.Errorf("read the roster: %w", err)
	}
	private, kerr := openKey(c, r.root, r.passphraseFile)
	if kerr != nil {
		return trust.Roster{}, kerr
	}
	old := trust.Roster{Format: 1, Members: []trust.Member{}}
	if err == nil {
		if old, err = trust.OpenRoster(message, private.Public()); err != nil {
			return old, err
		}
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	made, err := next(old, now)
	if err != nil {
		return made, err
	}
	made.IssuedAt = alpr.Time{Time: now}
	signed, err := made.Sign(private)
	if err != nil {
		return made, err
	}
	os.Remove(r.roster + ".new") // left by a crash
	if err := writeNew(r.roster+".new", signed, 0o644); err != nil {
		return made, fmt.Errorf("write the roster: %w", err)
	}
	if err := os.Rename(r.roster+".new", r.roster); err != nil {
		return made, fmt.Errorf("write the roster: %w", err)
	}
	fmt.Fprintf(c.OutOrStdout(), "roster   %s, version %d, %d members, signed by %s\nnext     alprctl trust send --unit unix:/run/alprd/alprd.sock %s\n", r.roster, made.Version, len(made.Members), private.Public().Fingerprint(), r.roster)
	return made, nil
}

func trustVouchCommand() *cobra.Command {
	var r rootFlags
	var key, name, role, agency string
	var days int
	var version uint64
	c := &cobra.Command{
		Use:   "vouch --root FILE --key PUB --name NAME --role ROLE --agency NAME",
		Short: "Vouch for somebody's key, or renew it",
		Long: `Vouch for somebody's key, or renew it.

Compare the key's fingerprint with its holder by telephone first. The roles: operator enters plates by hand; investigator also asks what was
seen; administrator also makes and sees covert entries; custodian preserves, exports and releases; auditor reads the record of
accesses; technician runs diagnostics and sees no plate; server is the agency's server.`,
		Example: "  alprctl trust vouch --root agency-root.key --key ada.pub --name \"Sgt. Ada Example\" --role operator --agency \"Kinston PD\"",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			text, err := os.ReadFile(key)
			if err != nil {
				return hinted{fmt.Errorf("read the key to vouch for: %w", err), "give the .pub file that alprctl keygen made for its holder"}
			}
			public, err := trust.ParsePublicKey(text)
			if err != nil {
				return err
			}
			var member trust.Member
			_, err = r.change(c, func(old trust.Roster, now time.Time) (trust.Roster, error) {
				if old.Agency == "" {
					old.Agency = agency
				}
				member = trust.Vouch(public, name, trust.Role(role), agency, now, now.Add(time.Duration(days)*24*time.Hour))
				next := old.With(member)
				if version != 0 && version < next.Version {
					return next, hinted{fmt.Errorf("version %d is not newer than the roster's, %d", version, old.Version), "leave --version out"}
				}
				next.Version = max(next.Version, version)
				return next, nil
			})
			if err == nil {
				fmt.Fprintf(c.OutOrStdout(), "vouched  %s, %s of %s, until %s\n         %s\n", member.Name, member.Role, member.Agency, member.EndsAt.Format(time.DateOnly), member.Fingerprint)
			}
			return err
		},
	}
	r.flags(c)
	f := c.Flags()
	f.StringVar(&key, "key", "", "the public key file of the person or server")
	f.StringVar(&name, "name", "", "the person's name, as records and alerts show it")
	f.StringVar(&role, "role", "", "operator, investigator, administrator, custodian, auditor, technician or server")
	f.StringVar(&agency, "agency", "", "the person's agency")
	f.IntVar(&days, "days", 90, "how long the root's word holds, 90 at most")
	f.Uint64Var(&version, "version", 0, "the new roster's version, where the present one was lost (default: one more)")
	for _, n := range []string{"key", "name", "role", "agency"} {
		c.MarkFlagRequired(n)
	}
	return c
}

func trustRemoveCommand() *cobra.Command {
	var r rootFlags
	c := &cobra.Command{
		Use:   "remove --root FILE KEY",
		Short: "Vouch for a key no longer: KEY is a .pub file or a fingerprint",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			fingerprint := args[0]
			if text, err := os.ReadFile(args[0]); err == nil {
				public, err := trust.ParsePublicKey(text)
				if err != nil {
					return err
				}
				fingerprint = public.Fingerprint()
			}
			_, err := r.change(c, func(old trust.Roster, _ time.Time) (trust.Roster, error) {
				if _, ok := old.Find(fingerprint); !ok {
					return old, hinted{errors.New("the roster doesn't hold that key"), "alprctl trust list shows who is in it"}
				}
				return old.Without(fingerprint), nil
			})
			return err
		},
	}
	r.flags(c)
	return c
}

func trustListCommand() *cobra.Command {
	var root string
	var asJSON bool
	c := &cobra.Command{
		Use:   "list [--root PUB] ROSTER",
		Short: "Show for whom a roster vouches",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			roster, err := readRoster(args[0])
			if err != nil {
				return err
			}
			if root != "" {
				text, err := os.ReadFile(root)
				if err != nil {
					return fmt.Errorf("read the root's public key: %w", err)
				}
				public, err := trust.ParsePublicKey(text)
				if err != nil {
					return err
				}
				message, err := os.ReadFile(args[0])
				if err != nil {
					return err
				}
				if _, err := trust.OpenRoster(message, public); err != nil {
					return err
				}
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), roster)
			}
			signed := "signature checked"
			if root == "" {
				signed = "signature NOT checked: give --root agency-root.pub"
			}
			fmt.Fprintf(c.OutOrStdout(), "%s, version %d of %s; %s\n", roster.Agency, roster.Version, roster.IssuedAt.UTC().Format(time.RFC3339), signed)
			t := tabwriter.NewWriter(c.OutOrStdout(), 0, 4, 2, ' ', 0)
			fmt.Fprintln(t, "name\trole\tagency\tuntil\tkey\t")
			for _, m := range roster.Members {
				end := m.EndsAt.UTC().Format(time.DateOnly)
				if !time.Now().Before(m.EndsAt.Time) {
					end += " OVER"
				}
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t\n", m.Name, m.Role, m.Agency, end, m.Fingerprint)
			}
			return t.Flush()
		},
	}
	c.Flags().StringVar(&root, "root", "", "the root's public key file, to check the signature with")
	c.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return c
}

func trustSendCommand() *cobra.Command {
	var address string
	var asJSON bool
	c := &cobra.Command{
		Use:   "send --unit ADDRESS ROSTER",
		Short: "Put a roster in force at a unit; anybody may carry it there",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			u, err := openUnit(address)
			if err != nil {
				return err
			}
			message, err := os.ReadFile(args[0])
			if err != nil {
				return fmt.Errorf("read the roster: %w", err)
			}
			var answer struct {
				refusal
				Agency  string `json:"agency"`
				Version uint64 `json:"version"`
				Members int    `json:"members"`
				New     bool   `json:"new"`
			}
			ok, err := u.call(c.Context(), http.MethodPost, "/roster", message, &answer)
			switch {
			case err != nil:
				return err
			case !ok:
				return &answer.refusal
			case asJSON:
				return printJSON(c.OutOrStdout(), map[string]any{"agency": answer.Agency, "version": answer.Version, "members": answer.Members, "new": answer.New})
			}
			word := "is in force"
			if !answer.New {
				word = "was in force already"
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "roster of %s, version %d, %d members, %s\n", answer.Agency, answer.Version, answer.Members, word)
			return err
		},
	}
	c.Flags().StringVar(&address, "unit", "", "the unit: unix: and the path of its socket")
	c.Flags().BoolVar(&asJSON, "json", false, "print the unit's answer as JSON")
	c.MarkFlagRequired("unit")
	return c
}

func readRoster(path string) (trust.Roster, error) {
	message, err := os.ReadFile(path)
	if err != nil {
		return trust.Roster{}, hinted{fmt.Errorf("read the roster: %w", err), "get it from whoever keeps the agency's root key, and put it beside your key or name it with --roster"}
	}
	return trust.PeekRoster([]byte(strings.TrimSpace(string(message))))
}
