package check

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"
)

// maxToken is the size of a token that is looked into, in bytes.
const maxToken = 64 << 10

// claims are what a token says of itself (RFC 7519, section 4.1). Nobody has verified
// them: they explain an answer of the server's, and decide nothing.
type claims struct {
	// subject is whom it is for, audience who is to accept it.
	subject  string
	audience []string
	// issued and expires are zero where it does not say.
	issued, expires time.Time
}

// errOpaque means that a token says nothing of itself.
var errOpaque = errors.New("the token is no JWT")

// readClaims reads what a JWT says.
func readClaims(token string) (claims, error) {
	parts := strings.Split(token, ".")
	if len(token) > maxToken || len(parts) != 3 {
		return claims{}, errOpaque
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return claims{}, errOpaque
	}
	var body struct {
		Subject  string          `json:"sub"`
		Audience json.RawMessage `json:"aud"`
		Issued   json.Number     `json:"iat"`
		Expires  json.Number     `json:"exp"`
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return claims{}, errOpaque
	}
	c := claims{subject: body.Subject, issued: numericDate(body.Issued), expires: numericDate(body.Expires)}
	// One audience may stand for itself.
	var single string
	if json.Unmarshal(body.Audience, &single) == nil && single != "" {
		c.audience = []string{single}
	} else if json.Unmarshal(body.Audience, &c.audience) != nil {
		c.audience = nil
	}
	return c, nil
}

// numericDate reads seconds since 1970, with or without a fraction.
func numericDate(n json.Number) time.Time {
	const last = 253402300799 // The end of the year 9999.
	f, err := n.Float64()
	if err != nil || math.IsNaN(f) || f <= 0 || f > last {
		return time.Time{}
	}
	whole, part := math.Modf(f)
	return time.Unix(int64(whole), int64(part*1e9))
}
