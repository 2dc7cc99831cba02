package piece

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// maxLooks is how many lines say what an input is.
const maxLooks = 20

// detect finds out how the input is written. What it is taken for mistakenly is
// withheld, since it cannot be parsed, or examined as text.
func (r *Reader) detect() Format {
	lines := 0
	for at := 0; lines < maxLooks; {
		end, over := r.s.lineEnd(at, r.o.Max)
		line := strings.TrimSpace(strings.TrimPrefix(string(r.s.rest()[at:end]), "\ufeff"))
		if line == "" || line[0] == '#' {
			if end == at || over {
				break
			}
			at = end
			continue
		}
		if lines == 0 && (line[0] == '{' || line[0] == '[') {
			return r.detectJSON(line, end, over)
		}
		if lines++; over || !isYAML(line, lines == 1) {
			return Text
		}
		if strings.HasPrefix(line, "---") || strings.HasPrefix(line, "%YAML") || strings.HasPrefix(line, "apiVersion:") {
			return YAML
		}
		// A pipe may have no more for now.
		if at = end; at >= len(r.s.rest()) {
			break
		}
	}
	if lines > 0 {
		return YAML
	}
	return Text
}

// detectJSON tells what begins with a line that begins with a bracket.
func (r *Reader) detectJSON(line string, end int, over bool) Format {
	switch {
	case over:
		return JSON
	case json.Valid([]byte(line)):
		return JSONLines
	}
	broken := !begins(line)
	if broken && line[0] == '[' {
		return Text // Many logs begin their lines so.
	}
	if broken {
		// A log may begin with a line that was cut off.
		second, over := r.s.lineEnd(end, r.o.Max)
		if next := bytes.TrimSpace(r.s.rest()[end:second]); !over && bytes.HasPrefix(next, []byte("{")) && json.Valid(next) {
			return JSONLines
		}
	}
	return JSON
}

// begins reports whether line can be the beginning of JSON.
func begins(line string) bool {
	dec := json.NewDecoder(strings.NewReader(line + "\n"))
	dec.UseNumber()
	for {
		if _, err := dec.Token(); err != nil {
			return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		}
	}
}

// isYAML reports whether a line, its indentation removed, looks like YAML as
// manifests have it. Only a first line has to.
func isYAML(line string, first bool) bool {
	if strings.HasPrefix(line, "---") || strings.HasPrefix(line, "%YAML") || line == "-" || strings.HasPrefix(line, "- ") {
		return true
	}
	key, rest, found := strings.Cut(line, ":")
	if !found {
		return !first
	}
	if rest != "" && rest[0] != ' ' {
		return false
	}
	key = strings.Trim(key, `"'`)
	return key != "" && !strings.ContainsAny(key, " \t()[]{}=,;")
}
