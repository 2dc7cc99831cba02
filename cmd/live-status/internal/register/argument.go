package register

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// MaxBytes is the most that a Secret holds, the limit of the API server.
const MaxBytes = 1 << 20

// ParseFile splits KEY=PATH.
func ParseFile(text string) (key, path string, err error) {
	key, path, ok := strings.Cut(text, "=")
	if !ok || path == "" {
		return "", "", fmt.Errorf("%q is no KEY=PATH", text)
	}
	if err := CheckKey(key); err != nil {
		return "", "", err
	}
	return key, path, nil
}

// CheckKey says what is wrong with the name of a key of a Secret.
func CheckKey(key string) error {
	if problems := validation.IsConfigMapKey(key); len(problems) > 0 {
		return fmt.Errorf("%q is no key of a Secret: write letters, digits, dots, dashes and underscores", key)
	}
	return nil
}

// ParseLabel splits KEY=VALUE.
func ParseLabel(text string) (key, value string, err error) {
	key, value, ok := strings.Cut(text, "=")
	switch {
	case !ok:
		return "", "", fmt.Errorf("%q is no KEY=VALUE", text)
	case key == ManagedBy:
		return "", "", fmt.Errorf("%s says whose the Secret is, and is always %s", ManagedBy, Manager)
	}
	if problems := validation.IsQualifiedName(key); len(problems) > 0 {
		return "", "", fmt.Errorf("%q is no name of a label: %s", key, problems[0])
	}
	if problems := validation.IsValidLabelValue(value); len(problems) > 0 {
		return "", "", fmt.Errorf("%q is no value of a label: %s", value, problems[0])
	}
	return key, value, nil
}

// ReadFiles reads the files of paths, which are by key, of MaxBytes altogether.
// They may be pipes. What they end with is part of the value.
func ReadFiles(paths map[string]string) (map[string][]byte, error) {
	left := MaxBytes
	values := make(map[string][]byte, len(paths))
	for key, path := range paths {
		value, err := readFile(path, left)
		if err != nil {
			return nil, fmt.Errorf("--from-file %s: %w", key, err)
		}
		left -= len(value)
		values[key] = value
	}
	return values, nil
}

func readFile(path string, most int) (_ []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	value, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	switch {
	case err != nil:
		return nil, err
	case len(value) > most:
		return nil, fmt.Errorf("%s is too long: all values of a Secret have %d bytes at most", path, MaxBytes)
	case len(value) == 0:
		return nil, fmt.Errorf("%s is empty", path)
	}
	return value, nil
}
