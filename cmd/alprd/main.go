// Command alprd is the daemon on a pole: it captures frames, reads plates, matches hot lists, keeps a sealed buffer and
// tells the agency. `alprd run` is what systemd starts; `alprd demo` shows all of it on one machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"alprd/internal/capture"
)

// Exit codes, as docs and contracts name them.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitRefused = 3
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == capture.ChildCommand {
		os.Exit(capture.ChildMain())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(execute(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs one command line and answers with its exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "alprd",
		Short:         "Read licence plates on a pole, match them locally, keep them sealed, tell the agency",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(runCommand(), demoCommand(), readCommand(), statusCommand(), hotlistCommand(), keysCommand())
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{err, c.CommandPath()}
	})
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	complain(stderr, err)
	var code interface{ ExitCode() int }
	switch {
	case errors.As(err, &code):
		return code.ExitCode()
	case isUsage(err):
		return exitUsage
	}
	return exitFailed
}

// usageError is a command line that can't be understood.
type usageError struct {
	error
	command string
}

func (e usageError) Hint() string  { return "see " + e.command + " --help" }
func (e usageError) ExitCode() int { return exitUsage }
func (e usageError) Unwrap() error { return e.error }

// isUsage tells cobra's own complaints, which have no type, from failures of a command.
func isUsage(err error) bool {
	for _, start := range []string{"unknown command", "accepts ", "requires at least", "required flag", "unknown flag", "unknown shorthand", "invalid argument"} {
		if len(err.Error()) >= len(start) && err.Error()[:len(start)] == start {
			return true
		}
	}
	return false
}

// complain prints every error in two lines: what is wrong, and how to mend it.
func complain(w io.Writer, err error) {
	for _, e := range split(err) {
		if errors.Is(e, errReported) {
			continue
		}
		fmt.Fprintln(w, "error:", e)
		var h interface{ Hint() string }
		switch {
		case errors.As(e, &h) && h.Hint() != "":
			fmt.Fprintln(w, "hint: ", h.Hint())
		case isUsage(e):
			fmt.Fprintln(w, "hint:  see alprd --help")
		}
	}
}

// errReported ends a command with exit code 1 when everything wrong was already printed where it belongs.
var errReported = errors.New("already reported")

func split(err error) []error {
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		var out []error
		for _, e := range j.Unwrap() {
			out = append(out, split(e)...)
		}
		return out
	}
	return []error{err}
}
