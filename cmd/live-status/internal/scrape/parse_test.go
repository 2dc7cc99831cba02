package scrape

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// parsed returns what Parse hands on.
func parsed(text string, limits Limits) ([]Sample, error) {
	var got []Sample
	err := Parse(strings.NewReader(text), limits, func(s Sample) { got = append(got, s) })
	return got, err
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name string
		text string
		want []Sample
	}{
		{"nothing", "", nil},
		{"comments", "# HELP a b\n# TYPE a counter\n\n # blank\na 1\n", []Sample{{"a", []Label{}, 1}}},
		{"labels", `a{x="1",y=""} 2.5` + "\n", []Sample{{"a", []Label{{"x", "1"}, {"y", ""}}, 2.5}}},
		{"escapes", `a{x="a\"b\\c\nd|e"} 1` + "\n", []Sample{{"a", []Label{{"x", "a\"b\\c\nd|e"}}, 1}}},
		{"a value with signs of the format", `a{x="} 3 # {y=\"z\""} 1` + "\n", []Sample{{"a", []Label{{"x", `} 3 # {y="z"`}}, 1}}},
		{"exponents and time", "a 1.7e+09 1700000000000\n", []Sample{{"a", []Label{}, 1.7e9}}},
		{"by name", "b 1\na 2\n", []Sample{{"a", []Label{}, 2}, {"b", []Label{}, 1}}},
		{"a type that would need more lines", "# TYPE a histogram\na_bucket{le=\"1\"} 3\n", []Sample{{"a_bucket", []Label{{"le", "1"}}, 3}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parsed(tt.text, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What is not whole, or too much, is an error, and none of it is quoted.
func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		text   string
		limits Limits
		want   string
	}{
		{"half a line", "a 1\nsecret", Limits{}, "line 2 has no end: the metrics were cut off"},
		{"no number", "a secret\n", Limits{}, "no metrics in the text format"},
		{"no format", "<html>secret</html>\n", Limits{}, "no metrics in the text format"},
		{"an open quote", "a{x=\"secret} 1\n", Limits{}, "no metrics in the text format"},
		{"bytes", "a 1\na 2\n", Limits{Bytes: 7}, "more than 7 bytes"},
		{"series", "a 1\nb 2\n", Limits{Series: 1, Prefix: "a"}, "more than 1 series"},
		{"a long line", `a{x="` + strings.Repeat("secret", maxLine/6) + `"} 1` + "\n", Limits{}, "line 1 has more than 65536 bytes"},
		{"labels", "a{" + strings.Repeat("secret=\"\",", maxLabels+1) + "} 1\n", Limits{}, "line 1 has more than 64 labels"},
		{"a label twice", `a{x="secret",x="b"} 1` + "\n", Limits{}, "no metrics"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parsed(tt.text, tt.limits)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := parsed(`a{x="`+strings.Repeat("=", 1000)+`\"====",y="="} 1`+"\n", Limits{}); err != nil {
		t.Errorf("equal signs in values: %v", err)
	}
	if _, err := parsed("a 1\nb 2\n", Limits{Bytes: 8, Series: 2}); err != nil {
		t.Errorf("what is allowed: %v", err)
	}
	broken := errors.New("broken")
	if err := Parse(iotest.ErrReader(broken), Limits{}, func(Sample) {}); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

// What nobody asked for is not parsed, be it well written or not.
func TestParseLooksAtItsOwn(t *testing.T) {
	got, err := parsed("go_info 1\nmine{ 1\nlive_status_info{a=\"b\"} 1\n", Limits{Prefix: "live_status_"})
	if err != nil || len(got) != 1 {
		t.Errorf("got %v, %v", got, err)
	}
}

// Labels are small in the input and large in memory: those of one part are let go
// before the next is read.
func TestParseHoldsLittle(t *testing.T) {
	line := "a{"
	for i := range maxLabels {
		line += fmt.Sprintf(`b%d="",`, i)
	}
	line += "} 1\n"
	var most uint64
	n := 0
	err := Parse(io.LimitReader(&repeater{text: line}, int64(len(line))*1500), Limits{}, func(Sample) {
		if n++; n%500 == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	})
	if err != nil || n != 1500 {
		t.Fatalf("%d series, %v", n, err)
	}
	if most > 64<<20 {
		t.Errorf("%d bytes of memory for %d of input at a time", most, chunkBytes)
	}
}

// repeater is a text without end.
type repeater struct {
	text string
	at   int
}

func (r *repeater) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

// Whatever is read, Parse ends, and what it hands on is text.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"a 1\n", "a{b=\"c\\\"\\\\\\n\"} NaN 1\n", "# TYPE a summary\na{quantile=\"0.5\"} 1\n", "a{\"b\"} 1\n", "{\"a.b\",c=\"d\"} +Inf\n",
		"a{b=\"\xff\"} 1\n", "a{b=\"c\",} 0x1p-2\n", "\r\n\x00\n", "a{b=\"c\"} 1 # {x=\"y\"} 1\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n := 0
		err := Parse(strings.NewReader(string(data)), Limits{Bytes: 1 << 16, Series: 100}, func(s Sample) {
			n++
			for _, l := range s.Labels {
				if strings.ToValidUTF8(l.Value, "?") != l.Value {
					t.Errorf("%q is no text", l.Value)
				}
			}
		})
		if n > 100 {
			t.Errorf("%d series", n)
		}
		if err == nil && len(data) > 0 && data[len(data)-1] != '\n' {
			t.Error("half a line was taken")
		}
	})
}

// A scrape of 20000 series with the labels of an application.
func BenchmarkParse(b *testing.B) {
	var text strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&text, "live_status_application_objects{application=\"checkout-%d\",cluster=\"production\",environment=\"\",namespace=\"shop\",status=\"Healthy\",tenant=\"\",tool=\"helm\"} 4\n", i)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if _, err := parsed(text.String(), Limits{Prefix: "live_status_"}); err != nil {
			b.Fatal(err)
		}
	}
}
