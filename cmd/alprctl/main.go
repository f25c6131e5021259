// Command alprctl is the agency's tool: keys, publishing hot lists, watching alerts. It is pure Go and builds for any laptop.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes, as the documentation names them.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// execute runs one command line and answers with its exit code.
func execute(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "alprctl",
		Short:         "The agency's tool: keys, people, hot lists, entries by hand, alerts",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(keygenCommand(), trustCommand(), hotlistCommand(), entryCommand(), watchCommand())
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usageError{err, c.CommandPath()} })
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

// complain prints an error in two lines: what is wrong, and how to mend it.
func complain(w io.Writer, err error) {
	fmt.Fprintln(w, "error:", err)
	var h interface{ Hint() string }
	switch {
	case errors.As(err, &h) && h.Hint() != "":
		fmt.Fprintln(w, "hint: ", h.Hint())
	case isUsage(err):
		fmt.Fprintln(w, "hint:  see alprctl --help")
	}
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
		if strings.HasPrefix(err.Error(), start) {
			return true
		}
	}
	return false
}

// hinted is an error that a person caused and can mend.
type hinted struct {
	error
	hint string
}

func (h hinted) Hint() string  { return h.hint }
func (h hinted) Unwrap() error { return h.error }
