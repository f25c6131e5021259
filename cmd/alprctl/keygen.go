package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"alprd/internal/trust"
)

// passphraseEnv is where scripts may put a passphrase that no file should hold.
const passphraseEnv = "ALPRCTL_PASSPHRASE"

func keygenCommand() *cobra.Command {
	var out, passphraseFile string
	c := &cobra.Command{
		Use:   "keygen NAME",
		Short: "Make a key pair: NAME.key, sealed with a passphrase, and NAME.pub",
		Long: `Make an Ed25519 key pair for signing.

NAME.key is sealed with a passphrase: signing needs the file and the passphrase. Keep it away from the units.
NAME.pub goes to whoever has to check your signatures, for example into a unit's configuration. Compare the fingerprint by
telephone.

The passphrase is asked for on the terminal. Scripts give --passphrase-file, or the variable ` + passphraseEnv + `.`,
		Example: "  alprctl keygen --out ~/keys nc-sbi-lists",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			key, err := trust.Generate(args[0])
			if err != nil {
				return err
			}
			private, public := filepath.Join(out, args[0]+".key"), filepath.Join(out, args[0]+".pub")
			for _, f := range []string{private, public} {
				if _, err := os.Lstat(f); !errors.Is(err, fs.ErrNotExist) {
					return hinted{fmt.Errorf("%s is there already", f), "choose another name, or move the old key away: it can't be made again"}
				}
			}
			passphrase, err := readPassphrase(c, passphraseFile, args[0], true)
			if err != nil {
				return err
			}
			sealed, err := key.Seal(passphrase)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(out, 0o700); err != nil {
				return fmt.Errorf("make the keys' directory: %w", err)
			}
			if err := writeNew(private, sealed, 0o600); err != nil {
				return fmt.Errorf("write the private key: %w", err)
			}
			if err := writeNew(public, []byte(key.Public().Text()), 0o644); err != nil {
				return fmt.Errorf("write the public key: %w", err)
			}
			fmt.Fprintf(c.OutOrStdout(), "private key  %s  (sealed; keep it away from the units)\npublic key   %s\nfingerprint  %s\n", private, public, key.Public().Fingerprint())
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", ".", "directory for the two files")
	c.Flags().StringVar(&passphraseFile, "passphrase-file", "", "read the passphrase from the first line of this file")
	return c
}

// writeNew writes a file that must not be there yet, durably.
func writeNew(name string, b []byte, mode os.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

// openKey opens a private key file with its passphrase.
func openKey(c *cobra.Command, file, passphraseFile string) (trust.PrivateKey, error) {
	sealed, err := os.ReadFile(file)
	if err != nil {
		return trust.PrivateKey{}, hinted{fmt.Errorf("read the private key: %w", err), "alprctl keygen makes one"}
	}
	passphrase, err := readPassphrase(c, passphraseFile, filepath.Base(file), false)
	if err != nil {
		return trust.PrivateKey{}, err
	}
	return trust.OpenPrivateKey(sealed, passphrase)
}

// readPassphrase takes the passphrase from the file, the environment, or the person at the terminal; a new one is asked
// for twice.
func readPassphrase(c *cobra.Command, file, what string, fresh bool) ([]byte, error) {
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("read the passphrase: %w", err)
		}
		defer f.Close()
		line, err := bufio.NewReader(io.LimitReader(f, 4<<10)).ReadString('\n')
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("read the passphrase: %w", err)
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return nil, hinted{errors.New("the passphrase file's first line is empty"), "write the passphrase into its first line"}
		}
		return []byte(line), nil
	}
	if p := os.Getenv(passphraseEnv); p != "" {
		return []byte(p), nil
	}
	in, ok := c.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return nil, hinted{errors.New("there is no terminal to ask for the passphrase"), "give --passphrase-file FILE, or set " + passphraseEnv}
	}
	ask := func(prompt string) ([]byte, error) {
		fmt.Fprint(c.ErrOrStderr(), prompt)
		p, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(c.ErrOrStderr())
		if err != nil {
			return nil, fmt.Errorf("read the passphrase: %w", err)
		}
		return p, nil
	}
	p, err := ask(fmt.Sprintf("Passphrase for %s: ", what))
	if err != nil || !fresh {
		return p, err
	}
	again, err := ask("Once more: ")
	if err != nil {
		return nil, err
	}
	if string(p) != string(again) {
		return nil, hinted{errors.New("the two passphrases differ"), "try again"}
	}
	return p, nil
}
