package redact

import "testing"

// TestKeysThatBeginLines has YAML and files of variables, and what only looks
// like them.
func TestKeysThatBeginLines(t *testing.T) {
	s := newStructural(testSalt)
	for in, want := range map[string]string{
		"users:\n- user:\n    token: abc.def ghi\n  name: u": "users:\n- user:\n    token: [redacted]\n  name: u",
		"- token: abcdef\n- b":                               "- token: [redacted]\n- b",
		"password: 'it''s'":                                  "password: '[redacted]''s'",
		"password: \"abc def\" # x":                          "password: \"[redacted]\" # x",
		"\"password\": abcdef":                               "\"password\": [redacted]",
		"A=1\r\nDB_PASSWORD=abc=def\r\nB=2":                  "A=1\r\nDB_PASSWORD=[redacted]\r\nB=2",
		"\texport API_TOKEN=abcdef\n":                        "\texport API_TOKEN=[redacted]\n",
		"--token=abcdef":                                     "--token=[redacted]",
		"spring.datasource.password = abcdef":                "spring.datasource.password = [redacted]",
		"password: |\n  abc\n  def\nuser: x":                 "password: [redacted]",
		"password: >-\n  abc":                                "password: [redacted]",
		`x\npassword: abcdef`:                                `x\npassword: [redacted]`,
		// What is no setting stays.
		"registry.example.com/my-token:1.2":       "registry.example.com/my-token:1.2",
		"system:serviceaccount:token:default":     "system:serviceaccount:token:default",
		"the token: it has expired":               "the token: it has expired",
		"password:\n  valueFrom: {}":              "password:\n  valueFrom: {}",
		"password:   \nuser: x":                   "password:   \nuser: x",
		"tokens: 5 of 7":                          "tokens: 5 of 7",
		"error: data[password]: Required value":   "error: data[password]: Required value",
		"passwordless: login, tokenizer: default": "passwordless: login, tokenizer: default",
	} {
		out, reason := s.redact(place{}, in)
		if out != want || reason != "" {
			t.Errorf("%q becomes %q, %s", in, out, reason)
		}
		if again, _ := s.redact(place{}, out); again != out {
			t.Errorf("%q: redacted twice it is %q", in, again)
		}
	}
}
