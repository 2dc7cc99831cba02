package docs

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/test/fluentbit"
)

// patience bounds one command.
const patience = 2 * time.Minute

// script says what commands of the documentation find.
type script struct{ Commands []*scene }

// scene is what one command finds, or all that begin alike.
type scene struct {
	// File and Command, the beginning of it, say which command it is.
	File, Command string
	// Needs are fixtures that are there when it begins.
	Needs []string
	// Replace is filled in for what readers fill in themselves.
	Replace map[string]string
	// Until ends a command that would go on: an interrupt is sent once its output
	// matches.
	Until string
	// Prints must be in the output, a regular expression.
	Prints string
	// Exit is the code; "any" where what ends it is the interrupt.
	Exit string
	// In is "repository" for what belongs to a checkout.
	In string
	// NotRun is why it is not run, where the page itself does not say so.
	NotRun string

	used bool
}

func readScript(t *testing.T) *script {
	t.Helper()
	s := &script{}
	if err := yaml.UnmarshalStrict([]byte(read(t, filepath.Join("testdata", "commands.yaml"))), s); err != nil {
		t.Fatal(err)
	}
	return s
}

// unused complains about what no command of the documentation needs any more.
func (s *script) unused(t *testing.T) {
	t.Helper()
	for _, c := range s.Commands {
		if !c.used {
			t.Errorf("testdata/commands.yaml: %s has no command %q", c.File, c.Command)
		}
	}
}

// scene finds what is said of a command; of several the longest.
func (s *script) scene(file, command string) *scene {
	best := &scene{}
	for _, c := range s.Commands {
		if c.File == file && strings.HasPrefix(command, c.Command) && len(c.Command) > len(best.Command) {
			best = c
		}
	}
	best.used = true
	return best
}

