package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/fluent-live/live-status/cmd/live-status/internal/manifest"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/status/drift"
)

const assessUsage = `usage:
  live-status assess -f FILE|FOLDER|- [-f ...] [-o json|table] [--rules PATH]
                     [--desired FILE|FOLDER|- [-n NAMESPACE] [--sync-ignore RULES]]

Prints the status of each object, in the order of the input, without a cluster:
  {"kind":"","namespace":"","name":"","health":null,"sync":null,"status":null,"reason":"","message":""}

  -f, --filename   manifests as kubectl prints them: YAML of many documents, JSON,
                   JSON Lines, Lists; also gzip; - is standard input; a folder
                   stands for its *.yaml, *.yml, *.json, *.jsonl, *.ndjson (and .gz)
  -o, --output     json (default): one object a line; or table
  --rules          own health rules: a YAML file of CEL rules, an argocd-cm, or a
                   folder <group>/<kind>/health.lua
  --desired        the manifests as they should be; what is not among those of -f
                   is Missing and comes last
  -n, --namespace  the namespace of those desired manifests that name none; without
                   it they are those of any namespace
  --sync-ignore    what may differ, in the notation of the option sync_ignore

health is that of Argo CD, or null for a kind that has none; sync is null for what
is not among the desired; status is both in one word.

exit codes:
  0  nothing is Degraded or Missing (Progressing, Suspended, Unknown and Out of
     Sync do not count)
  1  something is Degraded or Missing
  2  something could not be read; the rest is printed nevertheless

examples:
  kubectl get all -o yaml | live-status assess -f -
  kubectl get -f manifests/ -o yaml | live-status assess -f - --desired manifests/ -n shop
  live-status assess -f dump.json.gz -o table --rules argocd-cm.yaml
`

// assessOptions are the arguments of assess.
type assessOptions struct {
	files      []string
	desired    []string
	output     string
	namespace  string
	rules      string
	syncIgnore string
}

func newAssessCommand(s streams) *cobra.Command {
	var o assessOptions
	cmd := &cobra.Command{
		Use: "assess", Short: "print the health and sync of manifests", Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(args); err != nil {
				return mistake{err}
			}
			return assess(cmd.Context(), o, s)
		},
	}
	describe(cmd, func() string { return assessUsage })
	flags := cmd.Flags()
	flags.VarP(fileList(&o.files), "filename", "f", "manifests")
	flags.Var(fileList(&o.desired), "desired", "manifests as they should be")
	flags.StringVarP(&o.output, "output", "o", "json", "json or table")
	flags.StringVarP(&o.namespace, "namespace", "n", "", "namespace of desired manifests without one")
	flags.StringVar(&o.rules, "rules", "", "own health rules")
	flags.StringVar(&o.syncIgnore, "sync-ignore", "", "what may differ")
	completeWords(s, cmd, "output", "json", "table")
	completeNothing(s, cmd, "namespace", "sync-ignore")
	return cmd
}

func (o *assessOptions) check(rest []string) error {
	stdin := 0
	for _, name := range append(slices.Clone(o.files), o.desired...) {
		if name == manifest.Stdin {
			stdin++
		}
	}
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q: write -f %s, and -f before each further file", rest[0], rest[0])
	case len(o.files) == 0:
		return errors.New("-f is missing: write -f FILE, or -f - to read standard input")
	case o.output != "json" && o.output != "table":
		return fmt.Errorf("-o %q: write json or table", o.output)
	case stdin > 1:
		return errors.New("standard input can be read once: write - for one of the files only")
	case len(o.desired) == 0 && o.namespace != "":
		return errors.New("-n is of use only with --desired, whose manifests may lack a namespace")
	case len(o.desired) == 0 && o.syncIgnore != "":
		return errors.New("--sync-ignore is of use only with --desired")
	}
	return nil
}

// assess prints the status of manifests. What it returns is a mistake, but for
// the verdict.
func assess(ctx context.Context, o assessOptions, s streams) error {
	verdict, err := newAssess(o, s)
	if err != nil {
		return mistake{err}
	}
	err = verdict.run(ctx)
	switch {
	case errors.Is(err, syscall.EPIPE):
		return mistake{errQuiet}
	case err != nil:
		return mistake{err}
	case verdict.failed > 0:
		return mistake{fmt.Errorf("errors in the input: %d, named above; the rest was assessed", verdict.failed)}
	}
	return verdict.verdict()
}

// assessment is one run of assess.
type assessment struct {
	o      assessOptions
	stdin  io.Reader
	stderr io.Writer
	judge  judge
	rows   rows

	want *wanted
	// failed is how often something could not be read, and documents how many
	// documents there were.
	failed    int
	documents int
	statuses  map[event.Status]int
	objects   int
}

