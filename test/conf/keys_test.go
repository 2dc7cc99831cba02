package conf

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/config"
)

// TestEachConfigurationIsTried keeps files from being added to conf/ that nobody
// has started.
func TestEachConfigurationIsTried(t *testing.T) {
	// Read by Kubernetes and by kube-apiserver; the other tests try these.
	others := []string{"audit-policy.yaml", "audit-webhook.kubeconfig.yaml", "rbac.yaml", "rbac-helm.yaml", "rbac-secrets.yaml", "checkmk-service-account.yaml"}
	entries, err := os.ReadDir(file(t, "conf"))
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{}
	for _, c := range configurations() {
		tried[c.file] = true
	}
	for _, e := range entries {
		if !tried[e.Name()] && !slices.Contains(others, e.Name()) {
			t.Errorf("conf/%s is in no test", e.Name())
		}
		delete(tried, e.Name())
	}
	for name := range tried {
		t.Errorf("conf/%s is tried, and is not there", name)
	}
}

// serviceKeys are those of Fluent Bit's section that the files use. It takes any
// other key without a word, misspelt ones too.
var serviceKeys = []string{
	"flush", "grace", "log_level", "hot_reload",
	"storage.path", "storage.sync", "storage.checksum", "storage.max_chunks_up", "storage.backlog.mem_limit", "storage.metrics",
	"storage.delete_irrecoverable_chunks", "scheduler.base", "scheduler.cap",
	"http_server", "http_listen", "http_port", "health_check", "hc_errors_count", "hc_retry_failure_count", "hc_period",
}

// hostKeys are those that Fluent Bit keeps for itself, of each input and output.
var hostKeys = map[string][]string{
	"inputs":  {"name", "tag", "alias", "storage.type", "mem_buf_limit"},
	"outputs": {"name", "match", "match_regex", "alias", "workers", "retry_limit"},
}

func keysOf(options []config.Option) []string {
	out := make([]string, 0, len(options))
	for _, o := range options {
		out = append(out, o.Key)
	}
	return out
}

// yamlFiles are the configurations in YAML, parsed.
func yamlFiles(t *testing.T) map[string]parsed {
	t.Helper()
	out := map[string]parsed{}
	for _, c := range configurations() {
		if filepath.Ext(c.file) == ".yaml" {
			out[c.file] = parsePipeline(t, read(t, file(t, "conf", c.file)))
		}
	}
	return out
}

// Fluent Bit tells of unknown keys of its own plugins, which the other test
// sees. Those of Go plugins and of the service it does not.
func TestKeysExist(t *testing.T) {
	known := map[string][]string{"inputs": keysOf(config.Options()), "outputs": keysOf(config.OutputOptions())}
	for name, c := range yamlFiles(t) {
		for key := range c.Service {
			if !slices.Contains(serviceKeys, key) {
				t.Errorf("%s: Fluent Bit has no service key %s", name, key)
			}
		}
		for section, instances := range map[string][]map[string]any{"inputs": c.Pipeline.Inputs, "outputs": c.Pipeline.Outputs} {
			for _, instance := range instances {
				if instance["name"] != "live_status" {
					continue
				}
				for key := range instance {
					if !slices.Contains(hostKeys[section], key) && !slices.Contains(known[section], key) {
						t.Errorf("%s: live_status has no option %s in %s", name, key, section)
					}
				}
			}
		}
	}
}

// What may not be left out: the defaults lose records.
func TestNothingIsLostByDefault(t *testing.T) {
	for name, c := range yamlFiles(t) {
		if name == "live-status-minimal.yaml" {
			continue
		}
		if path, _ := c.Service["storage.path"].(string); !strings.HasPrefix(path, "/var/lib/fluent-bit/") {
			t.Errorf("%s: storage.path %q", name, path)
		}
		for _, in := range c.Pipeline.Inputs {
			if in["storage.type"] != "filesystem" {
				t.Errorf("%s: input %v keeps its chunks in memory", name, in["name"])
			}
		}
		for _, f := range c.Pipeline.Filters {
			if f["name"] == "rewrite_tag" && f["emitter_storage.type"] != "filesystem" {
				t.Errorf("%s: rewrite_tag keeps its chunks in memory", name)
			}
		}
		for _, out := range c.Pipeline.Outputs {
			limit := any("no_limits")
			if out["name"] == "s3" {
				// To which no_limits is five.
				limit = float64(1000000)
			}
			if out["retry_limit"] != limit && name != "live-status.yaml" {
				t.Errorf("%s: output %v gives up", name, out["name"])
			}
			if workers, _ := out["workers"].(float64); out["name"] == "live_status" && workers < 1 {
				t.Errorf("%s: the output runs on the engine's thread", name)
			}
			if _, found := out["storage.total_limit_size"]; found {
				t.Errorf("%s: output %v drops its oldest chunks", name, out["name"])
			}
		}
	}
}

var (
	commented = regexp.MustCompile(`(?m)^ +# ([a-z.]+[_.][a-z_.]+): `)
	mentioned = regexp.MustCompile(`[a-z.-]+\.yaml`)
)

// Options that the files propose in comments exist, too, and so do the files
// that they name.
func TestCommentsAreRight(t *testing.T) {
	known := slices.Concat(keysOf(config.Options()), keysOf(config.OutputOptions()),
		hostKeys["inputs"], hostKeys["outputs"],
		// Of Fluent Bit's own plugins.
		[]string{"tls", "tenant_id", "http_user", "http_passwd", "header", "endpoint", "path", "parser", "read_from_head", "buffer_chunk_size", "buffer_max_size", "rotate_wait"})
	for _, c := range configurations() {
		text := read(t, file(t, "conf", c.file))
		for _, m := range commented.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(known, m[1]) {
				t.Errorf("%s: a comment proposes the unknown option %s", c.file, m[1])
			}
		}
		for _, name := range mentioned.FindAllString(text, -1) {
			if _, err := os.Stat(file(t, "conf", name)); err != nil && name != "rules.yaml" {
				t.Errorf("%s: %v", c.file, err)
			}
		}
		if !strings.HasPrefix(text, "# ") || !strings.Contains(text, "-c "+c.file) {
			t.Errorf("%s: the head does not say what it is and how it is started", c.file)
		}
	}
}

var optionLike = regexp.MustCompile("`((?:forward|kube|audit|redact|dead_letter|flush|batch)_[a-z_]+)(?::[^`]*)?`")

// The options that docs/OUTPUT.md tells of are those of the output, and its
// configurations are all named.
func TestOutputDocumentation(t *testing.T) {
	doc, known := read(t, file(t, "docs", "OUTPUT.md")), keysOf(config.OutputOptions())
	for _, m := range optionLike.FindAllStringSubmatch(doc, -1) {
		if !slices.Contains(known, m[1]) && m[1] != "redact_" {
			t.Errorf("docs/OUTPUT.md tells of the unknown option %s", m[1])
		}
	}
	for _, c := range configurations() {
		if strings.HasPrefix(c.file, "output-") && !strings.Contains(doc, "../conf/"+c.file) {
			t.Errorf("docs/OUTPUT.md does not name conf/%s", c.file)
		}
	}
}
