package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v2"
)

var (
	errAliases   = errors.New("no valid YAML: the aliases unfold to more than an object may hold: write it without them")
	errNumber    = errors.New("no valid YAML: a number is not finite, which JSON has no notation for: put it in quotes")
	errKeyType   = errors.New("no valid YAML: a key is neither a text nor a number nor a truth value: put it in quotes")
	errValueType = errors.New("no valid YAML: a value has a type that JSON does not have: put it in quotes")
)

// decodeYAML decodes one document as kubectl does: as YAML 1.1, and as if it
// were JSON thereafter. In an error case it returns how many lines further down
// the error is. The texts in it may have max bytes in all, aliases unfolded.
func decodeYAML(data []byte, maxText int) (value any, line int, err error) {
	var raw any
	err = yaml.UnmarshalStrict(data, &raw)
	if err != nil && bytes.Contains(data, []byte("<<")) && strings.Contains(err.Error(), "already set in map") {
		// The library takes what overrides a merged key for a repeated one.
		raw = nil
		err = yaml.Unmarshal(data, &raw)
	}
	if err != nil {
		line, err = yamlError(err)
		return nil, line, err
	}
	c := converter{left: maxText}
	value, err = c.value(raw)
	return value, 0, err
}

var lineNumber = regexp.MustCompile(`^(?:yaml: )?(?:unmarshal errors:\s*)?line (\d+): `)

// yamlError takes the line out of what the library says, which counts from the
// beginning of the document.
func yamlError(err error) (int, error) {
	text, more := err.Error(), ""
	if typed, ok := errors.AsType[*yaml.TypeError](err); ok && len(typed.Errors) > 0 {
		text = typed.Errors[0]
		if n := len(typed.Errors) - 1; n > 0 {
			more = fmt.Sprintf(" (and %d more)", n)
		}
	}
	line := 0
	if found := lineNumber.FindStringSubmatch(text); found != nil {
		// A number that does not fit stays 0.
		line, _ = strconv.Atoi(found[1])
		line = max(0, line-1)
		text = text[len(found[0]):]
	}
	text = strings.TrimPrefix(text, "yaml: ")
	if key, ok := strings.CutSuffix(text, " already set in map"); ok {
		text = key + " is there twice: keep one of them"
	}
	if strings.Contains(text, "cannot start any token") {
		text += " (YAML is indented with blanks, not with tabs)"
	}
	return line, errors.New("no valid YAML: " + text + more)
}

// converter makes of the library's values those of JSON.
type converter struct {
	// left is how many bytes of text there may still be.
	left int
}

func (c *converter) text(s string) (string, error) {
	if c.left -= len(s); c.left < 0 {
		return "", errAliases
	}
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	return s, nil
}

func (c *converter) value(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool:
		return v, nil
	case string:
		return c.text(v)
	case int:
		return int64(v), nil
	case int64:
		return v, nil
	case uint64:
		return float64(v), nil
	case float64:
		return number(v)
	case time.Time:
		return v.Format(time.RFC3339Nano), nil
	case []any:
		list := make([]any, len(v))
		for i := range v {
			var err error
			if list[i], err = c.value(v[i]); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[any]any:
		return c.fields(v)
	default:
		return nil, errValueType
	}
}

func (c *converter) fields(v map[any]any) (any, error) {
	fields := make(map[string]any, len(v))
	for k, raw := range v {
		name, err := keyName(k)
		if err != nil {
			return nil, err
		}
		if name, err = c.text(name); err != nil {
			return nil, err
		}
		if _, found := fields[name]; found {
			return nil, fmt.Errorf("no valid YAML: key %q is there twice: keep one of them", name)
		}
		if fields[name], err = c.value(raw); err != nil {
			return nil, err
		}
	}
	return fields, nil
}

// keyName spells keys as kubectl does.
func keyName(k any) (string, error) {
	switch k := k.(type) {
	case string:
		return k, nil
	case int:
		return strconv.Itoa(k), nil
	case int64:
		return strconv.FormatInt(k, 10), nil
	case bool:
		return strconv.FormatBool(k), nil
	case float64:
		switch {
		case math.IsNaN(k):
			return ".nan", nil
		case math.IsInf(k, 1):
			return ".inf", nil
		case math.IsInf(k, -1):
			return "-.inf", nil
		}
		return strconv.FormatFloat(k, 'g', -1, 32), nil
	default:
		return "", errKeyType
	}
}

// number makes an integer of 1.0 and 1e3, because JSON's writers do.
func number(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, errNumber
	}
	// The range ends before 1<<63, which is no int64.
	if f == math.Trunc(f) && f >= -1<<63 && f < 1<<63 {
		return int64(f), nil
	}
	return f, nil
}
