package splice

import "strings"

// comments redacts the comments of a document, and what might be one: consecutive
// lines of them together.
func comments(text string, r Redactor) (out, reason string) {
	if !strings.Contains(text, "#") {
		return text, ""
	}
	c := commenter{r: r}
	for line := range strings.Lines(text) {
		c.add(line)
		c.line++
	}
	c.flush()
	if !c.changed {
		return text, c.reason
	}
	return c.b.String(), c.reason
}

type commenter struct {
	r Redactor
	b strings.Builder
	// block are lines that are comments as a whole, and from is their first.
	block []string
	from  int

	line    int
	changed bool
	reason  string
}

func (c *commenter) add(line string) {
	if trimmed := strings.TrimLeft(line, " \t"); strings.HasPrefix(trimmed, "#") {
		if len(c.block) == 0 {
			c.from = c.line
		}
		c.block = append(c.block, line)
		return
	}
	c.flush()
	at := strings.Index(line, " #")
	if tab := strings.Index(line, "\t#"); tab >= 0 && (at < 0 || tab < at) {
		at = tab
	}
	if at < 0 {
		c.b.WriteString(line)
		return
	}
	comment := strings.TrimRight(line[at+2:], "\r\n")
	clean := c.redact(c.line, comment)
	c.b.WriteString(line[:at+2])
	c.b.WriteString(strings.ReplaceAll(clean, "\n", " "))
	c.b.WriteString(line[at+2+len(comment):])
}

// flush redacts the block.
func (c *commenter) flush() {
	if len(c.block) == 0 {
		return
	}
	var text strings.Builder
	for _, line := range c.block {
		_, rest, _ := strings.Cut(line, "#")
		text.WriteString(rest)
	}
	clean := c.redact(c.from, text.String())
	if clean == text.String() {
		for _, line := range c.block {
			c.b.WriteString(line)
		}
	} else {
		margin, _, _ := strings.Cut(c.block[0], "#")
		for line := range strings.Lines(clean) {
			c.b.WriteString(margin + "#")
			if line != "" && line[0] == '[' {
				c.b.WriteByte(' ')
			}
			c.b.WriteString(line)
		}
		if !strings.HasSuffix(clean, "\n") && strings.HasSuffix(c.block[len(c.block)-1], "\n") {
			c.b.WriteByte('\n')
		}
	}
	c.block = c.block[:0]
}

func (c *commenter) redact(line int, text string) string {
	clean, why := c.r.Comment(line, text)
	if clean != text {
		c.changed = true
	}
	if c.reason == "" {
		c.reason = why
	}
	return clean
}
