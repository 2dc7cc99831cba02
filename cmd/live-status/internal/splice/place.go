package splice

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// inPlace writes changed scalars where they stand, each on one line.
func inPlace(body string, a *apply) (string, bool) {
	if a.whole {
		return "", false
	}
	starts := []int{0}
	for i := range len(body) {
		if body[i] == '\n' {
			starts = append(starts, i+1)
		}
	}
	changes := slices.Clone(a.changes)
	slices.SortFunc(changes, func(x, y change) int {
		return cmp.Or(cmp.Compare(x.was.Line, y.was.Line), cmp.Compare(x.was.Column, y.was.Column))
	})
	var b strings.Builder
	done := 0
	for _, c := range changes {
		if c.was.Line < 1 || c.was.Line > len(starts) {
			return "", false
		}
		at := column(body, starts[c.was.Line-1], c.was.Column)
		n, text := replacement(body[at:], &c.was, c.node.Value)
		if n == 0 || at < done {
			return "", false
		}
		b.WriteString(body[done:at])
		b.WriteString(text)
		done = at + n
	}
	b.WriteString(body[done:])
	return b.String(), true
}

// column is the offset of a column, counted in characters from 1.
func column(body string, at, column int) int {
	for ; column > 1 && at < len(body); column-- {
		_, n := utf8.DecodeRuneInString(body[at:])
		at += n
	}
	return at
}

// replacement returns how long the scalar is with which text begins, 0 where that
// is not certain, and what to write for it.
func replacement(text string, was *yaml.Node, says string) (n int, out string) {
	if was.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return block(text, says)
	}
	if was.Anchor != "" {
		rest, ok := strings.CutPrefix(text, "&"+was.Anchor)
		rest = strings.TrimLeft(rest, " ")
		head := text[:len(text)-len(rest)]
		unnamed := *was
		unnamed.Anchor = ""
		if n, out = replacement(rest, &unnamed, says); !ok || n == 0 {
			return 0, ""
		}
		return len(head) + n, head + out
	}
	switch was.Style {
	case 0:
		if was.Value == "" || !strings.HasPrefix(text, was.Value) {
			return 0, ""
		}
		return len(was.Value), bare(says)
	case yaml.DoubleQuotedStyle:
		if n = tokenLen(text); n < 2 || text[0] != '"' || text[n-1] != '"' {
			return 0, ""
		}
		return n, quote(says)
	case yaml.SingleQuotedStyle:
		if text == "" || text[0] != '\'' {
			return 0, ""
		}
		for i := 1; i < len(text); i++ {
			if text[i] != '\'' {
				continue
			}
			if i+1 < len(text) && text[i+1] == '\'' {
				i++
				continue
			}
			return i + 1, quote(says)
		}
	default:
	}
	return 0, ""
}

// bare writes a string without quotes where it needs none.
func bare(s string) string {
	if strings.HasPrefix(s, "hmac-sha256:") && strings.Trim(s[len("hmac-sha256:"):], "0123456789abcdef") == "" {
		return s
	}
	return quote(s)
}

// block is replacement for a scalar that stands on lines of its own, behind a
// header that says no more than that.
func block(text, says string) (n int, out string) {
	header := firstLine(text)
	if n = len(header) + 1; n > len(text) || strings.Trim(strings.TrimRight(header, " \t\r"), "|>+-") != "" {
		return 0, ""
	}
	indent, end := 0, 0
	for line := range strings.Lines(text[n:]) {
		n += len(line)
		content := strings.TrimLeft(line, " ")
		if strings.TrimSpace(content) == "" {
			continue
		}
		margin := len(line) - len(content)
		if indent == 0 {
			indent = margin
		}
		if margin < indent || indent == 0 {
			break
		}
		end = n
	}
	if end == 0 {
		return 0, ""
	}
	if !strings.Contains(says, "\n") {
		return end, bare(says) + "\n"
	}
	return end, literal(says, strings.Repeat(" ", indent))
}

// literal writes a text on lines of its own.
func literal(s, margin string) string {
	var b strings.Builder
	b.WriteString("|")
	if !strings.HasSuffix(s, "\n") {
		b.WriteString("-")
		s += "\n"
	}
	b.WriteString("\n")
	for line := range strings.Lines(s) {
		if line != "\n" {
			b.WriteString(margin)
		}
		b.WriteString(line)
	}
	return b.String()
}
