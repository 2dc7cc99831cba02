package values

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/fluent-live/live-status/pipeline/redact/known"
)

// maxDepth bounds the nesting of a JSON file.
const maxDepth = 64

var (
	errNotObject = errors.New("the JSON is no object")
	errDepth     = fmt.Errorf("the JSON is nested deeper than %d levels", maxDepth)
	errUTF8      = errors.New("the JSON is not valid UTF-8")
)

// readJSON returns the strings and numbers in a JSON object, named by their keys
// joined with dots, those of lists by their index from 0. A key that is there
// more than once counts each time.
func readJSON(data []byte, r *room) ([]known.Value, error) {
	if !utf8.Valid(data) {
		// The decoder would replace what it does not know.
		return nil, errUTF8
	}
	if err := checkJSON(data); err != nil {
		return nil, err
	}
	f := flattener{dec: json.NewDecoder(bytes.NewReader(data)), room: r}
	f.dec.UseNumber()
	t, err := f.dec.Token()
	if err != nil {
		return nil, errNotObject
	}
	if t != json.Delim('{') {
		return nil, errNotObject
	}
	if err := f.object("", 1); err != nil {
		return nil, err
	}
	return f.values, nil
}

// checkJSON says in which line data is no JSON. The decoder's own words would
// quote from it.
func checkJSON(data []byte) error {
	var raw json.RawMessage
	err := json.Unmarshal(data, &raw)
	if err == nil {
		return nil
	}
	line := 1 + bytes.Count(data, []byte("\n"))
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		line = 1 + bytes.Count(data[:min(max(syntax.Offset, 1)-1, int64(len(data)))], []byte("\n"))
	}
	return fmt.Errorf("line %d: it is no JSON from there on", line)
}

type flattener struct {
	dec    *json.Decoder
	values []known.Value
	room   *room
}

func (f *flattener) object(prefix string, depth int) error {
	for f.dec.More() {
		t, err := f.dec.Token()
		if err != nil {
			return errNotObject
		}
		key, ok := t.(string)
		if !ok {
			return errNotObject
		}
		if err := f.value(prefix+cleanName(key), depth); err != nil {
			return err
		}
	}
	_, err := f.dec.Token()
	return err
}

func (f *flattener) list(prefix string, depth int) error {
	for i := 0; f.dec.More(); i++ {
		if err := f.value(prefix+strconv.Itoa(i), depth); err != nil {
			return err
		}
	}
	_, err := f.dec.Token()
	return err
}

func (f *flattener) value(name string, depth int) error {
	if depth > maxDepth {
		return errDepth
	}
	t, err := f.dec.Token()
	if err != nil {
		return errNotObject
	}
	name = cleanName(name)
	var text string
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			return f.object(name+".", depth+1)
		}
		return f.list(name+".", depth+1)
	case string:
		text = t
	case json.Number:
		text = t.String()
	default:
		return nil
	}
	if err := f.room.take(text); err != nil {
		return err
	}
	f.values = append(f.values, known.Value{Name: name, Text: text})
	return nil
}
