package docs

import (
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fluent-live/live-status/test/controlplane"
	"github.com/fluent-live/live-status/test/fluentbit"
	"github.com/fluent-live/live-status/test/helmcli"
)

// place is a machine as the documentation expects it: a cluster, and programs that are
// found by their names.
type place struct {
	cluster *controlplane.Cluster
	// dir is the working folder, with the files of a checkout in it.
	dir, bin, home string
	env            []string
	helm           func() error
}

func newPlace(t *testing.T, c *controlplane.Cluster) *place {
	t.Helper()
	p := &place{cluster: c, dir: t.TempDir(), bin: t.TempDir(), home: t.TempDir()}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	programs := map[string]string{
		"live-status":      repository(t, "build", "live-status"),
		"live-status-host": repository(t, "build", "live-status-host"),
		"kubectl":          kubectl(t),
		"jq":               self,
		"sqlite3":          self,
	}
	if path := fluentbit.Path(); path != "" {
		programs["fluent-bit"] = path
	} else {
		t.Log("NO FLUENT BIT FOUND: what calls it is not run")
	}
	for name, path := range programs {
		link(t, path, filepath.Join(p.bin, name))
	}
	for _, folder := range []string{"build", "charts", "docs"} {
		link(t, repository(t, folder), filepath.Join(p.dir, folder))
	}
	p.configurations(t)
	p.helm = sync.OnceValue(func() error {
		path, err := helmcli.Build(t.Context())
		if err != nil {
			return err
		}
		return os.Symlink(path, filepath.Join(p.bin, "helm"))
	})
	p.env = append(goEnvironment(t),
		"PATH="+strings.Join([]string{p.bin, "/usr/local/bin", "/usr/bin", "/bin", filepath.Dir(tool(t, "go"))}, ":"),
		"HOME="+p.home, "TMPDIR="+t.TempDir(), "KUBECONFIG="+c.Kubeconfig(), "FLUENT_BIT="+fluentbit.Path())
	return p
}

func link(t *testing.T, to, name string) {
	t.Helper()
	if _, err := os.Stat(to); err != nil {
		t.Fatalf("%v: run `make build` first", err)
	}
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// goEnvironment is where go keeps what it has built, for a home folder that is empty.
func goEnvironment(t *testing.T) []string {
	t.Helper()
	var env []string
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GOSUMDB", "GONOSUMDB", "GOFLAGS", "GOTOOLCHAIN"} {
		out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+strings.TrimSpace(string(out)))
	}
	return env
}

// configurations copies conf/, made to fit this machine.
func (p *place) configurations(t *testing.T) {
	t.Helper()
	source := repository(t, "conf")
	err := filepath.WalkDir(source, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(source, path)
		if err != nil {
			return err
		}
		p.write(t, filepath.Join("conf", name), p.adapted(read(t, path)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// adapted puts folders of the test in the place of the system's, and names the cluster
// where the input would take that of its own pod.
func (p *place) adapted(text string) string {
	for old, folder := range map[string]string{
		"/var/lib/fluent-bit": "state", "/etc/live-status": "etc", "/var/log/kubernetes": "log",
	} {
		text = strings.ReplaceAll(text, old, filepath.Join(p.dir, folder))
	}
	text = strings.ReplaceAll(text, "/fluent-bit/plugins", filepath.Join(p.dir, "build"))
	config := p.cluster.Kubeconfig()
	text = strings.Replace(text, "    - name: live_status\n", "    - name: live_status\n      kube_config: "+config+"\n", 1)
	return strings.Replace(text, "    name          live_status\n", "    name          live_status\n    kube_config   "+config+"\n", 1)
}

func (p *place) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// namespace makes sure that there is one.
func (p *place) namespace(t *testing.T, name string) {
	t.Helper()
	_, err := p.cluster.Client().CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}

// recorded unpacks a file that the end-to-end tests keep.
func (p *place) recorded(t *testing.T, name, as string) {
	t.Helper()
	f, err := os.Open(repository(t, "test", "e2e", "testdata", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	p.write(t, as, string(data))
}

// values renders the chart with the values of a block.
func (p *place) values(t *testing.T, b block) string {
	t.Helper()
	if err := p.helm(); err != nil {
		t.Fatal(err)
	}
	args := []string{"template", "live-status", repository(t, "charts", "live-status"), "-f", p.write(t, "values.yaml", b.text)}
	if !strings.Contains(b.text, "clusterName:") {
		args = append(args, "--set", "clusterName=production")
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(p.bin, "helm"), args...)
	cmd.Env = p.env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("helm %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return "values, with which the chart is rendered"
}
