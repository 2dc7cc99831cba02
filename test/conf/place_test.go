package conf

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/test/controlplane"
)

// place is where a configuration of conf/ is tried: a folder that stands in for
// the paths it names, with the files that are to lie there.
type place struct {
	dir  string
	text string
	// hook holds certificates for 127.0.0.1, and those of a client.
	hook controlplane.AuditWebhook
	// expected are warnings that the configuration may cause.
	expected []string
	env      []string
}

const forwardToken = "a-token-for-the-downstream"

// newPlace copies the configuration, with the paths and the API server that it
// names replaced.
func newPlace(t *testing.T, name string, api apiServer) *place {
	t.Helper()
	p := &place{dir: t.TempDir(), text: read(t, filepath.Join("..", "..", "conf", name))}
	var err error
	if p.hook, err = controlplane.NewAuditWebhook(t.Context(), p.dir, controlplane.WebhookMutualTLS); err != nil {
		t.Fatal(err)
	}
	for path, source := range map[string]string{
		"etc/tls/tls.crt": p.hook.CertFile, "etc/tls/tls.key": p.hook.KeyFile, "etc/tls/ca.crt": p.hook.CAFile,
		"etc/audit/client-ca.crt": p.hook.ClientCAFile,
	} {
		p.write(t, path, read(t, source))
	}
	p.write(t, "etc/audit/token", "a-token-for-the-webhook")
	p.write(t, "etc/forward/token", forwardToken)
	p.write(t, "state/.keep", "")
	p.write(t, "audit/audit.log", "")
	for old, path := range map[string]string{
		"/fluent-bit/plugins": file(t, "build"), "/etc/live-status": p.path("etc"),
		"/var/lib/fluent-bit": p.path("state"), "/var/log/kubernetes/audit": p.path("audit"),
	} {
		p.text = strings.ReplaceAll(p.text, old, path)
	}
	p.reach(api)
	return p
}

// watches finds what reads a cluster in each part of a configuration: inputs,
// and the output where it watches objects.
var watches = map[string]*regexp.Regexp{
	"inputs":  regexp.MustCompile(`(?m)^( +)(?:- )?name(:?)\s+(?:live_status|kubernetes_events)$`),
	"outputs": regexp.MustCompile(`(?m)^( +)kube_objects(:?) on$`),
}

// reach names the API server where the cluster is read.
func (p *place) reach(api apiServer) {
	at := max(strings.Index(p.text, "outputs:"), strings.Index(p.text, "[OUTPUT]"))
	add := func(part, text string) string {
		return watches[part].ReplaceAllStringFunc(text, func(line string) string {
			m := watches[part].FindStringSubmatch(line)
			indent := m[1]
			if strings.HasPrefix(line, indent+"- ") {
				indent += "  "
			}
			for _, o := range [][2]string{{"kube_url", api.url}, {"kube_ca_file", api.caFile}, {"kube_token_file", api.tokenFile}} {
				line += fmt.Sprintf("\n%s%s%s %s", indent, o[0], m[2], o[1])
			}
			return line
		})
	}
	p.text = add("inputs", p.text[:at]) + add("outputs", p.text[at:])
}

func (p *place) path(elements ...string) string {
	return filepath.Join(append([]string{p.dir}, elements...)...)
}

func (p *place) write(t *testing.T, name, text string) string {
	t.Helper()
	path := p.path(filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	return write(t, path, text)
}

// replace puts something in the place of a text that the configuration must
// have.
func (p *place) replace(t *testing.T, old, text string) {
	t.Helper()
	if !strings.Contains(p.text, old) {
		t.Fatalf("the configuration has no %q", old)
	}
	p.text = strings.ReplaceAll(p.text, old, text)
}

// config writes the configuration; the ending says its format.
func (p *place) config(t *testing.T, file string) string {
	t.Helper()
	return p.write(t, filepath.Base(file), p.text)
}

// trail puts a recorded audit log where the configuration expects one, and
// returns its lines.
func (p *place) trail(t *testing.T) []string {
	t.Helper()
	text := recorded(t, "audit-metadata.jsonl.gz")
	p.write(t, "audit/audit.log", text)
	return strings.Split(strings.TrimSpace(text), "\n")
}

// recorded reads what the end-to-end tests keep.
func recorded(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "e2e", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return string(data)
}
