package docs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/itchyny/gojq"
)

// jq stands in for jq: [-c] [-r] [-n] [-e] [-s] FILTER [FILE...].
func jq(args []string, in io.Reader, out, errs *os.File) int {
	flags := ""
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		flags += args[0][1:]
		args = args[1:]
	}
	if len(args) == 0 || strings.Trim(flags, "crnes") != "" {
		return complain(errs, fmt.Errorf("unknown flags %q, or no filter", flags))
	}
	readers := []io.Reader{in}
	if len(args) > 1 {
		readers = nil
	}
	for _, name := range args[1:] {
		data, err := os.ReadFile(name)
		if err != nil {
			return complain(errs, err)
		}
		readers = append(readers, bytes.NewReader(data))
	}
	last, err := filter(args[0], flags, &values{decoder: json.NewDecoder(io.MultiReader(readers...))}, out)
	if err == nil && strings.Contains(flags, "e") && (last == nil || last == false) {
		return 1
	}
	return complain(errs, err)
}

// values are the JSON values of the input, one after the other.
type values struct{ decoder *json.Decoder }

func (v *values) Next() (any, bool) {
	var value any
	if err := v.decoder.Decode(&value); errors.Is(err, io.EOF) {
		return nil, false
	} else if err != nil {
		return err, true
	}
	return value, true
}

// filter writes what the filter makes of the inputs, and returns the last of it.
func filter(text, flags string, in *values, out io.Writer) (last any, err error) {
	parsed, err := gojq.Parse(text)
	if err != nil {
		return nil, err
	}
	code, err := gojq.Compile(parsed, gojq.WithInputIter(in))
	if err != nil {
		return nil, err
	}
	for {
		var input any
		if !strings.Contains(flags, "n") {
			var ok bool
			if input, ok = in.Next(); !ok && !strings.Contains(flags, "s") {
				return last, nil
			}
		}
		if strings.Contains(flags, "s") {
			all := []any{}
			for ok := input != nil; ok; input, ok = in.Next() {
				all = append(all, input)
			}
			input = all
		}
		results := code.Run(input)
		for {
			result, ok := results.Next()
			if !ok {
				break
			}
			if err, failed := result.(error); failed {
				return nil, err
			}
			last = result
			line, err := gojq.Marshal(result)
			if text, ok := result.(string); ok && strings.Contains(flags, "r") {
				line = []byte(text)
			}
			if err != nil {
				return nil, err
			}
			if _, err := fmt.Fprintf(out, "%s\n", line); err != nil {
				return nil, err
			}
		}
		if strings.ContainsAny(flags, "ns") {
			return last, nil
		}
	}
}
