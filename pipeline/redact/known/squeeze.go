package known

// squeeze makes v the text of its source without its white space. With
// continued set, a backslash at the end of a line goes as well.
func (v *view) squeeze(continued bool) {
	s := v.source.text()
	done := 0
	for i := 0; i < len(s); i++ {
		if classes[s[i]]&classBlank == 0 {
			continue
		}
		start, kind := i, eventBlank
		for ; i < len(s) && classes[s[i]]&classBlank != 0; i++ {
			if classes[s[i]]&classBreak != 0 {
				kind = eventBreak
			}
		}
		if continued && start > done && s[start-1] == '\\' && classes[s[start]]&classBreak != 0 {
			start--
		}
		v.buf = append(v.buf, s[done:start]...)
		v.emit(kind, len(v.buf), start, i)
		done = i
	}
	v.buf = append(v.buf, s[done:]...)
}

// squeezed returns s without white space, and whether there was any.
func squeezed(s string) (string, bool) {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		if classes[s[i]]&classBlank == 0 {
			out = append(out, s[i])
		}
	}
	return string(out), len(out) < len(s)
}
