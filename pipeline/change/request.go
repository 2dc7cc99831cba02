package change

import (
	"net/url"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// query is what the query of a request says about a write.
type query struct {
	fieldManager string
	// force is set if it was said whether to take over fields, which only a
	// server-side apply may.
	force  bool
	dryRun bool
}

func queryOf(uri string) query {
	var q query
	_, rest, ok := strings.Cut(uri, "?")
	for ok {
		var pair string
		pair, rest, ok = strings.Cut(rest, "&")
		key, value, _ := strings.Cut(pair, "=")
		switch unescaped(key) {
		case "fieldManager":
			q.fieldManager = unescaped(value)
		case "force":
			q.force = true
		case "dryRun":
			q.dryRun = q.dryRun || value != ""
		}
	}
	return q
}

func unescaped(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	plain, err := url.QueryUnescape(s)
	if err != nil {
		return ""
	}
	return plain
}

// succeeded reports whether the request is over and was a success.
func succeeded(a *event.Audit) bool {
	return a.Stage == event.StageResponseComplete && a.Code >= 200 && a.Code < 300
}
