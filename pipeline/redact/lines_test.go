package redact

import "testing"

// TestKeysThatBeginLines has YAML and files of variables, and what only looks
// like them.
func TestKeysThatBeginLines(t *testing.T) {
	s := structuralOf(testSalt)
	for in, want := range map[string]string{
		"users:\n- user:\n    token: abc.def ghi\n  name: u": "users:\n- user:\n    token: [redacted]\n  name: u",
		"- token: abcdef\n- b":                               "- token: [redacted]\n- b",
		"password: 'it''s'":                                  "password: '[redacted]'",
		"password: \"abc def\" # x":                          "password: \"[redacted]\" # x",
		"\"password\": abcdef":                               "\"password\": [redacted]",
		"A=1\r\nDB_PASSWORD=abc=def\r\nB=2":                  "A=1\r\nDB_PASSWORD=[redacted]\r\nB=2",
		"\texport API_TOKEN=abcdef\n":                        "\texport API_TOKEN=[redacted]\n",
		"--token=abcdef":                                     "--token=[redacted]",
		"spring.datasource.password = abcdef":                "spring.datasource.password = [redacted]",
		"password: |\n  abc\n  def\nuser: x":                 "password: [redacted]\nuser: x",
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

// TestSettings has YAML, files of variables and properties, of which a value may
// go on in the lines below its key.
func TestSettings(t *testing.T) {
	s := structuralOf(testSalt)
	for in, want := range map[string]string{
		"a: b\npassword:\n- x\n- y\nc: d":                           "a: b\npassword:\n- [redacted]\n- [redacted]\nc: d",
		"a: b\npassword:\n  hunter\n  two\nc: d":                    "a: b\npassword:\n  [redacted]\n  [redacted]\nc: d",
		"a: b\npassword:\n  value: x\n":                             "a: b\npassword:\n  value: x\n",
		"a:\n  passwd: hunter\n    two\n  c: d":                     "a:\n  passwd: [redacted]\n  c: d",
		"passphrase: >-\n\n  hunter\n\n  two\nc: d":                 "passphrase: [redacted]\nc: d",
		"- apiKey: hunter\n  a: b":                                  "- apiKey: [redacted]\n  a: b",
		"apiKey: \"hunter\n  two\"\nc: d":                           "apiKey: \"[redacted]\"\nc: d",
		"apiKey: \"hunter\\\"two\"\nc: d":                           "apiKey: \"[redacted]\"\nc: d",
		"secret: hunter2":                                           "secret: [redacted]",
		"secret: db-credentials\nsecretName: x":                     "secret: db-credentials\nsecretName: x",
		"secret: not found in this namespace":                       "secret: not found in this namespace",
		"credentials: s3cr3t/Value9":                                "credentials: [redacted]",
		"# DB_PWD=hunter\nA=b":                                      "# DB_PWD=[redacted]\nA=b",
		"export DB_PWD='hunter two'\nA=b":                           "export DB_PWD='[redacted]'\nA=b",
		"ORDERS_DSN: hunter":                                        "ORDERS_DSN: [redacted]",
		"ORDERS_DSN: ${DSN}\nMY_SECRET_NAME: db\nUSE_TOKENS: true":  "ORDERS_DSN: ${DSN}\nMY_SECRET_NAME: db\nUSE_TOKENS: true",
		"tokenExpiration: 3600\nsecretsDir: /run":                   "tokenExpiration: 3600\nsecretsDir: /run",
		"- name: DB_PASSWD\n  value: hunter\n- name: A\n  value: b": "- name: DB_PASSWD\n  value: [redacted]\n- name: A\n  value: b",
		"- value: hunter\n  name: DB_PASSWD\n- value: b\n  name: A": "- value: [redacted]\n  name: DB_PASSWD\n- value: b\n  name: A",
		"- name: DB_PASSWD\n- value: b":                             "- name: DB_PASSWD\n- value: b",
		"name: DB_PASSWD\nvalue: |\n  hunter\n  two\nc: d":          "name: DB_PASSWD\nvalue: [redacted]\nc: d",
		"args:\n- --password\n- hunter\n- --verbose\n- x":           "args:\n- --password\n- [redacted]\n- --verbose\n- x",
		"args:\n- --db-passwd=hunter\n- 'mysql'\n":                  "args:\n- --db-passwd=[redacted]\n- 'mysql'\n",
		"api_key = \"hunter\"\n[other]\na = 1":                      "api_key = \"[redacted]\"\n[other]\na = 1",
		"value: 'tis so\nDB_PWD=hunter\na: b":                       "value: 'tis so\nDB_PWD=[redacted]\na: b",
		"apiKey: {secretKeyRef: {name: a}}":                         "apiKey: {secretKeyRef: {name: a}}",
		"apiKey: [redacted]\npasswd: [redacted:a]":                  "apiKey: [redacted]\npasswd: [redacted:a]",
		"apiKey:":   "apiKey:",
		"apiKey:\n": "apiKey:\n",
		"'":         "'",
	} {
		out, reason := s.redact(place{}, in)
		if out != want || reason != "" {
			t.Errorf("%q becomes\n%q, want\n%q, %s", in, out, want, reason)
		}
		if again, _ := s.redact(place{}, out); again != out {
			t.Errorf("%q: redacted twice it is %q", in, again)
		}
	}
}
