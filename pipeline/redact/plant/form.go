package plant

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
)

// Form is a notation of a value.
type Form struct {
	Name string
	// Write returns a text that holds the value, beside others that are random.
	Write func(r *rand.Rand, value string) string
}

// Forms are the notations in which values are to be found.
func Forms() []Form {
	forms := []Form{
		{"raw", beside},
		{"JSON", func(r *rand.Rand, v string) string { return beside(r, quoted(v)) }},
		{"JSON twice", func(r *rand.Rand, v string) string { return beside(r, quoted(quoted(v))) }},
		{"JSON of Go", func(r *rand.Rand, v string) string { return beside(r, quotedGo(v)) }},
		{"JSON, every character escaped", func(r *rand.Rand, v string) string { return beside(r, escapedAll(v)) }},
		{"percent-encoded", func(r *rand.Rand, v string) string {
			return beside(r, strings.ReplaceAll(url.QueryEscape(v), "+", "%20"))
		}},
		{"percent-encoded twice", func(r *rand.Rand, v string) string {
			return beside(r, url.PathEscape(strings.ReplaceAll(url.QueryEscape(v), "+", "%20")))
		}},
		{"percent-encoded, every byte", func(r *rand.Rand, v string) string { return beside(r, percentAll(v)) }},
		{"form", func(r *rand.Rand, v string) string { return beside(r, url.QueryEscape(v)) }},
		{"hexadecimal", func(r *rand.Rand, v string) string { return "0x" + hex.EncodeToString(around(r, v)) }},
		{"hexadecimal, upper case", func(r *rand.Rand, v string) string {
			return "=" + strings.ToUpper(hex.EncodeToString(around(r, v)))
		}},
		{"lines", func(r *rand.Rand, v string) string { return beside(r, lines(r, v, "\n    ")) }},
		{"lines of a shell", func(r *rand.Rand, v string) string { return beside(r, lines(r, v, "\\\n  ")) }},
		{"lines of Windows", func(r *rand.Rand, v string) string { return beside(r, lines(r, v, "\r\n")) }},
		{"base64, lines", func(r *rand.Rand, v string) string {
			return wrap(base64.StdEncoding.EncodeToString(append(random(r, 60), around(r, v)...)), 76)
		}},
	}
	forms = append(forms, lists()...)
	forms = append(forms, markup()...)
	for shift := range 3 {
		forms = append(forms, Form{fmt.Sprintf("base64, alignment %d", shift), func(r *rand.Rand, v string) string {
			return base64.StdEncoding.EncodeToString(shifted(r, v, shift))
		}}, Form{fmt.Sprintf("base64 for URLs, alignment %d", shift), func(r *rand.Rand, v string) string {
			return base64.RawURLEncoding.EncodeToString(shifted(r, v, shift))
		}})
		for outer := range 3 {
			forms = append(forms, Form{fmt.Sprintf("base64 of base64, alignments %d %d", shift, outer), func(r *rand.Rand, v string) string {
				return base64.StdEncoding.EncodeToString(shifted(r, base64.StdEncoding.EncodeToString(shifted(r, v, shift)), outer))
			}})
		}
	}
	return forms
}

// beside puts words around a text, at times without a blank.
func beside(r *rand.Rand, s string) string {
	switch r.IntN(4) {
	case 0:
		return s
	case 1:
		return "value " + s + " was refused"
	case 2:
		return "x=" + s + ";"
	default:
		return of(r, lower, 3) + s + of(r, lower, 3)
	}
}

func around(r *rand.Rand, v string) []byte {
	return append(append(random(r, r.IntN(4)), v...), random(r, r.IntN(4))...)
}

// shifted puts a number of bytes before the value that leaves a remainder of
// shift when divided by 3.
func shifted(r *rand.Rand, v string, shift int) []byte {
	return append(append([]byte(of(r, alnum, 3*r.IntN(4)+shift)), v...), of(r, alnum, r.IntN(6))...)
}

// quoted is the inside of a JSON string as most encoders write it.
func quoted(v string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	s := strings.TrimSuffix(b.String(), "\n")
	return s[1 : len(s)-1]
}

// quotedGo is the inside of a JSON string as Go's encoder writes it.
func quotedGo(v string) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b[1 : len(b)-1])
}

func escapedAll(v string) string {
	var b strings.Builder
	for _, c := range utf16s(v) {
		fmt.Fprintf(&b, `\u%04x`, c)
	}
	return b.String()
}

func percentAll(v string) string {
	var b strings.Builder
	for i := range len(v) {
		fmt.Fprintf(&b, "%%%02X", v[i])
	}
	return b.String()
}

// lines breaks a value at one to three places.
func lines(r *rand.Rand, v, at string) string {
	runes := []rune(v)
	for range 1 + r.IntN(3) {
		i := 1 + r.IntN(len(runes)-1)
		if i > 0 && i < len(runes) {
			runes = append(runes[:i:i], append([]rune(at), runes[i:]...)...)
		}
	}
	return string(runes)
}

func wrap(s string, width int) string {
	var b strings.Builder
	for len(s) > width {
		b.WriteString(s[:width] + "\n")
		s = s[width:]
	}
	return b.String() + s
}
