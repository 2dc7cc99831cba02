package pattern

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const (
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lowers = "abcdefghijklmnopqrstuvwxyz"
	digits = "0123456789"
)

// classes are the sets of characters in testdata/shapes.yaml.
var classes = map[string]string{
	"an": upper + lowers + digits, "lc": lowers + digits, "uc": upper + digits, "l": lowers, "d": digits,
	"hx": "0123456789abcdef", "HX": "0123456789ABCDEF", "u": upper + lowers + digits + "_-",
	"b": upper + lowers + digits + "+/", "b32": upper + "234567", "b32l": lowers + "234567",
	"bech": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", "dot": upper + lowers + digits + "./",
	"p": upper + lowers + digits + "!%*^~.-_", "c3": "AEIMQUYcgk", "c4": "wxyz012345", "d1": "1",
}

var field = regexp.MustCompile(`\{(\w+):(\d+)(?:-(\d+))?\}`)

// shape is a template, and what of it is the secret.
func expand(r *rand.Rand, template string) (text string, longest string) {
	text = field.ReplaceAllStringFunc(template, func(s string) string {
		m := field.FindStringSubmatch(s)
		class, ok := classes[m[1]]
		if !ok {
			panic("no class " + m[1])
		}
		n, _ := strconv.Atoi(m[2])
		if most, err := strconv.Atoi(m[3]); err == nil {
			n += r.IntN(most - n + 1)
		}
		out := make([]byte, n)
		for i := range out {
			out[i] = class[r.IntN(len(class))]
		}
		if len(out) > len(longest) {
			longest = string(out)
		}
		return string(out)
	})
	return text, longest
}

// contexts are the places where a credential can stand in a text.
var contexts = []struct {
	name string
	wrap func(s string) string
	// bare says that a template which has its own context fits.
	bare bool
}{
	{"bare", func(s string) string { return s }, true},
	{"quoted", func(s string) string { return `"` + s + `"` }, true},
	{"export", func(s string) string { return "export X=" + s }, false},
	{"json", func(s string) string { return `{"a":1,"x":` + strconv.Quote(s) + `}` }, false},
	{"yaml", func(s string) string { return "a: b\nx: " + s + "\nc: d\n" }, false},
	{"query", func(s string) string { return "https://example.com/a?x=" + url.QueryEscape(s) + "&y=1" }, false},
	{"header", func(s string) string { return "X-Thing: " + s + "\r\nAccept: */*\r\n" }, false},
	{"flag", func(s string) string { return "tool --thing " + s + " --quiet" }, true},
	{"sentence", func(s string) string { return "it was told that " + s + " is of use here" }, true},
	{"point", func(s string) string { return "they wrote " + s + "." }, true},
	{"comma", func(s string) string { return "(" + s + ", and more)" }, true},
	{"lines", func(s string) string { return "first\n" + s + "\nlast" }, true},
}

var tokenOnly = regexp.MustCompile(`^[A-Za-z0-9+/=_.~$%:@-]+$`)

// TestShapes plants random credentials of each documented shape in each
// context and prints how many are found, by rule.
func TestShapes(t *testing.T) {
	text, err := os.ReadFile("testdata/shapes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var shapes map[string][][]string
	if err := yaml.Unmarshal(text, &shapes); err != nil {
		t.Fatal(err)
	}
	s := load(t)
	r := rand.New(rand.NewPCG(1, 2))
	const rounds = 8
	all, missed := 0, 0
	var lines []string
	for _, rule := range s.rules {
		templates := shapes[rule.id]
		if len(templates) == 0 {
			t.Errorf("no shapes of rule %s", rule.id)
		}
		n, bad := 0, 0
		for _, parts := range templates {
			template := strings.Join(parts, "")
			for _, c := range contexts {
				if !c.bare && !tokenOnly.MatchString(field.ReplaceAllString(template, "x")) {
					continue
				}
				for range rounds {
					planted, secret := expand(r, template)
					if secret == "" {
						continue
					}
					in := c.wrap(planted)
					out, ok := s.Replace(in, At{}, nil)
					n++
					if !ok || out == in || strings.Contains(out, secret) {
						if bad++; bad <= 2 {
							lines = append(lines, fmt.Sprintf("  missed %s in %s: %.200q becomes %.200q", rule.id, c.name, in, out))
						}
					}
				}
			}
		}
		all, missed = all+n, missed+bad
		lines = append(lines, fmt.Sprintf("%6.2f %% of %4d %s", 100*float64(n-bad)/float64(max(1, n)), n, rule.id))
		if float64(bad) > .05*float64(n) {
			t.Errorf("rule %s misses %d of %d", rule.id, bad, n)
		}
	}
	slices.Sort(lines)
	t.Logf("%.2f %% of %d are found\n%s", 100*float64(all-missed)/float64(all), all, strings.Join(lines, "\n"))
	if float64(missed) > .01*float64(all) {
		t.Errorf("%d of %d are missed", missed, all)
	}
}
