package checkmk

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxPart is the most bytes of a namespace or a name in a service's name, and
	// maxLabel those of an environment or a tenant: Checkmk makes a file name of the
	// whole and of a metric, and file systems take 255.
	maxPart  = 64
	maxLabel = 24
	// maxHost is the most bytes of the name of a host.
	//
	// Source: HostAddress of Checkmk 2.4, which refuses more.
	maxHost = 240
	// signBytes is how much of the hash tells two names apart that would otherwise
	// be the same.
	signBytes = 8
)

// forbidden are the characters that may not stand in the name of a service: quotes
// end it, the Nagios core takes the others out without a word, so that two names
// could become one, and the backslash is one where it stands at the end or before n.
//
// Source: https://docs.checkmk.com/latest/en/localchecks.html, "special characters
// are not permitted in the service name"; nagios_illegal_chars and
// cmc_illegal_chars of Checkmk 2.4.
const forbidden = "`;~!$%^&*|'\"<>?,()=\\"

// structure are the characters that this package puts between the parts of a name.
const structure = "/[]{}"

// part returns text as a part of a service's name. Characters that may not stand
// there are replaced by their full-width forms, which look like them: 100% becomes
// 100％. Whatever cannot be told by that, what is not printable, what is too long
// and what had such forms before, is told by a hash: two texts never have the same
// part.
func part(text string, most int) string {
	exact := utf8.ValidString(text)
	lastBlank := true
	out := strings.Map(func(r rune) rune {
		blank := r == ' '
		// Browsers show one blank for several, and Checkmk drops those at the ends.
		twice := blank && lastBlank
		lastBlank = blank
		switch {
		case twice:
			exact = false
			return r
		case r < unicode.MaxASCII && strings.ContainsRune(forbidden+structure, r):
			return fullWidth(r)
		case r > 0xFF00 && r <= fullWidth('~'):
			exact = false
			return r
		case !unicode.IsPrint(r):
			// Among them are what joins, hides or turns the characters around it.
			exact = false
			return '_'
		default:
			return r
		}
	}, text)
	// What is blank at its end, or is nothing at all, is no name either.
	exact = exact && !lastBlank
	// A name that ends as if it were signed could be somebody's else.
	if exact && len(out) <= most && !signed.MatchString(out) {
		return out
	}
	return cut(strings.TrimSpace(out), most-2*signBytes-1) + "-" + sign(text)
}

// fullWidth returns the full-width form of a printable ASCII character.
func fullWidth(r rune) rune { return r - '!' + '\uFF01' }

// signed matches what ends as sign ends a name.
var signed = regexp.MustCompile(`-[0-9a-f]{16}$`)

// sign returns what tells a text from all others.
func sign(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:signBytes])
}

// cut returns the first characters that fit into so many bytes.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// hostPart matches what can stand in the name of a host as it is.
//
// Source: HostAddress of Checkmk 2.4: ASCII letters, digits, and _ - . with neither
// - nor . at the beginning; Checkmk replaces any other character by _, so that two
// hosts could become one.
var hostPart = regexp.MustCompile(`^[-0-9a-zA-Z_.]*$`)

// hostName joins parts to the name of a host, as the monitoring of Kubernetes that
// comes with Checkmk names its hosts: kind_cluster_namespace. Where the name would
// not tell the parts apart, a hash of them is added.
//
// kind and prefix are letters, digits and what hostPart allows, and the name begins
// with a letter or digit for that.
func hostName(prefix, kind, cluster string, rest ...string) string {
	exact := hostPart.MatchString(cluster)
	all := []string{kind, cluster}
	for _, p := range rest {
		// The cluster may have a _, for the others are then told from the end.
		exact = exact && hostPart.MatchString(p) && !strings.Contains(p, "_")
		all = append(all, p)
	}
	name := prefix + strings.Join(all, "_")
	if exact && len(name) <= maxHost && !signed.MatchString(name) {
		return name
	}
	plain := strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && hostPart.MatchString(string(r)) {
			return r
		}
		return '_'
	}, name)
	return cut(plain, maxHost-2*signBytes-1) + "-" + sign(strings.Join(all, "\x00"))
}

// hostPrefix matches what the names of hosts may begin with.
var hostPrefix = regexp.MustCompile(`^([0-9a-zA-Z_][-0-9a-zA-Z_.]{0,63})?$`)
