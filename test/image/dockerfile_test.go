package image

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the folder of the project.
const root = "../.."

// instruction is one line of the Dockerfile, as test/dockerfile prints it.
type instruction struct {
	Name  string   `json:"name"`
	Flags []string `json:"flags"`
	Args  []string `json:"args"`
	JSON  bool     `json:"json"`
}

// flag returns the value of a flag, empty without one.
func (i instruction) flag(name string) string {
	for _, f := range i.Flags {
		if value, ok := strings.CutPrefix(f, "--"+name+"="); ok {
			return value
		}
	}
	return ""
}

// stage is one stage of the Dockerfile.
type stage struct {
	name, base   string
	instructions []instruction
}

// all returns the instructions of one name.
func (s stage) all(name string) (found []instruction) {
	for _, i := range s.instructions {
		if i.Name == name {
			found = append(found, i)
		}
	}
	return found
}

// one returns the only instruction of a name.
func (s stage) one(t *testing.T, name string) instruction {
	t.Helper()
	found := s.all(name)
	if len(found) != 1 {
		t.Fatalf("stage %q has %d %s, want one", s.name, len(found), name)
	}
	return found[0]
}

// run runs a program and returns what it prints.
func run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.Output()
	if err != nil {
		var complaint []byte
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			complaint = exit.Stderr
		}
		t.Fatalf("%s: %v\n%s%s", cmd, err, out, complaint)
	}
	return string(out)
}

// parseDockerfile has BuildKit's own parser read the Dockerfile, which warns of
// nothing, and copies the build context.
func parseDockerfile(t *testing.T, context string) (args map[string]string, stages []stage) {
	t.Helper()
	tool := filepath.Join(t.TempDir(), "dockerfile")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", tool, ".")
	build.Dir = filepath.Join("..", "dockerfile")
	run(t, build)
	var all []instruction
	if err := json.Unmarshal([]byte(run(t, exec.CommandContext(t.Context(), tool, root, context))), &all); err != nil {
		t.Fatal(err)
	}
	args = map[string]string{}
	for _, i := range all {
		i.Name = strings.ToUpper(i.Name)
		switch {
		case i.Name == "FROM":
			s := stage{base: i.Args[0]}
			if len(i.Args) == 3 {
				s.name = i.Args[2]
			}
			stages = append(stages, s)
		case len(stages) == 0:
			name, value, _ := strings.Cut(i.Args[0], "=")
			args[name] = value
		default:
			last := &stages[len(stages)-1]
			last.instructions = append(last.instructions, i)
		}
	}
	return args, stages
}

// builder carries out the instructions of a stage in a folder, in the place of a
// container.
type builder struct {
	// context is what was sent to the builder, dir the root of the stage.
	context, dir string
	// work is where commands run.
	work string
	env  map[string]string
	// others are the roots of the stages before.
	others map[string]string
}

// place returns where a path of the container is.
func (b *builder) place(name string) string {
	if !path.IsAbs(name) {
		return filepath.Join(b.work, name)
	}
	return filepath.Join(b.dir, name)
}

// copy carries out COPY. What is not there, or was left out by .dockerignore, fails.
func (b *builder) copy(t *testing.T, i instruction) {
	t.Helper()
	sources, to := i.Args[:len(i.Args)-1], i.Args[len(i.Args)-1]
	if len(sources) > 1 && !strings.HasSuffix(to, "/") {
		t.Fatalf("COPY %q: the destination of several must end with a slash", i.Args)
	}
	from := b.context
	if stage := i.flag("from"); stage != "" {
		if from = b.others[stage]; from == "" {
			t.Fatalf("COPY %q: there is no stage %q", i.Args, stage)
		}
	}
	for _, source := range sources {
		at := filepath.Join(from, source)
		info, err := os.Stat(at)
		if err != nil {
			t.Fatalf("COPY %q: %v", i.Args, err)
		}
		target := b.place(to)
		switch {
		case info.IsDir():
			err = os.CopyFS(target, os.DirFS(at))
			if made := os.MkdirAll(target, 0o755); err == nil {
				err = made
			}
		case strings.HasSuffix(to, "/") || to == "." || to == "./":
			err = copyFile(at, filepath.Join(target, filepath.Base(source)))
		default:
			err = copyFile(at, target)
		}
		if err != nil {
			t.Fatalf("COPY %q: %v", i.Args, err)
		}
	}
}

