package pattern

import (
	"strings"
	"testing"
	"time"
)

// dear are texts of which a MiB once took a second and more, or would without
// a bound.
var dear = []string{
	"password: \"\\\n", "://", "a://b:", "://:", "token=", "password=x ", "curl ", "mysql ", "password:\"\\a", "api_key=\"",
	"datadog ", "cookie:", "cookie: a; ", "\"--password\" \"", "@tcp(" + strings.Repeat("x", 100) + " ", "chpasswd ", "<password ",
}

// TestHostile has each of them examined or withheld within the bound of the
// work, which takes about a quarter of a second for a MiB. The clock of a busy
// machine or with the race detector is no measure, so that 8 s are allowed.
func TestHostile(t *testing.T) {
	s := load(t)
	for _, unit := range dear {
		text := strings.Repeat(unit, (1<<20)/len(unit))
		start := time.Now()
		_, ok := s.Replace(text, At{}, nil)
		took := time.Since(start)
		t.Logf("%.20q: %v, ok %v", unit, took.Round(time.Millisecond), ok)
		if took > 8*time.Second {
			t.Errorf("%.20q takes %v", unit, took)
		}
	}
}

// TestLate stops in the midst of a text when there is no time left for it.
func TestLate(t *testing.T) {
	s := load(t)
	text := strings.Repeat("://:", 1<<18)
	asked := 0
	out, ok := s.Replace(text, At{Late: func() bool { asked++; return asked == 3 }}, nil)
	if ok || out != "" || asked != 3 {
		t.Errorf("ok is %v after %d questions", ok, asked)
	}
	asked = 0
	if s.Replace(text, At{Late: func() bool { asked++; return false }}, nil); asked < 10 {
		t.Errorf("it is asked %d times in all", asked)
	}
}

// TestLateLittle asks nothing about a text that takes no time.
func TestLateLittle(t *testing.T) {
	text := "password=plumGrotto7x"
	at := At{Late: func() bool { t.Error("it is asked"); return true }}
	if out, ok := load(t).Replace(text, at, nil); !ok || out == text {
		t.Errorf("%q, ok is %v", out, ok)
	}
}
