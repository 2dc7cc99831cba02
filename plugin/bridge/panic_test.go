package bridge

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// A panic must end the call, not the host.
func TestRecover(t *testing.T) {
	var out bytes.Buffer
	code := 1
	func() {
		defer Recover(&out, "collect", func() { code = -1 })
		panic("boom")
	}()
	if code != -1 || !bytes.Contains(out.Bytes(), []byte("panic in collect")) || bytes.Count(out.Bytes(), []byte("\n")) != 1 {
		t.Errorf("code %d, log %q", code, out.String())
	}
	out.Reset()
	func() {
		defer Recover(&out, "collect", func() { t.Error("called without a panic") })
	}()
	if out.Len() > 0 {
		t.Errorf("logged %s", &out)
	}
}

// claimed is an error of somebody else's that says to be one of the runtime.
type claimed struct{ text string }

func (claimed) RuntimeError()   {}
func (c claimed) Error() string { return c.text }

type stringer [1]string

func (s stringer) String() string { return s[0] }

// burst panics with a value below functions that have the payload as an argument
// of every kind that a trace would print.
//
//go:noinline
func burst(text string, word uint64, raw [8]byte, value func()) {
	value()
	kept = fmt.Sprint(text, word, raw)
}

// kept keeps the arguments of burst from being left out.
var kept string

// TestRecoverTellsNoContent panics with payloads in all they can be in.
func TestRecoverTellsNoContent(t *testing.T) {
	payload := "hunter2-" + strings.Repeat("s3cret", 2)
	var raw [8]byte
	copy(raw[:], payload)
	var word uint64
	for _, b := range raw {
		word = word<<8 | uint64(b)
	}
	hex := regexp.MustCompile(`(?i)` + fmt.Sprintf("%x|%x", payload[:4], []byte{raw[3], raw[2], raw[1], raw[0]}))
	var none map[string]int
	var nothing error
	missing := func() *claimed { return nil }
	var typed any = payload
	for name, c := range map[string]struct {
		panics func()
		says   string
	}{
		"text":          {func() { panic(payload) }, "a value of type string"},
		"bytes":         {func() { panic([]byte(payload)) }, "a value of type []uint8"},
		"an error":      {func() { panic(errors.New(payload)) }, "a value of type *errors.errorString"},
		"a wrap":        {func() { panic(fmt.Errorf("parse %q: %w", payload, errors.ErrUnsupported)) }, "a value of type *fmt.wrapError"},
		"a struct":      {func() { panic(struct{ text string }{payload}) }, "a value of type struct { text string }"},
		"a stringer":    {func() { panic(stringer{payload}) }, "a value of type bridge.stringer"},
		"a claim":       {func() { panic(claimed{payload}) }, "a value of type bridge.claimed"},
		"a claim at":    {func() { panic(&claimed{payload}) }, "a value of type *bridge.claimed"},
		"nil":           {func() { panic(nothing) }, "panic called with nil argument"},
		"an index":      {func() { _ = payload[len(payload)+len(raw)] }, "runtime error: index out of range [28] with length 20"},
		"a slice":       {func() { _ = payload[len(payload)+len(raw):] }, "runtime error: slice bounds out of range [28:20]"},
		"a nil map":     {func() { none[payload] = 1 }, "assignment to entry in nil map"},
		"a type":        {func() { _ = typed.(int) }, "interface conversion: interface {} is string, not int"},
		"unhashable":    {func() { _ = map[any]int{[]string{payload}: 1} }, "runtime error: hash of unhashable type []string"},
		"a nil pointer": {func() { missing().text = payload }, "runtime error: invalid memory address or nil pointer dereference"},
		"a panic in a panic": {func() {
			defer func() { panic(errors.New(payload)) }()
			panic(payload)
		}, "a value of type *errors.errorString"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			func() {
				defer Recover(&out, "collect", func() {})
				burst(payload, word, raw, c.panics)
			}()
			got := out.String()
			if !strings.Contains(got, `panic="`+c.says) {
				t.Errorf("it does not say %q:\n%s", c.says, got)
			}
			if strings.Contains(got, payload) || strings.Contains(got, payload[:6]) || hex.MatchString(got) {
				t.Errorf("it has the payload:\n%s", got)
			}
			if !strings.Contains(got, "bridge.burst:") || strings.Contains(got, "bridge.Recover") {
				t.Errorf("it does not tell where:\n%s", got)
			}
		})
	}
}

func descend(n int) {
	if n == 0 {
		panic("deep")
	}
	descend(n - 1)
}

func TestRecoverOfARecursion(t *testing.T) {
	var out bytes.Buffer
	func() {
		defer Recover(&out, "collect", func() {})
		descend(10_000)
	}()
	if n := strings.Count(out.String(), "bridge.descend"); n < 20 || n > 64 {
		t.Errorf("%d lines of the recursion in %d bytes", n, out.Len())
	}
}