func copyFile(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, info.Mode().Perm())
}

// absolute finds paths of the container in a command: those of the builder's own.
var absolute = regexp.MustCompile(`(^|[\s="'])(/(?:out|src)\b)`)

// run carries out RUN. Packages are not installed: where one is needed, the test says
// that the platform was not tried.
func (b *builder) run(t *testing.T, i instruction) {
	t.Helper()
	if i.JSON || len(i.Args) != 1 {
		t.Fatalf("RUN %q is no line for a shell", i.Args)
	}
	line := i.Args[0]
	if strings.Contains(line, "apt-get") {
		return
	}
	line = absolute.ReplaceAllString(line, "${1}"+b.dir+"${2}")
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Dir = b.work
	cmd.Env = os.Environ()
	for name, value := range b.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("RUN %s: %v\n%s", line, err, out)
	}
}

// build carries out a stage. Arguments without a value have their default.
func (b *builder) build(t *testing.T, s stage, global, given map[string]string) {
	t.Helper()
	b.work, b.env = b.dir, map[string]string{}
	for _, i := range s.instructions {
		switch i.Name {
		case "ARG":
			name, value, ok := strings.Cut(i.Args[0], "=")
			if !ok {
				value = global[name]
			}
			if set, ok := given[name]; ok {
				value = set
			}
			b.env[name] = value
		case "WORKDIR":
			b.work = b.place(i.Args[0])
			if err := os.MkdirAll(b.work, 0o755); err != nil {
				t.Fatal(err)
			}
		case "COPY":
			b.copy(t, i)
		case "RUN":
			b.run(t, i)
		}
	}
}

// TestTheImageBuilds carries out the Dockerfile: for this machine's architecture, and
// for the other where its C compiler is installed.
func TestTheImageBuilds(t *testing.T) {
	sent := filepath.Join(t.TempDir(), "context")
	args, stages := parseDockerfile(t, sent)
	if len(stages) != 2 || stages[0].name != "build" {
		t.Fatalf("stages %v", stages)
	}
	checkFinal(t, stages[1])
	native := strings.TrimSpace(run(t, exec.CommandContext(t.Context(), "go", "env", "GOHOSTARCH")))
	for arch, compiler := range map[string]string{"amd64": "x86_64-linux-gnu-gcc", "arm64": "aarch64-linux-gnu-gcc"} {
		t.Run(arch, func(t *testing.T) {
			if _, err := exec.LookPath(compiler); err != nil && arch != native {
				t.Skipf("NOT BUILT for %s: there is no %s", arch, compiler)
			}
			base := t.TempDir()
			given := map[string]string{"TARGETARCH": arch, "VERSION": "v0.0.0-image.test"}
			first := &builder{context: sent, dir: filepath.Join(base, "build")}
			first.build(t, stages[0], args, given)
			last := &builder{context: sent, dir: filepath.Join(base, "final"), others: map[string]string{"build": first.dir}}
			last.build(t, stages[1], args, given)
			checkLayout(t, last.dir)
			for _, name := range []string{"in_live_status.so", "out_live_status.so"} {
				checkPlugin(t, filepath.Join(last.dir, "fluent-bit", "plugins", name), arch, base, given["VERSION"])
			}
			if arch == native {
				checkRuns(t, last.dir, stages[1], given["VERSION"])
			}
		})
	}
}

