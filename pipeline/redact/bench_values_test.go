package redact_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
	"github.com/fluent-live/live-status/pipeline/redact/known"
	"github.com/fluent-live/live-status/pipeline/redact/pattern"
	"github.com/fluent-live/live-status/pipeline/redact/plant"
)

// sensitive returns n values of all kinds.
func sensitive(n int) []known.Value {
	r := rand.New(rand.NewPCG(6, uint64(n)))
	kinds := plant.Kinds()
	values := make([]known.Value, n)
	for i := range values {
		values[i] = known.Value{Name: fmt.Sprintf("shop/secret-%d/key", i), Text: kinds[i%len(kinds)].New(r)}
	}
	return values
}

// unique are the parts of records that are seldom the same: identifiers, times,
// versions and digests, as hexadecimal or decimal digits.
var unique = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}` +
	`|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|[0-9a-f]{64}|"resourceVersion":"\d+"|-[0-9a-f]{8,10}\b`)

// varied returns copies of records that differ in what is unique. Without that
// a benchmark would only tell how fast the same strings are met again.
func varied(recs []event.Record, copies int) (out []event.Record) {
	r := rand.New(rand.NewPCG(6, 6))
	for range copies {
		known := map[string]string{}
		other := func(s string) string {
			return unique.ReplaceAllStringFunc(s, func(old string) string {
				if known[old] != "" {
					return known[old]
				}
				b := []byte(old)
				for i, c := range b {
					switch {
					case '0' <= c && c <= '9':
						b[i] = byte('0' + r.IntN(10))
					case 'a' <= c && c <= 'f' && !strings.HasPrefix(old, `"`):
						b[i] = byte('a' + r.IntN(6))
					}
				}
				known[old] = string(b)
				return string(b)
			})
		}
		for _, rec := range recs {
			audit, object := *rec.Audit, *rec.Object
			rec.Audit, rec.Object = &audit, &object
			rec.ID = event.RecordID(other(string(rec.ID)))
			for _, ref := range []*event.ObjectRef{&object, &audit.Object} {
				ref.UID = event.UID(other(string(ref.UID)))
				ref.Name = other(ref.Name)
			}
			audit.RequestURI = other(audit.RequestURI)
			audit.Request, audit.Response = event.JSON(other(string(audit.Request))), event.JSON(other(string(audit.Response)))
			out = append(out, rec)
		}
	}
	return out
}

// BenchmarkRedactor measures all layers together, by the number of known values:
// of bodies of requests and responses alone, and of whole audit records with them,
// of which the bytes of the bodies count. None of the values occurs: what is
// measured is the search.
func BenchmarkRedactor(b *testing.B) {
	rules, err := pattern.Load(pattern.Options{})
	if err != nil {
		b.Fatal(err)
	}
	recs, mean := sized(b, 500, 6500)
	recs = varied(recs, 24)
	for _, n := range []int{10, 100, 1_000, 10_000} {
		set, _ := known.Compile(sensitive(n), known.Options{})
		r := redact.New(redact.Options{
			Salt: salt, Values: fixed{set}, Patterns: rules, EnvNames: strings.Split(config.DefaultEnvNames, ","),
		})
		b.Run(fmt.Sprintf("of=bodies/values=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(mean))
			i := 0
			for b.Loop() {
				a := recs[i%len(recs)].Audit
				for _, body := range [...]event.JSON{a.Request, a.Response} {
					if body != "" {
						r.Object(a.Object, body)
					}
				}
				i++
			}
		})
		b.Run(fmt.Sprintf("of=records/values=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(mean))
			i := 0
			for b.Loop() {
				r.Redact(recs[i%len(recs)])
				i++
			}
		})
	}
}

// BenchmarkCompile measures what a change of a value costs in the background,
// and the memory that the set holds from then on.
func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		b.Run(fmt.Sprintf("values=%d", n), func(b *testing.B) {
			values := sensitive(n)
			var set *known.Set
			b.ReportAllocs()
			for b.Loop() {
				set, _ = known.Compile(values, known.Options{})
			}
			b.ReportMetric(float64(set.Bytes())/(1<<20), "MiB-held")
			runtime.KeepAlive(set)
		})
	}
}
