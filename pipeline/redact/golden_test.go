package redact_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

var update = flag.Bool("update", false, "write what is got into the golden files")

var salt = bytes.Repeat([]byte("salt"), 8)

// canary stands for a secret value in the goldens.
const canary = "s3cr3t-CANARY"

// TestGolden redacts the record of each file, named after the leak it guards
// against, and compares what is encoded.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("find goldens: %v, %v", files, err)
	}
	r := redact.New(redact.Options{Salt: salt, EnvNames: strings.Split(config.DefaultEnvNames, ",")})
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var rec, before event.Record
			for _, v := range []*event.Record{&rec, &before} {
				if err := yaml.UnmarshalStrict(ar.Files[0].Data, v); err != nil {
					t.Fatal(err)
				}
			}
			out := r.Redact(rec)
			if !reflect.DeepEqual(rec, before) {
				t.Error("the record given was changed")
			}
			encoded, err := encode.AppendJSON(nil, out)
			if err != nil {
				t.Fatal(err)
			}
			if s := leak(encoded, canary); s != "" {
				t.Errorf("the canary leaks as %q", s)
			}
			var indented bytes.Buffer
			if err := json.Indent(&indented, encoded, "", "  "); err != nil {
				t.Fatal(err)
			}
			indented.WriteByte('\n')
			if *update {
				ar.Files = append(ar.Files[:1], txtar.File{Name: "redacted.json", Data: indented.Bytes()})
				if err := os.WriteFile(file, txtar.Format(ar), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if len(ar.Files) < 2 {
				t.Fatal("no redacted.json; -update writes it")
			}
			if diff := cmp.Diff(string(ar.Files[1].Data), indented.String()); diff != "" {
				t.Errorf("-want +got; -update writes it:\n%s", diff)
			}
			twice, err := encode.AppendJSON(nil, r.Redact(out.Fields()))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(encoded), string(twice)); diff != "" {
				t.Errorf("redacted twice, -once +twice:\n%s", diff)
			}
		})
	}
}

// leak returns the form in which secret occurs in out, "" if it does not.
func leak(out []byte, secret string) string {
	for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))} {
		if bytes.Contains(out, []byte(form)) {
			return form
		}
	}
	return ""
}
