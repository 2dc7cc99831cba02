package config

import (
	"errors"
	"log/slog"
	"math"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/fluent-live/live-status/pipeline/event"
)

// valueError is what is wrong with a value, and the way out.
type valueError struct{ what, hint string }

func (p *valueError) Error() string { return p.what }

// parseDuration reads Fluent Bit's notation (seconds, or a whole number with
// s, m, h or d of either case) and Go's. Where Fluent Bit takes what it cannot
// read as 0, this reports it.
func parseDuration(s string) (time.Duration, error) {
	bad := &valueError{"is not a duration", "write for example 90, 10m, 1h, 1h30m or 1d"}
	number, unit := s, time.Second
	switch s[len(s)-1] {
	case 's', 'S':
		number = s[:len(s)-1]
	case 'm', 'M':
		number, unit = s[:len(s)-1], time.Minute
	case 'h', 'H':
		number, unit = s[:len(s)-1], time.Hour
	case 'd', 'D':
		number, unit = s[:len(s)-1], 24*time.Hour
	}
	n, err := strconv.ParseInt(number, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange) || n > math.MaxInt64/int64(unit):
		return 0, &valueError{"is too long a duration", "write at most 106000d"}
	case err != nil:
		d, err := time.ParseDuration(strings.ToLower(s))
		if err != nil {
			return 0, bad
		}
		if d < 0 {
			return 0, &valueError{"is negative", bad.hint}
		}
		return d, nil
	case n < 0:
		return 0, &valueError{"is negative", bad.hint}
	}
	return time.Duration(n) * unit, nil
}

func parseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true", "on", "yes":
		return true, nil
	case "false", "off", "no":
		return false, nil
	}
	return false, &valueError{"is neither on nor off", "write on, true or yes, or else off, false or no"}
}

func parseInt(s string, low, high int64) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, &valueError{"is not a whole number", ""}
	}
	if n < low || n > high {
		return 0, &valueError{
			"is out of range",
			"write a number from " + strconv.FormatInt(low, 10) + " to " + strconv.FormatInt(high, 10),
		}
	}
	return n, nil
}

// parseSize reads a number of bytes: Fluent Bit's suffixes k, m and g (with or
// without b, of either case) are powers of 1000; KiB, MiB and GiB those of
// 1024.
func parseSize(s string) (int64, error) {
	bad := &valueError{"is not a size", "write for example 8388608, 8M (8000000) or 8MiB (8388608)"}
	digits := strings.TrimRightFunc(s, unicode.IsLetter)
	factor := map[string]float64{
		"": 1, "b": 1,
		"k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9,
		"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30,
	}[strings.ToLower(s[len(digits):])]
	n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	if err != nil || factor == 0 || math.IsNaN(n) || n < 0 || n*factor > 1<<53 {
		return 0, bad
	}
	return int64(n * factor), nil
}

// parseSizeWithin reads a size from low to high; span says so in words.
func parseSizeWithin(s string, low, high int64, span string) (int64, error) {
	n, err := parseSize(s)
	if err == nil && (n < low || n > high) {
		err = &valueError{"is out of range", "write a size from " + span}
	}
	return n, err
}

// parseListen reads HOST:PORT, :PORT or [IPv6]:PORT.
func parseListen(s string) (string, error) {
	bad := &valueError{"is no address to listen on", "write HOST:PORT, or :PORT for all addresses of the machine, for example :9443"}
	host, port, err := net.SplitHostPort(s)
	if err != nil || strings.ContainsAny(host, "/@?# ") {
		return "", bad
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", &valueError{"has no port from 1 to 65535", bad.hint}
	}
	return s, nil
}

func parseLevel(s string) (slog.Level, error) {
	switch strings.ToLower(s) {
	case "off":
		return LevelOff, nil
	case "error":
		return slog.LevelError, nil
	case "warn", "warning":
		return slog.LevelWarn, nil
	case "info":
		return slog.LevelInfo, nil
	case "debug":
		return slog.LevelDebug, nil
	case "trace":
		return LevelTrace, nil
	}
	return 0, &valueError{"is no log level", "write off, error, warn, info, debug or trace"}
}

// parseEnum returns the allowed value that s equals but for case.
func parseEnum(s string, allowed ...string) (string, error) {
	for _, a := range allowed {
		if strings.EqualFold(a, s) {
			return a, nil
		}
	}
	return "", &valueError{"is not one of its values", "write " + orList(allowed)}
}

func orList(s []string) string {
	if len(s) < 2 {
		return strings.Join(s, "")
	}
	return strings.Join(s[:len(s)-1], ", ") + " or " + s[len(s)-1]
}

// maxLabel is the longest DNS label, RFC 1123.
const maxLabel = 63

// parseNamespaces reads names separated by commas, each once.
func parseNamespaces(s string) ([]event.Namespace, error) {
	var names []event.Namespace
	seen := map[string]bool{}
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimSpace(name)
		switch {
		case name == "" || seen[name]:
			continue
		case name == "*":
			return nil, &valueError{"is no namespace", "leave the key out to mean all namespaces"}
		case !isLabel(name):
			return nil, &valueError{
				"has the namespace " + strconv.Quote(shorten(name)) + ", which cannot exist",
				"names have up to 63 of a-z, 0-9 and -, and are separated by commas",
			}
		}
		seen[name] = true
		names = append(names, event.Namespace(name))
	}
	if len(names) == 0 {
		return nil, &valueError{"names no namespace", "leave the key out to mean all namespaces"}
	}
	return names, nil
}

func isLabel(s string) bool {
	if s == "" || len(s) > maxLabel || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// parseURL checks the URL of an API server. A path is kept: it is a gateway's
// prefix.
func parseURL(s string) (string, error) {
	const hint = "write https://HOST, https://HOST:PORT or http://HOST:PORT"
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "", &valueError{"is not a URL", hint}
	case u.User != nil:
		return "", &valueError{
			"has a user name or password in it",
			"take it out; use kube_token_file, kube_client_cert_file or kube_config",
		}
	case u.Scheme != "http" && u.Scheme != "https":
		return "", &valueError{"begins with neither https:// nor http://", hint}
	case u.Hostname() == "":
		return "", &valueError{"names no host", hint}
	case u.RawQuery != "" || u.Fragment != "":
		return "", &valueError{"has a query or a fragment", hint}
	}
	return strings.TrimRight(s, "/"), nil
}

// showURL returns what may be shown of a URL that may hold a password or, in
// its query, a token.
func showURL(s string) string {
	if !strings.ContainsAny(s, "@?#") {
		return s
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || strings.Contains(s, "@") && u.User == nil {
		return hidden
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// expandHome replaces a leading ~ by the user's home folder.
func expandHome(path string, home func() (string, error)) (string, error) {
	if path != "~" && !strings.HasPrefix(path, "~/") {
		return path, nil
	}
	dir, err := home()
	if err != nil {
		return "", &valueError{"begins with ~, but the home folder is not known: " + err.Error(), "write the whole path"}
	}
	return filepath.Join(dir, path[1:]), nil
}

// maxName keeps names that every record repeats within reason.
const maxName = 253

// parseClusterName reads the name of a cluster.
func parseClusterName(s string) (event.ClusterName, error) {
	name, err := parseInstanceName(s)
	return event.ClusterName(name), err
}

// parseInstanceName reads a name that people give.
func parseInstanceName(s string) (string, error) {
	if len(s) > maxName {
		return "", &valueError{"is longer than 253 bytes", "write a shorter name"}
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return "", &valueError{"has a character that cannot be printed", "take it out"}
		}
	}
	return s, nil
}
