package redact_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/redact"
	"github.com/fluent-live/live-status/pipeline/redact/known"
)

// TestHostileCommands redacts words of a command that took minutes as long as all
// that follows was looked at anew for each of their names.
func TestHostileCommands(t *testing.T) {
	r := redact.New(redact.Options{Salt: salt, EnvNames: strings.Split(config.DefaultEnvNames, ",")})
	const n = 450 << 10
	for name, word := range map[string]string{
		"quotes at the end":        "x" + strings.Repeat("a=", n) + strings.Repeat("'", n),
		"double quotes at the end": "x" + strings.Repeat("a=", n) + strings.Repeat("\\\"", n),
		"digits at the end":        "x=" + strings.Repeat("1=", n) + strings.Repeat("1", n) + "ms",
		"quotes everywhere":        "x=" + strings.Repeat("'=", n),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			r.Document(`{"kind":"Pod","spec":{"containers":[{"args":["`+word+`"]}]}}`, nil)
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// TestLeaks holds what once came through.
func TestLeaks(t *testing.T) {
	const plain, number = "plum-Grotto7x", "12345678"
	set, _ := known.Compile([]known.Value{{Name: "NUMBER", Text: number}}, known.Options{})
	r := redact.New(redact.Options{Salt: salt, Values: fixed{set}, EnvNames: strings.Split(config.DefaultEnvNames, ",")})
	for name, document := range map[string]string{
		"a variable named PASS":     `{"kind":"Pod","spec":{"containers":[{"env":[{"name":"DB_PASS","value":"` + plain + `"},{"name":"MYSQL_PW","value":"` + plain + `"}]}]}}`,
		"a field named pass":        `{"kind":"HelmRelease","spec":{"values":{"redisPass":"` + plain + `","admin":{"pass":"` + plain + `"},"adminPw":"` + plain + `"}}}`,
		"settings named pass":       `{"kind":"ConfigMap","data":{"a.conf":"SMTP_PASS=` + plain + `\nx: y\nsmtpPass: ` + plain + `\n"}}`,
		"a kind that makes Secrets": `{"kind":"ClusterSecret","data":{"pw":{"value":"` + plain + `"}}}`,
		"a template of a Secret":    `{"kind":"ExternalSecret","spec":{"target":{"template":{"data":{"pw":"` + plain + `"}}}}}`,
		"a federated Secret":        `{"kind":"FederatedSecret","spec":{"template":{"data":{"pw":"` + plain + `"}}}}`,
		"a number with an exponent": `{"a":1.2345678e+07}`,
		"a number with a fraction":  `{"a":12345678.0}`,
		"a number in a string":      `{"a":"1.2345678e+07"}`,
		"a long escape in a key":    `{"kind":"ConfigMap","data":{"a.yaml":"kind: Secret\n\"d\\U00000061ta\":\n  pw: ` + plain + `\n"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			out, _ := r.Document(document, nil)
			for _, leak := range []string{plain, number, "1.2345678e"} {
				if strings.Contains(out, leak) {
					t.Errorf("%s is in %s", leak, out)
				}
			}
		})
	}
	for name, document := range map[string]string{
		"where a Secret comes from": `{"kind":"ExternalSecret","spec":{"data":[{"secretKey":"pw","remoteRef":{"key":"shop/db"}}]}}`,
		"how many tests pass":       `{"kind":"PolicyReport","summary":{"pass":1500,"fail":0}}`,
		"other numbers":             `{"a":1.5e3,"b":1.2345679e+07,"c":-0.5}`,
	} {
		t.Run(name, func(t *testing.T) {
			if out, _ := r.Document(document, nil); out != document {
				t.Errorf("%s became %s", document, out)
			}
		})
	}
}
