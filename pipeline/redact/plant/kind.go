package plant

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Kind is a kind of sensitive values.
type Kind struct {
	Name string
	// New makes a value. All of it is random but what its shape demands.
	New func(r *rand.Rand) string
}

const (
	lower    = "abcdefghijklmnopqrstuvwxyz"
	upper    = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits   = "0123456789"
	alnum    = lower + upper + digits
	base64s  = alnum + "-_"
	hexLower = digits + "abcdef"
)

// of returns n characters of an alphabet.
func of(r *rand.Rand, alphabet string, n int) string {
	runes := []rune(alphabet)
	out := make([]rune, n)
	for i := range out {
		out[i] = runes[r.IntN(len(runes))]
	}
	return string(out)
}

func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// Kinds are the kinds of values that users keep in variables.
func Kinds() []Kind {
	return []Kind{
		{"password", func(r *rand.Rand) string { return of(r, alnum, 8+r.IntN(16)) }},
		{"short password", func(r *rand.Rand) string { return of(r, alnum, 6) }},
		{"password with punctuation", func(r *rand.Rand) string {
			return of(r, alnum, 4) + of(r, `"'\<>&%$#@!{}[]:;,/?=+~|^*()`, 6) + of(r, alnum, 6)
		}},
		{"password beyond ASCII", func(r *rand.Rand) string { return of(r, alnum+"äöüßéñ中文字🔑", 14) }},
		{"passphrase", func(r *rand.Rand) string {
			return strings.Join([]string{of(r, lower, 6), of(r, lower, 5), of(r, lower, 7), of(r, lower, 4)}, " ")
		}},
		{"hexadecimal key", func(r *rand.Rand) string { return hex.EncodeToString(random(r, 16)) }},
		{"base64 key", func(r *rand.Rand) string { return base64.StdEncoding.EncodeToString(random(r, 32)) }},
		{"number", func(r *rand.Rand) string { return fmt.Sprint(10_000_000 + r.IntN(89_999_999)) }},
		{"connection string", func(r *rand.Rand) string {
			return "postgres://app:" + of(r, alnum, 16) + "@db.shop:5432/" + of(r, lower, 6) + "?sslmode=disable"
		}},
		{"PEM", func(r *rand.Rand) string {
			return string(pem.EncodeToMemory(&pem.Block{Type: "EC " + "PRIVATE KEY", Bytes: random(r, 121)}))
		}},
		{"JSON", func(r *rand.Rand) string {
			b, err := json.Marshal(map[string]string{"type": "service_account", "private_key": of(r, alnum, 40), "client_id": of(r, digits, 21)})
			if err != nil {
				panic(err)
			}
			return string(b)
		}},
	}
}
