package known

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fluent-live/live-status/pipeline/redact/match"
)

// builder collects the forms of values, and the patterns that find them.
type builder struct {
	set      *Set
	least    int
	patterns []string
	index    map[string]int32
	// found are the forms of each pattern.
	found [][2]int32
	buf   []byte
	// texts counts the bytes of the texts of forms.
	texts int64
}

// value adds the forms of the value with the index given.
func (b *builder) value(i int32, text string) {
	b.texts += int64(len(text))
	b.add(form{text: text, value: i})
	b.encoded(i, text, encHexLower)
	b.encoded(i, text, encHexUpper)
	b.encoded(i, text, encBase64)
	b.encoded(i, text, encBase64URL)
	if !isASCII(text) {
		b.foreign(i, text)
	}
	b.spaced(i, text)
	b.lists(i, text)
	b.rewritten(i, text)
	b.set.unstable = b.set.unstable || looksEscaped(text)
}

// encoded adds text in hex or base64.
func (b *builder) encoded(i int32, text string, enc encoding) {
	aligns := uint8(1)
	if enc == encBase64 || enc == encBase64URL {
		aligns = 3
	}
	for align := range aligns {
		f := form{text: text, value: i, enc: enc, align: align, blanks: enc == encHexLower || enc == encHexUpper}
		if f.size() >= minEncoded && !f.repeats() {
			b.add(f)
		}
	}
}

// repeats reports whether f is the same as the form with the encoding before:
// there may be nothing in it in which they differ.
func (f *form) repeats() bool {
	var differs string
	switch f.enc {
	case encHexUpper:
		differs = "ABCDEF"
	case encBase64URL:
		differs = "-_"
	default:
		return false
	}
	for i := range f.size() {
		if strings.IndexByte(differs, f.at(i)) >= 0 {
			return false
		}
	}
	return true
}

// foreign adds forms of a text with bytes beyond ASCII. Where base64 or hex
// hold text in ASCII, they are decoded and need no forms of their own.
func (b *builder) foreign(i int32, text string) {
	others := make([]string, 0, 4)
	if utf8.ValidString(text) {
		b.set.foreign = true
		for _, html := range [...]bool{true, false} {
			if s := jsonEscaped(text, html); s != text && !slices.Contains(others, s) {
				others = append(others, s)
			}
		}
		for _, s := range others {
			b.texts += int64(len(s))
			b.encoded(i, s, encHexLower)
			b.encoded(i, s, encHexUpper)
			b.encoded(i, s, encBase64)
			b.encoded(i, s, encBase64URL)
		}
		return
	}
	// What is no UTF-8 is written as one character for each byte, or as the
	// character that says so.
	latin := make([]byte, 0, 2*len(text))
	readable := 0
	for j := 0; j < len(text); {
		r, size := utf8.DecodeRuneInString(text[j:])
		if r == utf8.RuneError && size == 1 {
			r = rune(text[j])
		} else {
			readable += size
		}
		latin = utf8.AppendRune(latin, r)
		j += size
	}
	b.add(form{text: string(latin), value: i})
	b.texts += int64(len(latin))
	if readable >= b.least {
		lossy := string([]rune(text))
		b.add(form{text: lossy, value: i})
		b.texts += int64(len(lossy))
	}
}

// jsonEscaped returns s as encoding/json writes it.
func jsonEscaped(s string, html bool) string {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(html)
	if e.Encode(s) != nil {
		return s
	}
	return out.String()[1 : out.Len()-len("\"\n")]
}

// spaced adds forms of a text with white space: without it, as texts with
// line breaks are searched, with the plus signs of HTML forms, and with one
// blank for each gap, as lines in one and HTML have it.
func (b *builder) spaced(i int32, text string) {
	bare, isSpaced := squeezed(text)
	if !isSpaced {
		return
	}
	if len(bare) >= b.least {
		b.add(form{text: bare, value: i, blanks: true})
		b.texts += int64(len(bare))
	} else {
		b.set.plain = true
	}
	plus := strings.NewReplacer(" ", "+", "\t", "", "\r", "", "\n", "").Replace(text)
	if len(plus) >= b.least && plus != bare {
		b.add(form{text: plus, value: i})
		b.texts += int64(len(plus))
	}
	if line := strings.Join(strings.Fields(text), " "); line != text && len(line) >= b.least {
		b.add(form{text: line, value: i, blanks: true})
		b.texts += int64(len(line))
	}
}

// add adds a form, unless the marks that replace values have it in them.
func (b *builder) add(f form) {
	b.buf = f.pattern(b.buf[:0])
	if occursInMarks(string(b.buf)) {
		return
	}
	b.set.forms = append(b.set.forms, f)
	b.found = append(b.found, [2]int32{b.pattern(), int32(len(b.set.forms) - 1)})
}

// pattern returns the index of the pattern in buf, which may be a new one.
func (b *builder) pattern() int32 {
	p, ok := b.index[string(b.buf)]
	if !ok {
		p = int32(len(b.patterns))
		text := string(b.buf)
		b.patterns = append(b.patterns, text)
		b.index[text] = p
	}
	return p
}

// finish makes the set of what was added.
func (b *builder) finish() {
	s := b.set
	slices.SortFunc(b.found, func(x, y [2]int32) int {
		if x[0] != y[0] {
			return int(x[0] - y[0])
		}
		return int(x[1] - y[1])
	})
	s.first = make([]int32, len(b.patterns)+1)
	s.owners = make([]int32, len(b.found))
	for i, o := range b.found {
		s.owners[i] = o[1]
		s.first[o[0]+1] = int32(i + 1)
	}
	s.forms = slices.Clip(s.forms)
	s.shortest = minEncoded
	for _, p := range b.patterns {
		s.shortest = min(s.shortest, len(p))
	}
	s.patterns = match.Compile(b.patterns, match.Options{})
}

// looksEscaped reports whether s has something in it that is an escape
// elsewhere.
func looksEscaped(s string) bool {
	for i := nextSpecial(s, 0); i < len(s); i = nextSpecial(s, i+1) {
		if s[i] == '\\' || escapeLength(s, i) > 1 {
			return true
		}
	}
	return false
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
