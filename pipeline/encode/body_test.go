package encode_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"

	"github.com/fluent-live/live-status/pipeline/encode"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/redact"
)

// auditWith returns an audit record with a request.
func auditWith(request event.JSON) event.Record {
	return event.Record{Type: event.TypeAudit, ID: "i", Audit: &event.Audit{AuditID: "a", Request: request}}
}

// TestDeepestBody has the depth to which the redactor lets bodies pass.
func TestDeepestBody(t *testing.T) {
	for _, unit := range []struct{ open, close string }{{"[", "]"}, {`{"a":`, "}"}, {`[{"a":`, "}]"}} {
		n := redact.MaxBodyDepth / len(unit.close)
		inner := "0"
		if unit.open == "[" {
			inner = ""
		}
		rec := auditWith(event.JSON(strings.Repeat(unit.open, n) + inner + strings.Repeat(unit.close, n)))
		m, err := encode.AppendMsgpack(nil, redacted(rec))
		if err != nil {
			t.Fatal(err)
		}
		j, err := encode.AppendJSON(nil, redacted(rec))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(j), `"request":`+string(rec.Audit.Request)) {
			t.Errorf("%s", j)
		}
		sameContent(t, m, j)
	}
}

// TestSizesOfHeaders has bodies around the limits of msgpack's headers, which
// are made larger once the number of values is known.
func TestSizesOfHeaders(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 17, 1<<16 - 1, 1 << 16, 1<<16 + 1} {
		var list, object strings.Builder
		for i := range n {
			fmt.Fprintf(&list, ",%d", i%3)
			fmt.Fprintf(&object, `,"%x":%d`, i, i%3)
		}
		inner := "[" + strings.TrimPrefix(list.String(), ",") + "]"
		body := `{"before":1,"list":` + inner + `,"object":{` + strings.TrimPrefix(object.String(), ",") + `},"after":[` + inner + `,1]}`
		r := redacted(auditWith(event.JSON(body)))
		m, err := encode.AppendMsgpack(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		j, err := encode.AppendJSON(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		sameContent(t, m, j)
		if header := msgp.AppendArrayHeader([]byte("\xa4list"), uint32(n)); !strings.Contains(string(m), string(header)) {
			t.Errorf("list of %d: no header %x", n, header)
		}
		if header := msgp.AppendMapHeader([]byte("\xa6object"), uint32(n)); !strings.Contains(string(m), string(header)) {
			t.Errorf("object of %d: no header %x", n, header)
		}
	}
}

// TestNumbersOfBodies looks at the msgpack, in which integers and floats
// differ.
func TestNumbersOfBodies(t *testing.T) {
	for in, want := range map[string][]byte{
		"0":                            {0x00},
		"-0":                           {0x00},
		"127":                          {0x7f},
		"-1":                           {0xff},
		"9223372036854775807":          msgp.AppendInt64(nil, 1<<63-1),
		"-9223372036854775808":         msgp.AppendInt64(nil, -1<<63),
		"9223372036854775808":          msgp.AppendUint64(nil, 1<<63),
		"18446744073709551615":         msgp.AppendUint64(nil, 1<<64-1),
		"18446744073709551616":         msgp.AppendFloat64(nil, 1<<64),
		"99999999999999999999":         msgp.AppendFloat64(nil, 1e20),
		"-9223372036854775809":         msgp.AppendFloat64(nil, -1<<63),
		"1.0":                          msgp.AppendFloat64(nil, 1),
		"1e2":                          msgp.AppendFloat64(nil, 100),
		"1e-400":                       msgp.AppendFloat64(nil, 0),
		"1e400":                        binary.BigEndian.AppendUint64([]byte{0xcb}, 0x7fefffffffffffff),
		"-1e400":                       binary.BigEndian.AppendUint64([]byte{0xcb}, 0xffefffffffffffff),
		"1" + strings.Repeat("0", 400): binary.BigEndian.AppendUint64([]byte{0xcb}, 0x7fefffffffffffff),
	} {
		r := redacted(auditWith(event.JSON(`["n",` + in + `]`)))
		m, err := encode.AppendMsgpack(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(string(m), "\x92\xa1n"+string(want)) {
			t.Errorf("%s: %x, want %x", in, m[len(m)-12:], want)
		}
	}
}

// TestSpaceAndInvalidText has what JSON allows and lines of JSON do not.
func TestSpaceAndInvalidText(t *testing.T) {
	r := redacted(auditWith("\n{\t\"a\\n\" :\r\n [ 1 , \"\xff\xfeb\" ], \"\xff\" : { } }\n"))
	j, err := encode.AppendJSON(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	if want := "\"request\":{\"a\\n\":[1,\"\uFFFDb\"],\"\uFFFD\":{}}"; !strings.Contains(string(j), want) {
		t.Errorf("%q", j)
	}
	m, err := encode.AppendMsgpack(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	sameContent(t, m, j)
}

// TestNullBodyIsNone has what API servers write for a body that there is not.
func TestNullBodyIsNone(t *testing.T) {
	j, err := encode.AppendJSON(nil, redacted(auditWith("null")))
	if err != nil || strings.Contains(string(j), "request") || strings.Contains(string(j), "redaction") {
		t.Errorf("%s, %v", j, err)
	}
}