// checkFinal looks at what the image says of itself.
func checkFinal(t *testing.T, s stage) {
	t.Helper()
	if s.base != "fluent/fluent-bit:${FLUENT_BIT_VERSION}" {
		t.Errorf("the image is made from %s", s.base)
	}
	if len(s.all("RUN")) > 0 {
		t.Error("there is no shell in Fluent Bit's image to RUN with")
	}
	if user := s.one(t, "USER").Args[0]; !regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`).MatchString(user) {
		t.Errorf("USER %s: Kubernetes can tell only of a number that it is not root", user)
	}
	labels := map[string]string{}
	pairs := s.one(t, "LABEL").Args
	for i := 0; i+1 < len(pairs); i += 3 {
		labels[pairs[i]] = strings.Trim(pairs[i+1], `"`)
	}
	for _, name := range []string{"title", "description", "version", "revision", "licenses", "source", "vendor", "authors", "documentation", "base.name"} {
		if labels["org.opencontainers.image."+name] == "" {
			t.Errorf("there is no label %s in %v, or Fluent Bit's own is left", name, labels)
		}
	}
	if cmd := s.one(t, "CMD"); !cmd.JSON {
		t.Errorf("CMD %q needs a shell", cmd.Args)
	}
	for _, name := range []string{"ENTRYPOINT", "VOLUME"} {
		if len(s.all(name)) > 0 {
			t.Errorf("%s is set", name)
		}
	}
}

// checkLayout compares the files of the image with those of the project.
func checkLayout(t *testing.T, dir string) {
	t.Helper()
	want := []string{
		"fluent-bit/bin/live-status", "fluent-bit/plugins/in_live_status.so", "fluent-bit/plugins/out_live_status.so",
		"usr/share/doc/live-status/LICENSE",
	}
	files, err := os.ReadDir(filepath.Join(root, "conf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		want = append(want, "fluent-bit/etc/live-status/"+f.Name())
	}
	var got []string
	err = filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			name, _ := filepath.Rel(dir, p)
			got = append(got, filepath.ToSlash(name))
		}
		return err
	})
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("the image has (%v)\n%s\nwant\n%s", err, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if info, err := os.Stat(filepath.Join(dir, "var", "lib", "fluent-bit")); err != nil || !info.IsDir() {
		t.Errorf("the folder for the cursor: %v", err)
	}
}

// command prepares a program of the image.
func command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, filepath.Join(dir, "fluent-bit", "bin", name), args...)
}

// checkRuns starts what can be started without a container.
func checkRuns(t *testing.T, dir string, s stage, version string) {
	t.Helper()
	if out := run(t, command(t.Context(), dir, "live-status", "version")); !strings.Contains(out, version) {
		t.Errorf("live-status version says %q, want %s in it", out, version)
	}
	args := s.one(t, "CMD").Args
	config := filepath.Join(dir, args[slices.Index(args, "-c")+1])
	data, err := os.ReadFile(config)
	if err != nil {
		t.Fatalf("the default configuration: %v", err)
	}
	// The paths of the image are below the folder here.
	text := strings.ReplaceAll(string(data), "/fluent-bit/plugins", filepath.Join(dir, "fluent-bit", "plugins"))
	tried := filepath.Join(t.TempDir(), "tried.yaml")
	if err := os.WriteFile(tried, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	checkHost(t, dir, tried)
	checkFluentBit(t, dir, tried)
}

func checkHost(t *testing.T, dir, config string) {
	t.Helper()
	host, err := filepath.Abs(filepath.Join(root, "build", "live-status-host"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(host); err != nil {
		t.Fatalf("%v: run `make build` first", err)
	}
	for _, c := range []string{config, filepath.Join(dir, "fluent-bit", "etc", "live-status", "output-audit-log.yaml")} {
		data, err := os.ReadFile(c)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(data), " /fluent-bit/plugins", " "+filepath.Join(dir, "fluent-bit", "plugins"))
		tried := filepath.Join(t.TempDir(), "host.yaml")
		if err := os.WriteFile(tried, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		// What its inputs and outputs need is not there: it is enough that they are known.
		out, err := exec.CommandContext(t.Context(), host, "-c", tried, "--check").CombinedOutput()
		for _, complaint := range []string{"error opening plugin", "could not load", "is no Go plugin", "FLBPlugin"} {
			if strings.Contains(string(out), complaint) {
				t.Errorf("%s: %v\n%s", c, err, out)
			}
		}
	}
}
