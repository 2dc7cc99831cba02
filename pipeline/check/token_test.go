package check

import (
	"encoding/base64"
	"slices"
	"testing"
	"time"
)

func TestClaims(t *testing.T) {
	encode := func(body string) string { return "e30." + base64.RawURLEncoding.EncodeToString([]byte(body)) + ".c2ln" }
	for _, tt := range []struct {
		name, token string
		want        claims
		err         bool
	}{
		{"list of audiences", encode(`{"sub":"a","aud":["x","y"],"iat":1700000000,"exp":1700003600.5}`), claims{"a", []string{"x", "y"}, time.Unix(1700000000, 0), time.Unix(1700003600, 500000000)}, false},
		{"one audience", encode(`{"aud":"x","exp":1700003600}`), claims{audience: []string{"x"}, expires: time.Unix(1700003600, 0)}, false},
		{"for ever", encode(`{}`), claims{}, false},
		{"times that are none", encode(`{"exp":-5,"iat":1e300}`), claims{}, false},
		{"odd audience", encode(`{"aud":{"x":1}}`), claims{}, false},
		{"opaque", "abcdef", claims{}, true},
		{"two parts", "abc.def", claims{}, true},
		{"not base64", "a.!!.c", claims{}, true},
		{"not JSON", "a.YWJj.c", claims{}, true},
		{"times as texts", encode(`{"exp":"soon"}`), claims{}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readClaims(tt.token)
			if (err != nil) != tt.err {
				t.Fatalf("error %v", err)
			}
			if got.subject != tt.want.subject || !slices.Equal(got.audience, tt.want.audience) || !got.issued.Equal(tt.want.issued) || !got.expires.Equal(tt.want.expires) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func FuzzClaims(f *testing.F) {
	for _, seed := range []string{"", "a.b.c", "e30.e30.e30", "e30.eyJhdWQiOiJ4IiwiZXhwIjoxNzAwMDAwMDAwfQ.c2ln", "e30.eyJhdWQiOltudWxsLDFdLCJleHAiOjFlOTk5fQ.c2ln"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		c, err := readClaims(token)
		if err != nil && (c.subject != "" || c.audience != nil) {
			t.Error("an error with claims")
		}
		if year := c.expires.UTC().Year(); year < 1 || year > 9999 {
			t.Errorf("it expires in the year %d", year)
		}
	})
}
