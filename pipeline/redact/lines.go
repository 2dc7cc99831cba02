package redact

import (
	"cmp"
	"slices"
	"strings"
)

// Texts with lines are settings: YAML, files of variables and properties. What a
// key says secret may stand behind it, or in the lines below it that are indented,
// and the name of a variable may stand in a line of its own beside its value.

// hasSettings reports whether a text may have a line of settings: it has several
// lines, or is one.
func hasSettings(v string) bool {
	if strings.IndexByte(v, '\n') >= 0 {
		return true
	}
	if v == "" || ('0' <= v[0] && v[0] <= '9') {
		return false // A time, mostly.
	}
	for i := range len(v) {
		if keyBytes[v[i]] || v[i] == ' ' {
			continue
		}
		switch v[i] {
		case '"', '\'', '#', ';', '\t':
			continue
		case ':':
			if i+1 < len(v) && (v[i+1] == ' ' || v[i+1] == '\t') {
				return true
			}
		case '=':
			return i > 0
		}
		return false
	}
	return false
}

// span is a part of a text.
type span struct{ start, end int }

// line is what a line of settings has.
type line struct {
	// indent is where what is not white space begins, in bytes from the
	// beginning of the line, col where its key or value does.
	indent, col int
	// item is set where it begins an element of a list.
	item bool
	// key is empty where there is none; value begins at start.
	key   string
	start int
	// colon is set where the key ends with one, and not an equals sign.
	colon bool
}

