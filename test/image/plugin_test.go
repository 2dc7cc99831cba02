package image

import (
	"bytes"
	"context"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/fluentbit"
)

// imageGlibc is the glibc of Fluent Bit's image, which is made of Debian 13.
const imageGlibc = 41

// exports are what Fluent Bit 5.1 looks up in a plugin of Go.
var exports = map[string][]string{
	"in_live_status.so": {
		"FLBPluginExit", "FLBPluginInit", "FLBPluginInputCallbackCtx", "FLBPluginInputCleanupCallbackCtx", "FLBPluginInputPause",
		"FLBPluginInputPreExit", "FLBPluginInputPreRun", "FLBPluginInputResume", "FLBPluginPreRegister", "FLBPluginRegister", "FLBPluginUnregister",
	},
	"out_live_status.so": {
		"FLBPluginExit", "FLBPluginExitCtx", "FLBPluginFlushCtx", "FLBPluginInit", "FLBPluginPreRegister", "FLBPluginRegister", "FLBPluginUnregister",
	},
}

// checkPlugin reads a plugin as the dynamic linker of the image would.
func checkPlugin(t *testing.T, path, arch, built, version string) {
	t.Helper()
	name := filepath.Base(path)
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[arch]; f.Machine != want || f.Type != elf.ET_DYN {
		t.Errorf("%s is a %s of %s, want %s", name, f.Type, f.Machine, want)
	}
	symbols, err := f.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, s := range symbols {
		if s.Section != elf.SHN_UNDEF && strings.HasPrefix(s.Name, "FLB") {
			found = append(found, s.Name)
		}
	}
	slices.Sort(found)
	if !slices.Equal(found, exports[name]) {
		t.Errorf("%s exports\n%s\nwant\n%s", name, strings.Join(found, "\n"), strings.Join(exports[name], "\n"))
	}
	if most, symbol := glibc(t, f); most > imageGlibc {
		t.Errorf("%s needs glibc 2.%d for %s, and Fluent Bit's image has 2.%d", name, most, symbol, imageGlibc)
	} else {
		t.Logf("%s needs glibc 2.%d", name, most)
	}
	// The image has the C library, and of others only those that Fluent Bit needs.
	libraries, err := f.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range libraries {
		if l != "libc.so.6" && !strings.HasPrefix(l, "ld-linux-") {
			t.Errorf("%s needs %s", name, l)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte(version)) {
		t.Errorf("%s does not know its version %s", name, version)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{built, tree + "/", filepath.Join(home, "go") + "/", "/go-build"} {
		if at := bytes.Index(data, []byte(place)); at >= 0 {
			t.Errorf("%s names where it was built: %q", name, data[at:min(at+len(place)+40, len(data))])
		}
	}
}

var glibcVersion = regexp.MustCompile(`^GLIBC_2\.(\d+)`)

// glibc returns the newest version of glibc 2 that a file asks for, and why.
func glibc(t *testing.T, f *elf.File) (most int, symbol string) {
	t.Helper()
	needs, err := f.DynamicVersionNeeds()
	if err != nil {
		t.Fatal(err)
	}
	for _, library := range needs {
		for _, need := range library.Needs {
			m := glibcVersion.FindStringSubmatch(need.Dep)
			if m == nil {
				continue
			}
			n, err := strconv.Atoi(m[1])
			if err != nil {
				t.Fatal(err)
			}
			if n > most {
				most, symbol = n, library.Name+" "+need.Dep
			}
		}
	}
	if most == 0 {
		t.Fatal("the plugin asks for no version of glibc: is it read rightly?")
	}
	return most, symbol
}

// away is a cluster that does not answer.
const away = `apiVersion: v1
kind: Config
current-context: away
contexts: [{name: away, context: {cluster: away, user: nobody}}]
clusters: [{name: away, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: nobody, user: {token: none}}]
`

// checkFluentBit starts the default configuration in a real Fluent Bit. The cluster is
// away: it must start all the same, and go on trying.
func checkFluentBit(t *testing.T, dir, config string) {
	t.Helper()
	program := fluentbit.Path()
	if program == "" {
		t.Log("NOT RUN in a real Fluent Bit: none was found")
		return
	}
	output := filepath.Join(dir, "fluent-bit", "plugins", "out_live_status.so")
	check := exec.CommandContext(t.Context(), program, "-e", output, "-c", config, "--dry-run")
	if out, err := check.CombinedOutput(); err != nil {
		t.Fatalf("--dry-run: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.CommandContext(ctx, program, "-e", output, "-c", config)
	cmd.Stdout, cmd.Stderr = log, log
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, []byte(away), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	said := func() string {
		data, err := os.ReadFile(log.Name())
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	// The stages of the input run once it complains of the cluster.
	for tick := time.NewTicker(50 * time.Millisecond); ; <-tick.C {
		if strings.Contains(said(), "127.0.0.1:1") {
			break
		}
		select {
		case err := <-done:
			t.Fatalf("Fluent Bit ended: %v\n%s", err, said())
		default:
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("Fluent Bit stopped with %v\n%s", err, said())
	}
}