func newAssess(o assessOptions, s streams) (*assessment, error) {
	j, err := newJudge(o)
	if err != nil {
		return nil, err
	}
	a := &assessment{o: o, stdin: s.in, stderr: s.err, judge: j, statuses: map[event.Status]int{}}
	if o.output == "table" {
		a.rows = newTable(s.out)
	} else {
		a.rows = newLines(s.out)
	}
	if len(o.desired) > 0 {
		a.want = newWanted(o.namespace)
	}
	return a, nil
}

// run assesses everything. Its error is one after which nothing more could be
// done.
func (a *assessment) run(ctx context.Context) error {
	for _, w := range a.judge.Warnings() {
		a.say("warning: " + w)
	}
	if a.want != nil {
		err := a.each(a.o.desired, func(m manifest.Manifest) error {
			a.want.add(m)
			return nil
		})
		if err != nil {
			return err
		}
		if len(a.want.all) == 0 && a.failed == 0 {
			return errors.New("--desired names no object: nothing could be missing")
		}
		a.documents = 0
	}
	err := a.each(a.o.files, func(m manifest.Manifest) error {
		return a.object(ctx, m)
	})
	if err == nil {
		err = a.missing()
	}
	if end := a.rows.close(); err == nil && end != nil {
		err = fmt.Errorf("write the statuses: %w", end)
	}
	if err != nil {
		return err
	}
	switch {
	case a.objects > 0 || a.failed > 0:
	case a.documents == 0:
		return fmt.Errorf("-f %s: no manifest in it, so nothing was assessed: look at what wrote it", strings.Join(a.o.files, " -f "))
	default:
		a.say("the input is a List without items: nothing was assessed")
	}
	return nil
}

// each reads the files, and tells what is wrong with them.
func (a *assessment) each(names []string, do func(manifest.Manifest) error) error {
	for _, name := range names {
		files, err := manifest.Files(name)
		if err != nil {
			a.fail(err)
			continue
		}
		for _, file := range files {
			if err := a.file(file, do); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *assessment) file(name string, do func(manifest.Manifest) error) error {
	in, title := a.stdin, "standard input"
	if name != manifest.Stdin {
		file, err := manifest.Open(name)
		if err != nil {
			a.fail(err)
			return nil
		}
		defer func() { _ = file.Close() }()
		in, title = file, name
	}
	// Whatever is known is shown before the next read, which may wait.
	reader := manifest.NewReader(&before{in, a.rows.flush}, title, manifest.Options{})
	for m, err := range reader.All() {
		if wrong, ok := errors.AsType[*writeError](err); ok {
			return wrong
		}
		if err != nil {
			a.fail(err)
			continue
		}
		if err := do(m); err != nil {
			return err
		}
	}
	a.documents += reader.Documents()
	return nil
}

// object assesses one object.
func (a *assessment) object(ctx context.Context, m manifest.Manifest) error {
	assessed := a.judge.Assess(ctx, m.Object)
	var compared event.Comparison
	if a.want != nil {
		desired, err := a.want.match(m)
		if err != nil {
			a.fail(err)
		}
		if desired != nil {
			compared = a.judge.Compare(m.Object, []drift.Desired{{Object: desired.Object, By: event.DesiredByFile}})
		}
	}
	return a.row(newRow(m.Object, assessed, compared))
}

// missing prints what should be there and is not.
func (a *assessment) missing() error {
	if a.want == nil {
		return nil
	}
	for _, m := range a.want.missing() {
		gone := event.Assessment{Health: event.HealthMissing}
		if err := a.row(newRow(m.Object, gone, event.Comparison{Sync: event.SyncOutOfSync})); err != nil {
			return err
		}
		for _, hint := range a.want.elsewhere(m) {
			a.say(hint)
		}
	}
	return nil
}

func (a *assessment) row(r row) error {
	a.objects++
	a.statuses[r.status]++
	if err := a.rows.add(r); err != nil {
		return fmt.Errorf("write the statuses: %w", err)
	}
	return nil
}

// verdict is nil where nothing is wrong with any object.
func (a *assessment) verdict() error {
	degraded, missing := a.statuses[event.StatusDegraded], a.statuses[event.StatusMissing]
	if degraded+missing == 0 {
		return nil
	}
	return fmt.Errorf("%d Degraded and %d Missing of %d", degraded, missing, a.objects)
}

func (a *assessment) fail(err error) {
	a.failed++
	a.say(err.Error())
}

// say writes to standard error, after what standard output has to show by then.
func (a *assessment) say(text string) {
	// The next write tells of the same error.
	_ = a.rows.flush()
	for line := range strings.Lines(text) {
		_, _ = fmt.Fprintf(a.stderr, "live-status: %s\n", printable(strings.TrimRight(line, "\r\n")))
	}
}

// writeError is an error of the output that was found when reading.
type writeError struct{ error }

func (e *writeError) Unwrap() error { return e.error }

// before calls a function before each read.
type before struct {
	r  io.Reader
	do func() error
}

func (b *before) Read(p []byte) (int, error) {
	if err := b.do(); err != nil {
		return 0, &writeError{fmt.Errorf("write the statuses: %w", err)}
	}
	return b.r.Read(p)
}
