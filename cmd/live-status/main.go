// Command live-status is the pipeline without Fluent Bit.
//
//	live-status run                    records of a cluster, to standard output or a file
//	live-status replay --audit FILE    records of recorded audit logs, events and objects
//	live-status assess -f FILE|- ...   the health and sync of manifests, without a cluster
//	live-status redact -f FILE|- ...   logs and manifests without secrets
//	live-status check                  whether all that is needed is there, and how to mend it
//	live-status register --secret NAME  the Secret with the salt and credentials
//	live-status checkmk --url URL      output of a Checkmk agent, of the metrics of an instance
//	live-status completion SHELL
//	live-status version
//
// Logs go to standard error. The exit code is 2 for a mistake in the arguments, the
// options or the input and 1 for a failure, or for something that assess found
// Degraded or Missing, or redact --check has to redact; 3 says that redact withheld
// something.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fluent-live/live-status/pipeline/crash"
)

// version is set by the linker.
var version = "dev"

func main() {
	code := 0
	crash.Run(func() { code = run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr) })
	os.Exit(code)
}

// mistake is an error of the user's, which another attempt would not mend.
type mistake struct{ error }

func (m mistake) Unwrap() error { return m.error }

// errQuiet ends the command without a word: whoever read its output has gone.
var errQuiet = errors.New("")

// run runs the command and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	completing := len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
	root := newRoot(streams{in: stdin, out: stdout, err: stderr, completing: completing})
	// Without arguments, cobra would take those of the process.
	root.SetArgs(append([]string{}, args...))
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	for line := range strings.Lines(err.Error()) {
		_, _ = fmt.Fprintf(stderr, "live-status: %s\n", printable(strings.TrimRight(line, "\r\n")))
	}
	if _, ok := errors.AsType[mistake](err); ok {
		return 2
	}
	if _, ok := errors.AsType[withheldError](err); ok {
		return 3
	}
	return 1
}

// streams are what a command reads and writes.
type streams struct {
	in  io.Reader
	out io.Writer
	err io.Writer
	// completing is set where a shell asks how a line may go on. Only then is it
	// prepared: cobra keeps it for as long as the process lives.
	completing bool
}
