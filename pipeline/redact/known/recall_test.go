package known_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

// alphabets are what values are made of.
var alphabets = []struct{ name, chars string }{
	{"alnum", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"},
	{"hex", "0123456789abcdef"},
	{"signs", `abcXYZ019"\/<>&'%+=-_ {}[]:;,.!?$#@~^|*()`},
	{"escapes", `\nu0041x%2fFé"ab`},
	{"unicode", "äöüßéñ漢字かな😀🔑абвxyz1"},
	{"lines", "abcdef ghijkl\nABC\tXYZ0123"},
}

func randomValue(r *rand.Rand, chars string, least int) string {
	runes := []rune(chars)
	for {
		var out strings.Builder
		for range least + r.IntN(34) {
			out.WriteRune(runes[r.IntN(len(runes))])
		}
		if s := strings.TrimSpace(out.String()); len(strings.Join(strings.Fields(s), "")) >= least && len(s) >= least {
			return s
		}
	}
}

var befores = []string{"", " ", "password=", `{"spec":{"data":"`, "kubectl set env deploy/web A=", "\n", `C:\`, "ärger ", "https://x/?p=", "%4", `"\"`, "-", "a"}

var afters = []string{"", " ", `"}}`, "\n", "&q=1", ".", "\\", "%", "é", "=", "z9"}

// leaks reports whether a reader finds value in text.
func leaks(text, value string, depth int) bool {
	seen := map[string]bool{}
	readings(text, depth, seen)
	// Lines may be joined with the white space of the value's own.
	bare := strings.Join(strings.Fields(value), "")
	for s := range seen {
		if strings.Contains(s, value) || (bare == value && strings.Contains(s, bare)) {
			return true
		}
	}
	return false
}

// tally counts what was found.
type tally struct{ found, planted int }

func (c tally) String() string {
	return fmt.Sprintf("%6.2f %% of %d", 100*float64(c.found)/float64(c.planted), c.planted)
}

// TestRecall plants values of all alphabets in every form and in every form of
// every form, and counts those that are found.
func TestRecall(t *testing.T) {
	rounds := 4
	if testing.Short() {
		rounds = 1
	}
	boundary := map[string]*tally{}
	single, nested := map[string]*tally{}, map[string]*tally{}
	alphabet := map[string]*tally{}
	count := func(m map[string]*tally, name string, ok bool) {
		if m[name] == nil {
			m[name] = new(tally)
		}
		m[name].planted++
		m[name].found += btoi(ok)
	}
	r := rand.New(rand.NewPCG(1, 2))
	shown := 0
	for _, a := range alphabets {
		for round := range rounds {
			values := make([]known.Value, 8)
			for i := range values {
				values[i] = known.Value{Name: fmt.Sprintf("key-%d", i), Text: randomValue(r, a.chars, 8)}
			}
			set, skipped := known.Compile(values, known.Options{})
			if len(skipped) > 0 {
				t.Fatal(skipped)
			}
			for _, outer := range writers {
				inners := writers
				if outer.name != "lines" && outer.name != "continued" {
					inners = slices.Concat(writers, innermost)
				}
				for _, inner := range inners {
					if outer.name == "query" && strings.HasPrefix(inner.name, "hex-space") {
						continue // Plus signs alone tell no form.
					}
					v := values[r.IntN(len(values))]
					planted := outer.write(r, inner.write(r, v.Text))
					before, after := befores[r.IntN(len(befores))], afters[r.IntN(len(afters))]
					text := before + planted + after
					out, ok := set.Replace(text, nil)
					found := ok && !strings.Contains(out, planted) && !leaks(out, v.Text, 2)
					if again, _ := set.Replace(out, nil); again != out {
						t.Errorf("not idempotent: %q, %q", out, again)
					}
					if utf8.ValidString(text) && !utf8.ValidString(out) {
						t.Errorf("%q becomes invalid: %q", text, out)
					}
					if before == `C:\` || before == "%4" {
						// What a reader would make of these is not the value.
						count(boundary, before, found)
						continue
					}
					switch {
					case inner.name == "raw":
						count(single, outer.name, found)
					case outer.name == "raw":
						count(single, inner.name, found)
					}
					count(nested, outer.name+" of "+inner.name, found)
					count(alphabet, a.name, found)
					if !found && shown < 40 {
						shown++
						t.Logf("missed (%s, round %d, ok %v): %s of %s: value %q in %q + %q + %q, became %q",
							a.name, round, ok, outer.name, inner.name, v.Text, before, planted, after, out)
					}
				}
			}
		}
	}
	if sum := show(t, "form", single, true); sum.found < sum.planted {
		t.Error("a form is missed")
	}
	if sum := show(t, "form of form", nested, false); 1000*sum.found < 999*sum.planted {
		t.Error("more than one in a thousand is missed")
	}
	show(t, "text before", boundary, true)
	show(t, "alphabet", alphabet, true)
}

// show prints the recall, and of those that are perfect only the number unless
// all are asked for.
func show(t *testing.T, kind string, m map[string]*tally, all bool) tally {
	t.Helper()
	names := make([]string, 0, len(m))
	sum := tally{}
	perfect := 0
	for name, c := range m {
		sum.found += c.found
		sum.planted += c.planted
		if c.found == c.planted {
			perfect++
		}
		if all || c.found < c.planted {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		t.Logf("%-28s %v", name, m[name])
	}
	t.Logf("by %s: %d of %d kinds without a miss, %v", kind, perfect, len(m), sum)
	return sum
}