// settings redacts texts with lines. It returns v if there is nothing to hide.
func (s *structural) settings(v string) string {
	r := settingsReader{s: s, v: v, name: -1, value: span{-1, -1}}
	for r.at < len(v) {
		r.line()
	}
	if len(r.hidden) == 0 {
		return v
	}
	slices.SortFunc(r.hidden, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	var out []byte
	done := 0
	for _, h := range r.hidden {
		if h.start < done || h.start >= h.end {
			continue
		}
		out = append(append(out, v[done:h.start]...), MarkRedacted...)
		done = h.end
	}
	return string(append(out, v[done:]...))
}

// settingsReader reads settings line by line.
type settingsReader struct {
	s *structural
	v string
	// at is where the next line begins.
	at     int
	hidden []span
	// name is the column of a name that says secret and waits for its value, or
	// negative; value is the other way round, at the column valueCol.
	name     int
	value    span
	valueCol int
	// flags read the elements of a list.
	flags argv
}

// line reads the next line, and those that belong to its value.
func (r *settingsReader) line() {
	start := r.at
	end := endOfLine(r.v, start)
	r.at = end + 1
	l := parseLine(r.v[start:end])
	if l.item || l.col < r.name {
		r.name = -1
	}
	if l.item || l.col < r.valueCol {
		r.value = span{-1, -1}
	}
	if l.key == "" {
		if l.item && start+l.col < end {
			r.element(start+l.col, end)
		}
		return
	}
	r.flags = argv{}
	value := span{start + l.start, end}
	text := strings.TrimRight(r.v[value.start:value.end], " \t\r")
	switch class := classify(l.key); {
	case l.colon && class&keyName != 0:
		r.pair(l, strings.Trim(text, "\"'"))
		return
	case l.colon && class&keyValue != 0 && r.name == l.col:
		r.hide(l, value, text)
		r.name = -1
		return
	case l.colon && class&keyValue != 0:
		next := r.at
		r.value, r.valueCol = r.extent(l, value, text), l.col
		if text != "" && (text[0] == '"' || text[0] == '\'') {
			r.at = next // What opens may be an apostrophe: the next lines may be settings.
		}
		return
	case r.says(l, class, text):
		r.hide(l, value, text)
	}
}

// pair notes a name that stands beside a value.
func (r *settingsReader) pair(l line, name string) {
	secret, _ := r.s.variable(name)
	if !secret {
		return
	}
	if r.value.start >= 0 && r.valueCol == l.col {
		r.hidden = append(r.hidden, r.value)
		return
	}
	r.name = l.col
}

// says reports whether the value of a line is a credential.
func (r *settingsReader) says(l line, class keyClass, text string) bool {
	plain := strings.Trim(text, "\"'")
	if text != "" && (isOrdinary(plain) || isMark(plain) || text[0] == '{') {
		return false
	}
	if class&(keyVanishing|keyVanishingTail|keySaying|keyDocker) != 0 {
		// Of a header the scheme stays.
		return wordTail(l.key, "authorization") == 0
	}
	if class&(keyMaySay|keyBasic) != 0 {
		return text != "" && class.says(plain, 0) && (isBlock(text) || !strings.ContainsAny(text, " \t"))
	}
	if !isVariable(l.key) {
		return false
	}
	secret, _ := r.s.env.look(l.key)
	return secret
}

// hide notes that the value of a line is a credential.
func (r *settingsReader) hide(l line, value span, text string) {
	if text == "" {
		if l.colon {
			r.below(l)
		}
		return
	}
	if h := r.extent(l, value, text); h.start < h.end && !isMark(r.v[h.start:h.end]) && !isOrdinary(r.v[h.start:h.end]) {
		r.hidden = append(r.hidden, h)
	}
}

// extent returns where the value of a line lies, without its quotes.
func (r *settingsReader) extent(l line, value span, text string) span {
	if text == "" {
		return span{-1, -1}
	}
	if quote := text[0]; quote == '"' || quote == '\'' {
		end := r.closing(value.start+1, quote)
		r.at = endOfLine(r.v, end) + 1
		return span{value.start + 1, end}
	}
	value.end = value.start + len(text)
	if !l.colon {
		return value
	}
	// A block, or what a plain value goes on with.
	for r.at < len(r.v) {
		end := endOfLine(r.v, r.at)
		if strings.TrimSpace(r.v[r.at:end]) != "" {
			if indentOf(r.v[r.at:end]) <= l.col {
				break
			}
			value.end = end
		}
		r.at = end + 1
	}
	return value
}

// closing returns where the quoted value ends that begins at i.
func (r *settingsReader) closing(i int, quote byte) int {
	for ; i < len(r.v); i++ {
		switch {
		case r.v[i] == '\\' && quote == '"':
			i++
		case r.v[i] != quote:
		case quote == '\'' && i+1 < len(r.v) && r.v[i+1] == quote:
			i++ // Doubled it is part of the value.
		default:
			return i
		}
	}
	return len(r.v)
}

// below hides what stands in the lines below a key: the elements of a list, or
// the value itself. What is there under keys of its own is judged by these.
func (r *settingsReader) below(l line) {
	for r.at < len(r.v) {
		end := endOfLine(r.v, r.at)
		text := r.v[r.at:end]
		if strings.TrimSpace(text) == "" {
			r.at = end + 1
			continue
		}
		next := parseLine(text)
		if next.indent < l.col || (next.indent == l.col && !next.item) || (next.key != "" && next.colon) {
			return
		}
		if value := (span{r.at + next.col, r.at + len(strings.TrimRight(text, " \t\r"))}); value.start < value.end && !isMark(r.v[value.start:]) {
			r.hidden = append(r.hidden, value)
		}
		r.at = end + 1
	}
}

// element reads an element of a list, which may be a word of a command.
func (r *settingsReader) element(start, end int) {
	for end > start && strings.IndexByte(" \t\r", r.v[end-1]) >= 0 {
		end--
	}
	word := shellText(r.v[start:end])
	shift := (end - start - len(word)) / 2
	if len(word) > maxQuoted {
		r.flags = argv{}
		return
	}
	if from, to := r.flags.read(r.s, word); from < to {
		r.hidden = append(r.hidden, span{start + shift + from, start + shift + to})
	}
}

// maxQuoted bounds the words of commands that are looked at in lists, in bytes.
const maxQuoted = 64 << 10

// parseLine reads a line of settings.
func parseLine(text string) line {
	l := line{indent: indentOf(text)}
	i := l.indent
	for i+1 < len(text) && text[i] == '-' && (text[i+1] == ' ' || text[i+1] == '\t') {
		l.item = true
		i += 2 + indentOf(text[i+2:])
	}
	l.col = i
	if i < len(text) && (text[i] == '#' || text[i] == ';' || text[i] == 'e' || text[i] == 's') {
		for _, word := range [...]string{"#", ";", "export ", "set ", "setenv "} {
			if strings.HasPrefix(text[i:], word) {
				i += len(word)
				i += indentOf(text[i:])
			}
		}
	}
	from := i
	if i < len(text) && (text[i] == '"' || text[i] == '\'') {
		n := strings.IndexByte(text[i+1:min(len(text), i+1+maxKey)], text[i])
		if n <= 0 {
			return l
		}
		l.key, i = text[i+1:i+1+n], i+n+2
	} else {
		for i < len(text) && i-from < maxKey && isKeyByte(text[i]) {
			i++
		}
		l.key = text[from:i]
	}
	i += indentOf(text[i:])
	switch {
	case l.key == "" || i >= len(text):
		l.key = ""
	case text[i] == '=':
	case text[i] == ':' && (i+1 == len(text) || text[i+1] == ' ' || text[i+1] == '\t' || text[i+1] == '\r'):
		l.colon = true
	default:
		l.key = ""
	}
	if l.key != "" {
		i++
		l.start = i + indentOf(text[i:])
	}
	return l
}

// indentOf returns how many bytes of white space text begins with.
func indentOf(text string) int {
	i := 0
	for i < len(text) && (text[i] == ' ' || text[i] == '\t') {
		i++
	}
	return i
}

func endOfLine(v string, i int) int {
	if i >= len(v) {
		return len(v)
	}
	if n := strings.IndexByte(v[i:], '\n'); n >= 0 {
		return i + n
	}
	return len(v)
}

func isBlock(text string) bool { return text[0] == '|' || text[0] == '>' }
