package controlplane

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// cacheVariable names the environment variable that moves the cache.
const cacheVariable = "LIVE_STATUS_CACHE"

// binaryPrefix begins the name of every cached binary; the source key follows.
const binaryPrefix = "kubeone-"

// keptBinaries is how many builds the cache holds, so that going back and forth
// between two branches does not build anew each time.
const keptBinaries = 2

// Build returns the path of the control plane's binary. If the cache holds none
// for these sources it builds one, which takes 5 to 30 minutes once; of several
// processes that want the same one, one builds and the others wait. It needs
// the go command and, for the first build, a module proxy.
func Build(ctx context.Context, opts Options) (string, error) {
	source, err := sourceDir()
	if err != nil {
		return "", err
	}
	key, err := sourceKey(source)
	if err != nil {
		return "", err
	}
	cache, err := cacheDir(opts)
	if err != nil {
		return "", err
	}
	binary := filepath.Join(cache, binaryPrefix+key)
	if usable(binary) {
		return binary, nil
	}

	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("create cache folder: %w", err)
	}
	report := newProgress(opts.Progress)
	release, err := lockFile(ctx, filepath.Join(cache, "kubeone.lock"), func() {
		report.printf("waiting for another process that is building the embedded control plane")
	})
	if err != nil {
		return "", err
	}
	defer release()
	if usable(binary) {
		return binary, nil
	}

	builder := builder{source: source, report: report}
	if err := builder.build(ctx, binary); err != nil {
		return "", fmt.Errorf("build the embedded control plane: %w", err)
	}
	if err := prune(cache, binary); err != nil {
		return "", err
	}
	return binary, nil
}

func cacheDir(opts Options) (string, error) {
	if opts.CacheDir != "" {
		return filepath.Abs(opts.CacheDir)
	}
	if dir := os.Getenv(cacheVariable); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache folder (or set %s): %w", cacheVariable, err)
	}
	return filepath.Join(dir, "live-status"), nil
}

// usable says whether the binary is there, and marks it as used so that prune
// keeps it.
func usable(binary string) bool {
	info, err := os.Stat(binary)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	now := time.Now()
	// A cache that is read-only (a shared one) still serves.
	_ = os.Chtimes(binary, now, now)
	return true
}

type builder struct {
	source string
	report *progress
}

func (b *builder) build(ctx context.Context, binary string) error {
	start := time.Now()
	b.report.printf("building the embedded control plane (once, 5 to 30 minutes)")
	b.report.printf("fetching its modules (about 100 MB when none is there)")
	if out, err := b.goCommand(ctx, "mod", "download").CombinedOutput(); err != nil {
		return fmt.Errorf("fetch modules: %w\n%s", err, lastLines(out, 10))
	}
	flags, err := b.linkerFlags(ctx)
	if err != nil {
		return err
	}
	total, err := b.countStale(ctx)
	if err != nil {
		return err
	}

	// The result appears under its name in one step, so an interrupted build
	// never leaves half a binary to be taken for a whole one.
	partial := fmt.Sprintf("%s.partial-%d", binary, os.Getpid())
	defer func() { _ = os.Remove(partial) }()
	cmd := b.goCommand(ctx, "build", "-v", "-trimpath", "-ldflags", flags, "-o", partial, ".")
	if err := b.follow(cmd, total, start); err != nil {
		return err
	}
	if err := os.Rename(partial, binary); err != nil {
		return fmt.Errorf("put the binary into the cache: %w", err)
	}
	b.report.printf("embedded control plane built in %s: %s", elapsed(start), binary)
	return nil
}

func (b *builder) goCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = b.source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "PWD="+b.source)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// linkerFlags strips the binary and stamps the version of Kubernetes into it,
// which the components put into their user agents and /version; as a library
// they would call themselves v0.0.0.
func (b *builder) linkerFlags(ctx context.Context) (string, error) {
	out, err := b.goCommand(ctx, "list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes").Output()
	if err != nil {
		return "", fmt.Errorf("read the version of Kubernetes: %w", withStderr(err))
	}
	version := strings.TrimSpace(string(out))
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) != 3 {
		return "", fmt.Errorf("read the version of Kubernetes: %q is not of the form v1.2.3", version)
	}
	flags := []string{"-s", "-w"}
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		for _, stamp := range []string{
			"gitVersion=" + version,
			"gitMajor=" + parts[0],
			"gitMinor=" + parts[1],
			"gitTreeState=clean",
			// User agents hold its first seven letters; a module knows no commit.
			"gitCommit=modules",
		} {
			flags = append(flags, "-X", pkg+"."+stamp)
		}
	}
	return strings.Join(flags, " "), nil
}

// countStale returns how many packages the build has to compile, which is what
// go build -v will print one line each of.
func (b *builder) countStale(ctx context.Context) (int, error) {
	out, err := b.goCommand(ctx, "list", "-deps", "-trimpath", "-f", "{{if .Stale}}x{{end}}", ".").Output()
	if err != nil {
		return 0, fmt.Errorf("list packages: %w", withStderr(err))
	}
	return bytes.Count(out, []byte("x")), nil
}

// follow runs go build -v and reports how far it has come.
func (b *builder) follow(cmd *exec.Cmd, total int, start time.Time) error {
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("run go build: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run go build: %w", err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(stderr)
		for scanner.Scan() {
			lines <- scanner.Text()
		}
	}()

	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	done := 0
	var other []string
	for open := true; open; {
		select {
		case line, ok := <-lines:
			switch {
			case !ok:
				open = false
			case isPackage(line):
				done++
			default:
				other = append(other, line)
			}
		case <-tick.C:
			b.report.printf("building the embedded control plane: %d/%d packages, %s", done, max(done, total), elapsed(start))
		}
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("run go build: %w\n%s", err, lastLines([]byte(strings.Join(other, "\n")), 20))
	}
	return nil
}

// isPackage tells the import paths that go build -v prints from compiler and
// linker messages, which hold blanks or begin with "#".
func isPackage(line string) bool {
	return line != "" && !strings.ContainsAny(line, " #:\t")
}

// prune removes all but the newest builds, never the one in use. Processes that
// run a removed one keep it open and are not disturbed.
func prune(cache, current string) error {
	entries, err := filepath.Glob(filepath.Join(cache, binaryPrefix+"*"))
	if err != nil {
		return fmt.Errorf("list cache: %w", err)
	}
	kept := 1
	for _, entry := range newestFirst(entries) {
		if entry == current {
			continue
		}
		if kept < keptBinaries && !strings.Contains(entry, ".partial-") {
			kept++
			continue
		}
		if err := os.Remove(entry); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove an old build: %w", err)
		}
	}
	return nil
}

// withStderr adds what a command wrote to the error that exec keeps it in.
func withStderr(err error) error {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && len(exit.Stderr) > 0 {
		return fmt.Errorf("%w\n%s", err, lastLines(exit.Stderr, 10))
	}
	return err
}

func elapsed(start time.Time) string {
	return time.Since(start).Round(time.Second).String()
}

// lastLines returns the end of an output, without a final line break.
func lastLines(output []byte, n int) string {
	lines := strings.Split(strings.TrimRight(string(output), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// progress writes lines for a person; a failing writer is no reason to stop.
type progress struct {
	out io.Writer
}

func newProgress(out io.Writer) *progress {
	if out == nil {
		out = io.Discard
	}
	return &progress{out: out}
}

func (p *progress) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(p.out, format+"\n", args...)
}
