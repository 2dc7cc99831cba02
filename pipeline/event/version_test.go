package event

import "testing"

func TestNotAfter(t *testing.T) {
	for _, tt := range []struct {
		v, o ResourceVersion
		want bool
	}{
		{"5", "5", true},
		{"5", "6", true},
		{"6", "5", false},
		{"9", "10", true}, // as numbers, not as text
		{"18446744073709551615", "18446744073709551615", true},
		{"", "5", false},
		{"5", "", false},
		{"0", "5", false}, // the server's "any version" is none
		{"-1", "5", false},
		{"a5", "6", false},
		{"99999999999999999999999", "5", false},
	} {
		if got := tt.v.NotAfter(tt.o); got != tt.want {
			t.Errorf("%q not after %q: %v, want %v", tt.v, tt.o, got, tt.want)
		}
	}
}
