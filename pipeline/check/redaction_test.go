package check

import (
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/config"
)

func TestRedaction(t *testing.T) {
	dir := t.TempDir()
	env, broken, rules := dir+"/values.env", dir+"/values.json", dir+"/rules.yaml"
	write(t, env, []byte("DB_PASSWORD=geheim-12345678\nAPI_KEY=geheim-abcdefgh\nPIN=12\n"))
	write(t, broken, []byte(`{"a": "geheim-1234`))
	write(t, rules, []byte("rules: [{id: x, nonsense: geheim}]\n"))
	for _, tt := range []struct {
		name   string
		values config.Map
		want   string
	}{
		{"none", nil, "redaction ok: ... rules; redact_values_path is not set"},
		{"values", config.Map{"redact_values_path": env}, "redaction ok: 2 values from " + env + ", ... rules; 1 value too short"},
		{"gone", config.Map{"redact_values_path": dir + "/gone"}, "redaction failed: ...gone... -> let this process read it, or set redact_start to withhold"},
		{"gone, withheld", config.Map{"redact_values_path": dir + "/gone", "redact_start": "withhold"}, "redaction warning: ...gone... -> ...the payload of every record is withheld"},
		{"broken", config.Map{"redact_values_path": broken}, "redaction failed: ...values.json"},
		{"rules", config.Map{"redact_rules_file": rules}, "redaction failed: ...rules.yaml... -> correct the rule"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rows := only(t, Redaction, offline(tt.values))
			says(t, rows, tt.want)
			if strings.Contains(text(rows), "geheim") {
				t.Errorf("a value is told: %s", text(rows))
			}
		})
	}
}
