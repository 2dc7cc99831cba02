package deployment

import "testing"

func TestWithoutCredentials(t *testing.T) {
	for url, want := range map[string]string{
		"https://git.example.com/a/b.git":           "https://git.example.com/a/b.git",
		"https://user:pass@git.example.com/a":       "https://git.example.com/a",
		"https://token@git.example.com:8443/a@v1":   "https://git.example.com:8443/a@v1",
		"https://user:p@ss@git.example.com/a":       "https://git.example.com/a",
		"https://user:pa/ss@git.example.com/a":      "https://git.example.com/a",
		"https://git.example.com/a?access_token=x":  "https://git.example.com/a",
		"https://git.example.com?t=http://a:b@c":    "https://git.example.com",
		"https://git.example.com:443/a@b":           "https://git.example.com:443/a@b",
		"https://[2001:db8::1]/a@b":                 "https://[2001:db8::1]/a@b",
		"https://[2001:db8::1]:443/a":               "https://[2001:db8::1]:443/a",
		"ssh://git@git.example.com/a":               "ssh://git.example.com/a",
		"git@git.example.com:a/b.git":               "git@git.example.com:a/b.git",
		"oci://registry.example.com/charts":         "oci://registry.example.com/charts",
		"registry.example.com/charts":               "registry.example.com/charts",
		"":                                          "",
		"https://user:pass@git.example.com@evil.io": "https://evil.io",
	} {
		if got := withoutCredentials(url); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
}
