package conf

import (
	"errors"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

var errProtobuf = errors.New("malformed protobuf")

// fields calls f with each field of a message: its number, and its bytes or its
// number.
func fields(message []byte, f func(n protowire.Number, value []byte, scalar uint64) error) error {
	for len(message) > 0 {
		n, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return errProtobuf
		}
		message = message[size:]
		var value []byte
		var scalar uint64
		switch kind {
		case protowire.BytesType:
			value, size = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			scalar, size = protowire.ConsumeVarint(message)
		case protowire.Fixed64Type:
			scalar, size = protowire.ConsumeFixed64(message)
		case protowire.Fixed32Type, protowire.StartGroupType, protowire.EndGroupType:
			size = protowire.ConsumeFieldValue(n, kind, message)
		}
		if size < 0 {
			return errProtobuf
		}
		message = message[size:]
		if err := f(n, value, scalar); err != nil {
			return err
		}
	}
	return nil
}

// below collects the fields at the end of a path of field numbers.
func below(message []byte, path ...protowire.Number) ([][]byte, error) {
	found := [][]byte{message}
	for _, step := range path {
		var next [][]byte
		for _, m := range found {
			err := fields(m, func(n protowire.Number, value []byte, _ uint64) error {
				if n == step {
					next = append(next, value)
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
		found = next
	}
	return found, nil
}

// logBodies are the bodies of an ExportLogsServiceRequest of
// opentelemetry.proto.collector.logs.v1.
func logBodies(request []byte) ([]any, error) {
	const resourceLogs, scopeLogs, logRecords, body = 1, 2, 2, 5
	values, err := below(request, resourceLogs, scopeLogs, logRecords, body)
	if err != nil {
		return nil, err
	}
	out := make([]any, 0, len(values))
	for _, v := range values {
		decoded, err := anyValue(v)
		if err != nil {
			return nil, err
		}
		out = append(out, decoded)
	}
	return out, nil
}

// anyValue decodes an AnyValue of opentelemetry.proto.common.v1.
func anyValue(message []byte) (any, error) {
	const text, boolean, integer, double, array, list = 1, 2, 3, 4, 5, 6
	var out any
	err := fields(message, func(n protowire.Number, value []byte, scalar uint64) (err error) {
		switch int(n) {
		case text:
			out = string(value)
		case boolean:
			out = scalar != 0
		case integer:
			out = int64(scalar)
		case double:
			out = math.Float64frombits(scalar)
		case array:
			out, err = arrayValue(value)
		case list:
			out, err = listValue(value)
		}
		return err
	})
	return out, err
}

func arrayValue(message []byte) (any, error) {
	values, err := below(message, 1)
	if err != nil {
		return nil, err
	}
	out := make([]any, 0, len(values))
	for _, v := range values {
		decoded, err := anyValue(v)
		if err != nil {
			return nil, err
		}
		out = append(out, decoded)
	}
	return out, nil
}

func listValue(message []byte) (any, error) {
	const key, value = 1, 2
	pairs, err := below(message, 1)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for _, pair := range pairs {
		keys, err := below(pair, key)
		if err != nil || len(keys) != 1 {
			return nil, errProtobuf
		}
		values, err := below(pair, value)
		if err != nil || len(values) != 1 {
			return nil, errProtobuf
		}
		if out[string(keys[0])], err = anyValue(values[0]); err != nil {
			return nil, err
		}
	}
	return out, nil
}