// commands takes a block apart: lines behind a prompt, lines, or for scripts all of it.
func commands(b block) []string {
	if b.lang != "console" {
		return []string{strings.TrimSpace(b.text)}
	}
	prompted := strings.HasPrefix(b.text, "$ ") || strings.Contains(b.text, "\n$ ")
	var out []string
	goesOn := false
	for line := range strings.Lines(b.text) {
		line = strings.TrimRight(line, "\n")
		text, isCommand := line, !prompted
		if prompted {
			text, isCommand = strings.CutPrefix(line, "$ ")
		}
		switch {
		case goesOn:
			out[len(out)-1] += "\n" + line
		case isCommand && strings.TrimSpace(text) != "" && !strings.HasPrefix(text, "#"):
			out = append(out, text)
		default:
			continue
		}
		goesOn = strings.HasSuffix(line, `\`)
	}
	return out
}

// run executes the commands of a block, one after the other in one folder.
func (s *script) run(t *testing.T, p *place, b block) string {
	t.Helper()
	all := commands(b)
	if len(all) == 0 {
		t.Error("no command")
	}
	skipped := ""
	for _, command := range all {
		c := s.scene(b.file, command)
		if c.NotRun != "" {
			t.Logf("NOT RUN, %s: %s", c.NotRun, command)
			skipped = "some commands not run: " + c.NotRun
			continue
		}
		if fluentbit.Path() == "" && strings.HasPrefix(command, "fluent-bit ") {
			t.Logf("NOT RUN, there is no Fluent Bit here: %s", command)
			skipped = "some commands not run: no Fluent Bit here"
			continue
		}
		p.play(t, c, command)
	}
	return cmp.Or(skipped, "commands, run")
}

func (p *place) play(t *testing.T, c *scene, command string) {
	t.Helper()
	for _, name := range c.Needs {
		p.fixture(t, name)
	}
	if strings.Contains(command, "helm ") {
		if err := p.helm(); err != nil {
			t.Fatal(err)
		}
	}
	filled := command
	for old, text := range c.Replace {
		if !strings.Contains(filled, old) {
			t.Errorf("%q has no %q to fill in", command, old)
		}
		filled = strings.ReplaceAll(filled, old, text)
	}
	dir := p.dir
	if c.In == "repository" {
		dir = repository(t)
	}
	out, err := p.execute(t, dir, filled, c.Until)
	code := "0"
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code, err = strconv.Itoa(exit.ExitCode()), nil
	}
	want := c.Exit
	if want == "" {
		want = "0"
	}
	if err != nil || want != "any" && code != want {
		t.Errorf("%s: exit code %s, want %s (%v)\n%s", filled, code, want, err, tail(out))
	}
	if c.Prints != "" && !regexp.MustCompile(c.Prints).MatchString(out) {
		t.Errorf("%s: no %q in\n%s", filled, c.Prints, tail(out))
	}
}

// tail is the end of an output.
func tail(out string) string { return out[max(0, len(out)-4000):] }

// execute runs a command in bash, until it ends or its output matches.
func (p *place) execute(t *testing.T, dir, command, until string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", "set -euo pipefail\n"+command)
	cmd.Dir, cmd.Env = dir, p.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Minute
	out := &output{}
	cmd.Stdout, cmd.Stderr = out, out
	if until == "" {
		err := cmd.Run()
		return out.String(), err
	}
	out.look = regexp.MustCompile(until)
	out.found = make(chan struct{})
	if err := cmd.Start(); err != nil {
		return "", err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		t.Errorf("%s: ended before it said %q: %v\n%s", command, until, err, tail(out.String()))
		return out.String(), nil
	case <-out.found:
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Error(err)
	}
	return out.String(), <-done
}

// output is what a command has printed.
type output struct {
	mu    sync.Mutex
	data  bytes.Buffer
	look  *regexp.Regexp
	found chan struct{}
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.data.Write(b)
	if o.look != nil && o.look.Match(o.data.Bytes()) {
		o.look = nil
		close(o.found)
	}
	return n, err
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.data.String()
}

// fixture puts something where a command looks for it.
func (p *place) fixture(t *testing.T, name string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(p.dir, name)); err == nil {
		return
	}
	switch name {
	case "no release":
		p.uninstall(t)
	case "release":
		p.play(t, &scene{}, "helm status live-status -n live-status || helm install live-status charts/live-status "+
			"-n live-status --create-namespace --set clusterName=production")
	case "bootstrap":
		p.namespace(t, "live-status")
		p.write(t, "collector-token", "a-token-for-the-downstream")
	case "metrics":
		p.serveMetrics(t)
	case "audit.log":
		p.recorded(t, "recording/audit.jsonl.gz", name)
	case "events.json", "objects.json":
		p.recorded(t, "recording/"+name+".gz", name)
	case "values":
		p.write(t, "values/DB_PASSWORD", "correct-horse-battery")
	case "manifests":
		p.write(t, "manifests/web.yaml", read(t, repository(t, "test", "sample", "10-web.yaml")))
	case "records.jsonl":
		p.fixture(t, "audit.log")
		p.play(t, &scene{}, "live-status replay --audit audit.log -o jsonl > records.jsonl")
	case "state":
		p.write(t, "state/.keep", "")
	case "cursor.db", "spool.db":
		// A spool is made with the cursor that it belongs to.
		p.play(t, &scene{}, "live-status-host -e build/in_live_status.so -i live_status -p kube_config=$KUBECONFIG "+
			"-p db=cursor.db -p audit_webhook_listen="+freeAddress(t)+" -p audit_insecure=on -p audit_spool_file=spool.db --check")
	default:
		t.Fatalf("there is no fixture %q", name)
	}
}

// uninstall removes the releases that other pages have installed.
func (p *place) uninstall(t *testing.T) {
	t.Helper()
	p.play(t, &scene{}, `for ns in live-status live-status-audit; do
  for release in $(helm list -q -n $ns); do helm uninstall $release -n $ns; done
done`)
}

// freeAddress is one that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}
