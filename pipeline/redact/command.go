package redact

import "strings"

// maxShells is how many lines of shells may be quoted within each other.
const maxShells = 3

// commandLine redacts the line of a shell. It returns v if there is nothing to
// hide.
func (s *structural) commandLine(v string, depth int) string {
	var out []byte
	var a argv
	done := 0
	for i := 0; i < len(v); {
		switch v[i] {
		case ' ', '\t', '\r':
			i++
			continue
		case '\n', ';', '|', '&', '(', ')':
			a = argv{}
			i++
			continue
		}
		end := endOfShellWord(v, i)
		word := v[i:end]
		start, stop := a.read(s, shellText(word))
		clean := ""
		switch shift := (len(word) - len(shellText(word))) / 2; {
		case start < stop:
			clean = word[:start+shift] + MarkRedacted + word[stop+shift:]
		case depth < maxShells && shift > 0 && strings.ContainsAny(word, " \t\n="):
			inner := shellText(word)
			if c := s.commandLine(inner, depth+1); c != inner {
				clean = word[:shift] + c + word[len(word)-shift:]
			}
		}
		if clean != "" {
			out = append(append(out, v[done:i]...), clean...)
			done = end
		}
		i = end
	}
	if done == 0 {
		return v
	}
	return string(append(out, v[done:]...))
}

// shellText is a word without the quotes around all of it.
func shellText(word string) string {
	if n := len(word); n >= 2 && (word[0] == '"' || word[0] == '\'') && word[n-1] == word[0] &&
		strings.IndexByte(word[1:n-1], word[0]) < 0 {
		return word[1 : n-1]
	}
	return word
}

// endOfShellWord returns where the word ends that begins at i. What is quoted is
// part of it, and so is a substitution.
func endOfShellWord(v string, i int) int {
	var quote byte
	for start := i; i < len(v); i++ {
		switch c := v[i]; {
		case c == '\\' && quote != '\'':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '(' && i > start && v[i-1] == '$':
			quote = ')'
		case strings.IndexByte(" \t\r\n;|&()", c) >= 0:
			return i
		}
	}
	return len(v)
}

// command redacts node i, the words of a command or one line of it.
func (w *walk) command(i int32, own owner, depth int, words argv) {
	n := &w.t.nodes[i]
	if n.kind != '[' {
		if n.kind == '"' {
			var word argv
			w.commandWord(i, &word)
		}
		w.value(i, own, depth)
		return
	}
	if !strings.EqualFold(n.key, "args") {
		words = argv{}
	}
	w.s.x.enter(w.t, i)
	first, end := w.t.kids(i)
	for k := first; k < end; k = w.t.nodes[k].end {
		if w.t.nodes[k].kind == '"' {
			w.commandWord(k, &words)
		}
		w.value(k, own, depth+1)
	}
	w.s.x.leave()
}

// commandWord redacts a word of a command, or a line of a shell.
func (w *walk) commandWord(i int32, words *argv) {
	n := &w.t.nodes[i]
	clean := n.text
	if !isShell(n.text, words) {
		if start, end := words.read(w.s, n.text); start < end {
			clean = n.text[:start] + MarkRedacted + n.text[end:]
		}
	}
	if clean == n.text && strings.ContainsAny(n.text, " \t\n") && len(n.text) <= maxSize {
		clean = w.s.commandLine(n.text, 0)
	}
	if clean != n.text {
		w.s.x.enter(w.t, i)
		w.s.x.note(RuleCommand, "")
		w.s.x.leave()
		w.setText(n, clean, "")
	}
}

// isShell reports whether a word is more than one: blanks stand in it before
// anything that could be a value.
func isShell(text string, words *argv) bool {
	blank := strings.IndexAny(text, " \t\n")
	return blank > 0 && words.next == expectAny && text[0] != '-' && strings.IndexByte(text[:blank], '=') < 0
}

// flags redacts the words of the list at node i that follow a flag which says
// secret: a list may be the words of a command wherever it stands.
func (w *walk) flags(i int32) {
	var words argv
	first, end := w.t.kids(i)
	for k := first; k < end; k = w.t.nodes[k].end {
		n := &w.t.nodes[k]
		if n.kind != '"' || n.text == "" || (words.next == expectAny && n.text[0] != '-') {
			words.next = expectAny
			continue
		}
		w.commandWord(k, &words)
	}
}

// programOf reads the words of the command in node i, whose arguments stand apart.
func (w *walk) programOf(i int32) argv {
	var words argv
	first, end := w.t.kids(i)
	for k := first; k < end; k = w.t.nodes[k].end {
		kid := &w.t.nodes[k]
		if kid.class&keyCommand == 0 || kid.kind != '[' || strings.EqualFold(kid.key, "args") {
			continue
		}
		from, to := w.t.kids(k)
		for m := from; m < to; m = w.t.nodes[m].end {
			if n := &w.t.nodes[m]; n.kind == '"' {
				words.read(w.s, n.text)
			}
		}
	}
	return words
}
