package config

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// mistakes unpacks the joined error of Parse.
func mistakes(t testing.TB, err error) []*KeyError {
	t.Helper()
	if err == nil {
		return nil
	}
	var out []*KeyError
	var walk func(error)
	walk = func(err error) {
		var joined interface{ Unwrap() []error }
		var ke *KeyError
		switch {
		case errors.As(err, &ke) && err == error(ke): //nolint:errorlint // The leaf itself is wanted.
			out = append(out, ke)
		case errors.As(err, &joined):
			for _, e := range joined.Unwrap() {
				walk(e)
			}
		default:
			t.Fatalf("error %T is no *KeyError: %v", err, err)
		}
	}
	walk(err)
	return out
}

// hostKeys is what a host does: keys compare without regard to case.
func hostKeys(set map[string]string) Getter {
	lower := map[string]string{}
	for k, v := range set {
		lower[strings.ToLower(k)] = v
	}
	return GetterFunc(func(key string) string { return lower[strings.ToLower(key)] })
}

// TestOneSlip misspells a key by one slip, in ways of its own making rather
// than those of the code, and expects the right key to be named.
func TestOneSlip(t *testing.T) {
	options := Options()
	keys := make([]string, len(options))
	for i, o := range options {
		keys[i] = o.Key
	}
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SampledFrom(keys).Draw(t, "key")
		letter := rapid.SampledFrom([]byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"))
		b := []byte(key)
		switch rapid.SampledFrom([]string{"insert", "delete", "replace", "swap"}).Draw(t, "slip") {
		case "insert":
			b = slices.Insert(b, rapid.IntRange(0, len(b)).Draw(t, "at"), letter.Draw(t, "letter"))
		case "delete":
			i := rapid.IntRange(0, len(b)-1).Draw(t, "at")
			b = slices.Delete(b, i, i+1)
		case "replace":
			b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] = letter.Draw(t, "letter")
		case "swap":
			i := rapid.IntRange(0, len(b)-2).Draw(t, "at")
			b[i], b[i+1] = b[i+1], b[i]
		}
		wrong := strings.ToLower(string(b))
		if slices.Contains(keys, wrong) || reserved(wrong) {
			return
		}
		found := misspellings(hostKeys(map[string]string{string(b): "hunter2"}), options)
		if len(found) != 1 {
			t.Fatalf("%q: found %d misspellings: %v", b, len(found), found)
		}
		e := found[0]
		if e.Key != wrong || !slices.Contains(e.Meant, key) {
			t.Errorf("%q: got %v, want it to name %q", b, e, key)
		}
		if strings.Contains(e.Error(), "hunter2") {
			t.Errorf("%q: the value shows: %v", b, e)
		}
	})
}

func TestMisspellings(t *testing.T) {
	tests := []struct{ wrong, want string }{
		{"kube_namespce", `unknown key "kube_namespce": did you mean "kube_namespace"?`},
		{"Kube_Namespaces", `unknown key "kube_namespaces": did you mean "kube_namespace"?`},
		{"kube-ca-file", `unknown key "kube-ca-file": did you mean "kube_ca_file"?`},
		{"kubeTokenFile", `unknown key "kubetokenfile": did you mean "kube_token_file"?`},
		{"namespace", `unknown key "namespace": did you mean "kube_namespace"?`},
		{"kubeconfig", `unknown key "kubeconfig": did you mean "kube_config"?`},
		{"kubernetes_url", `unknown key "kubernetes_url": did you mean "kube_url"?`},
		{"k8s_url", `unknown key "k8s_url": did you mean "kube_url"?`},
		{"token_file", `unknown key "token_file": did you mean "kube_token_file"?`},
		{"kube_token", `unknown key "kube_token": did you mean "kube_token_file"?`},
		{"ca_file", `unknown key "ca_file": did you mean "kube_ca_file"?`},
		{"label_selector", `unknown key "label_selector": did you mean "kube_label_selector"?`},
		{"kube_label_selectors", `unknown key "kube_label_selectors": did you mean "kube_label_selector"?`},
		{"db_sync", `unknown key "db_sync": did you mean "db.sync"?`},
		{"db_journal_mode", `unknown key "db_journal_mode": did you mean "db.journal_mode"?`},
		{"db_path", `unknown key "db_path": did you mean "db"?`},
		{"interval_xsec", `unknown key "interval_xsec": did you mean "interval_sec" or "interval_nsec"?`},
		{"retention_time", `unknown key "retention_time": did you mean "kube_retention_time"?`},
		{"tls_verify", `unknown key "tls_verify": did you mean "kube_tls_verify"?`},
	}
	for _, tt := range tests {
		t.Run(tt.wrong, func(t *testing.T) {
			_, err := Parse(hostKeys(map[string]string{tt.wrong: "hunter2"}))
			if err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestReservedKeysAreNoMisspellings(t *testing.T) {
	set := map[string]string{}
	for _, k := range []string{"tag", "alias", "host", "port", "log_level", "tls", "tls.verify", "storage.type", "threaded", "mem_buf_limit"} {
		set[k] = "x"
	}
	if _, err := Parse(hostKeys(set)); err != nil {
		t.Error(err)
	}
}

func TestRememberedKeysExist(t *testing.T) {
	known := map[string]bool{}
	for _, o := range append(Options(), forwardOptions()...) {
		known[o.Key] = true
	}
	for _, m := range remembered() {
		if !known[m.key] {
			t.Errorf("%q is no key", m.key)
		}
		for wrong := range strings.FieldsSeq(m.wrong) {
			if known[wrong] || reserved(wrong) {
				t.Errorf("%q is a key, it cannot stand for %q", wrong, m.key)
			}
		}
	}
}

// TestProbesAreBounded keeps the search cheap: the host looks every key up in
// a list, across a call from Go to C.
func TestProbesAreBounded(t *testing.T) {
	n := 0
	if _, err := Parse(GetterFunc(func(string) string { n++; return "" })); err != nil {
		t.Fatal(err)
	}
	if most := 1_300 * len(Options()); n >= most {
		t.Errorf("%d calls of Get, want fewer than %d", n, most)
	}
	t.Logf("%d calls of Get", n)
}

func BenchmarkParse(b *testing.B) {
	g := hostKeys(map[string]string{"kube_namespace": "default"})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(g); err != nil {
			b.Fatal(err)
		}
	}
}
