package pattern

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMarksStay(t *testing.T) {
	s := load(t)
	for _, text := range []string{
		"password=[redacted:DB_PASSWORD]",
		"password: [redacted]",
		`{"db_password":"[redacted:db.password]"}`,
		"postgres://app:[redacted:DB_PASSWORD]@db:5432/shop",
		"Authorization: Bearer [redacted:jwt/token]",
		"token=hmac-sha256:0123456789abcdef0123456789abcdef",
		"api_key=[withheld]",
		"--password [redacted:PASSWORD_MAIN] --token=[redacted:API_TOKEN]",
		"[redacted:PASSWORD]=1 and [redacted:api_key]: x",
	} {
		out, ok := s.Replace(text, At{}, func(rule string) { t.Errorf("%s finds something in %q", rule, text) })
		if !ok || out != text {
			t.Errorf("%q becomes %q", text, out)
		}
	}
}

func TestReplace(t *testing.T) {
	s := load(t)
	key := "AK" + "IA" + "ABCDEFGHIJKLMNOP"
	hub := "gh" + "p_" + strings.Repeat("aB3dE6", 6)
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"nothing to see", "nothing to see"},
		{"id " + key + " of it", "id [redacted:aws/access-key-id] of it"},
		// What overlaps becomes one, with the name of the longest.
		{"token=" + hub, "token=[redacted:github/token]"},
		{"https://u:" + hub + "@example.com/x", "https://u:[redacted:github/token]@example.com/x"},
		{"AWS_SECRET_ACCESS_KEY=" + strings.Repeat("aB3/x9Yz", 5), "AWS_SECRET_ACCESS_KEY=[redacted:aws/secret-access-key]"},
		// Escapes hide nothing, and are not broken.
		{"a%3D" + hub + "%26b", "a%3D[redacted:github/token]%26b"},
		{`x\n` + hub + `\n`, `x\n[redacted:github/token]\n`},
		{`password\u003dhunter2\u0026x`, `password\u003d[redacted:assignment/password]\u0026x`},
		{`https:\/\/hooks.slack.com\/services\/T0/B0/` + strings.Repeat("aB3", 8), `https:\/\/hooks.slack.com\/[redacted:slack/webhook]`},
		// Two in one text.
		{key + "," + hub, "[redacted:aws/access-key-id],[redacted:github/token]"},
		// A mark within a secret is swallowed with it.
		{`"password":"abc[redacted:X]def"`, `"password":"[redacted:assignment/password-quoted]"`},
	} {
		var hits []string
		out, ok := s.Replace(c.in, At{}, func(rule string) { hits = append(hits, rule) })
		if !ok || out != c.want {
			t.Errorf("%q becomes %q, not %q", c.in, out, c.want)
		}
		if strings.Count(c.want, markRedacted) != len(hits) {
			t.Errorf("%q: hits %q", c.in, hits)
		}
	}
	if out, ok := (*Set)(nil).Replace("token="+hub, At{}, nil); !ok || out != "token="+hub {
		t.Error("no set finds something")
	}
}

func TestFailsClosed(t *testing.T) {
	s := load(t)
	if out, ok := s.Replace(strings.Repeat("x", MaxText+1), At{}, nil); ok || out != "" {
		t.Error("a text that is too long passes")
	}
}

// TestWork has large texts that are made to be dear. Each is
// either examined or withheld, in a time that goes with its length.
func TestWork(t *testing.T) {
	s := load(t)
	for _, unit := range []string{
		"token=", "password=x ", `"password":"`, "tokentoken", "secret: ", "-----BEGIN PRIVATE KEY-----", "AKIA0123456789ABCDEF ",
		"://a:", "eyJabcdefgh.", "curl ", "8q~", "datadog ", "[redacted:x]=", `\n`, "%3d", "--token --password ", "key=aaaaaaaaaaaaaaaaa ",
		"password=abcdefgh1 ", "MTA", "PuTTY-User-Key-File-2", "Bearer abcdefgh1 ", "mailgun", "a:aa", "-us1",
	} {
		for _, size := range []int{16 << 10, 128 << 10} {
			text := strings.Repeat(unit, size/len(unit))
			start := time.Now()
			out, ok := s.Replace(text, At{}, nil)
			t.Logf("%.20q: %v, ok %v", unit, time.Since(start).Round(time.Millisecond), ok)
			if ok {
				if again, ok := s.Replace(out, At{}, nil); !ok || again != out {
					t.Errorf("%.20q: a second time it is not the same", unit)
				}
			}
		}
	}
}

// TestLargeOrdinary has a large text with many keywords examined.
func TestLargeOrdinary(t *testing.T) {
	s := load(t)
	text := strings.Repeat(`{"name":"default-token-x7k2p","secretName":"db-credentials","key":"tls.key","auth":"rbac"},`, 40_000)
	if out, ok := s.Replace(text, At{}, nil); !ok || out != text {
		t.Errorf("ok is %v", ok)
	}
}

func TestNoAllocations(t *testing.T) {
	s := load(t)
	texts := []string{"kube-api-access-x7k2p", "system:serviceaccount:kube-system:token-cleaner", "sha256:" + strings.Repeat("0af3", 16), "managedFields"}
	if n := testing.AllocsPerRun(100, func() {
		for _, text := range texts {
			s.Replace(text, At{}, nil)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestEntropy(t *testing.T) {
	for text, want := range map[string]float64{"aaaa": 0, "abab": 1, "abcd": 2, "0123456789abcdef": 4} {
		if got := entropy(text); got < want-1e-9 || got > want+1e-9 {
			t.Errorf("%s has %v", text, got)
		}
	}
}

func TestMarks(t *testing.T) {
	text := "a[redacted]b[redacted:x.y/z]c[withheld]dhmac-sha256:" + strings.Repeat("0a", 16) + " [redacted: x] [redacted:] h[ hmac-sha256:00"
	var got []string
	for _, m := range marks(text) {
		got = append(got, text[m.start:m.end])
	}
	want := []string{"[redacted]", "[redacted:x.y/z]", "[withheld]", "hmac-sha256:" + strings.Repeat("0a", 16)}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
