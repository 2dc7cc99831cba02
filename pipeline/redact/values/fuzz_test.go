package values

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// Whatever a file holds it is read or refused, with names that may stand in a
// record, within the limits, and errors that quote nothing.
func FuzzDotenv(f *testing.F) {
	f.Add("A=planted # x\nexport B=\"p\\\"q\nr\"\r\nC='x' # y\n")
	f.Add("export\nexport =\nexport A\n")
	f.Add("A=\"\\")
	f.Fuzz(func(t *testing.T, text string) {
		r := room{values: maxValues, bytes: maxBytes}
		values, err := readDotenv(text, &r)
		if err != nil {
			if !errors.Is(err, errAssignment) && !errors.Is(err, errQuote) && !errors.Is(err, errBehind) && !errors.Is(err, errTooMany) {
				t.Error(err)
			}
			return
		}
		if len(values) > 2*(strings.Count(text, "\n")+1) {
			t.Errorf("%d values", len(values))
		}
		for _, v := range values {
			if v.Name == "" || v.Name != cleanName(v.Name) {
				t.Errorf("name %q", v.Name)
			}
			if len(v.Text) > len(text) {
				t.Errorf("value %q", v.Text)
			}
		}
	})
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"a": {"b": ["x", 1, true, null, {"c": "y"}]}}`))
	f.Add([]byte(`{"a": "\ud800", "a": 1e400}`))
	f.Add([]byte(strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100)))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := room{values: maxValues, bytes: maxBytes}
		values, err := readJSON(data, &r)
		if err == nil && !json.Valid(data) {
			t.Error("it is no JSON, and was read")
		}
		if err != nil && json.Valid(data) && utf8.Valid(data) && !errors.Is(err, errNotObject) && !errors.Is(err, errDepth) && !errors.Is(err, errTooMany) {
			t.Error(err)
		}
		for _, v := range values {
			if v.Name != cleanName(v.Name) {
				t.Errorf("name %q", v.Name)
			}
		}
	})
}

// What is written with quotes and escapes is read as it was.
func TestDotenvRoundTrip(t *testing.T) {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "$", `\$`)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Za-z_][A-Za-z0-9_]{0,8}`).Draw(t, "name")
		want := rapid.String().Draw(t, "value")
		lines := []string{"# first", name + `="` + escape.Replace(want) + `" # comment`, "LAST=1"}
		if !strings.Contains(want, "'") {
			lines = append(lines, "export "+name+"='"+want+"'")
		}
		r := room{values: maxValues, bytes: maxBytes}
		values, err := readDotenv(strings.Join(lines, "\n"), &r)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, v := range values {
			if v.Name == name && v.Text == want {
				found++
			}
		}
		if found < len(lines)-2 {
			t.Fatalf("%q is not among %q", want, values)
		}
	})
}
