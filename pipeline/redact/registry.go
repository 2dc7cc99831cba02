package redact

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// maxBasic bounds what is decoded to look for a user and a password, in bytes.
const maxBasic = 8 << 10

// isBasic reports whether text is a user and a password as HTTP and clients of
// registries write them: joined by a colon, in base64.
func isBasic(text string) bool {
	if len(text) < len("YTpi") || len(text) > maxBasic {
		return false
	}
	var raw [maxBasic]byte
	text = strings.TrimRight(text, "=")
	n, err := base64.RawStdEncoding.Decode(raw[:], []byte(text))
	if err != nil {
		if n, err = base64.RawURLEncoding.Decode(raw[:], []byte(text)); err != nil {
			return false
		}
	}
	plain := raw[:n]
	colon := false
	for _, c := range plain {
		if (c < ' ' && strings.IndexByte("\t\r\n", c) < 0) || c == 0x7F {
			return false
		}
		colon = colon || c == ':'
	}
	return colon && utf8.Valid(plain)
}

// isDockerConfig reports whether text is the configuration of a client of
// registries in base64.
func isDockerConfig(text string) bool {
	if len(text) < 32 || text[0] != 'e' {
		return false
	}
	for _, begin := range [...]string{"eyJhdXRocy", "eyAiYXV0aHMi", "ewogICJhdXRocy", "ewogICAgImF1dGhz", "ewoJImF1dGhz"} {
		if strings.HasPrefix(text, begin) {
			return true
		}
	}
	return false
}
