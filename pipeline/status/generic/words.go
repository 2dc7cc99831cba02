package generic

import (
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// maxWords is how many words of a phrase are read.
const maxWords = 16

// eachWord calls f with the words of s in lower case: ReconcileError,
// SUBMISSION_FAILED and "Setting up primary" have two, two and three. It stops
// where f returns false.
func eachWord(s string, f func(word string) bool) {
	if len(s) > 256 {
		s = s[:256]
	}
	n := 0
	for start := 0; start < len(s) && n < maxWords; n++ {
		for start < len(s) && !isLetter(s[start]) {
			start++
		}
		end := start
		for end < len(s) && isLetter(s[end]) && (end == start || !isUpper(s[end]) || !beginsWord(s, end)) {
			end++
		}
		if end > start && !f(strings.ToLower(s[start:end])) {
			return
		}
		start = end
	}
}

// beginsWord reports whether the upper case letter at i begins a word: after a
// small letter, or before one where a run of capitals ends, as in OOMKilled.
func beginsWord(s string, i int) bool {
	return !isUpper(s[i-1]) || i+1 < len(s) && isLetter(s[i+1]) && !isUpper(s[i+1])
}

func isUpper(b byte) bool  { return 'A' <= b && b <= 'Z' }
func isLetter(b byte) bool { return isUpper(b) || 'a' <= b && b <= 'z' }

// phraseHealth is what the words of s say together: that it waits for something,
// else the worst. HealthNone where no word is known.
func phraseHealth(s string) event.Health {
	var (
		worst    event.Health
		previous string
		negated  bool
		first    = true
	)
	eachWord(s, func(word string) bool {
		if previous == "back" && word == "off" {
			word = "backoff"
		}
		previous = word
		health, known := wordHealth[word]
		switch {
		case first && (word == "waiting" || word == "awaiting" || word == "pending"):
			worst = event.HealthProgressing
			return false
		case word == "not" || word == "non" || word == "no":
			negated, first = true, false
			return true
		case !known && len(word) > 4 && strings.HasSuffix(word, "ing"):
			health = event.HealthProgressing
		}
		if negated {
			health = negate(word, health)
		}
		negated, first = false, false
		if phraseRank(health) > phraseRank(worst) {
			worst = health
		}
		return true
	})
	return worst
}

// negate is what word means with a not before it.
func negate(word string, health event.Health) event.Health {
	switch health {
	case event.HealthHealthy:
		// Not ready: not yet, as far as anybody knows.
		return event.HealthProgressing
	case event.HealthDegraded, event.HealthProgressing:
		return event.HealthHealthy
	case event.HealthSuspended, event.HealthMissing, event.HealthUnknown:
		return health
	case event.HealthNone:
	}
	switch word {
	case "found", "allowed", "exist", "match", "such":
		return event.HealthDegraded
	}
	return health
}

func phraseRank(h event.Health) int {
	switch h {
	case event.HealthHealthy:
		return 1
	case event.HealthUnknown:
		return 2
	case event.HealthSuspended:
		return 3
	case event.HealthProgressing:
		return 4
	case event.HealthDegraded:
		return 5
	default:
		return 0
	}
}

// lastWord returns the last word of s in lower case.
func lastWord(s string) string {
	last := ""
	eachWord(s, func(word string) bool {
		last = word
		return true
	})
	return last
}

// meaningOf returns what a condition type means.
func meaningOf(kind string) meaning {
	if m, ok := conditionMeanings[kind]; ok {
		return m
	}
	if len(kind) > 128 || strings.HasPrefix(kind, "Last") {
		// What was last need not be so now.
		return meansNothing
	}
	return conditionEndings[lastWord(kind)]
}
