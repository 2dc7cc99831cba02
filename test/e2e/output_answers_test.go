package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"
)

// ServeHTTP implements http.Handler.
//
// Over one connection comes one request after the other: who sends the next one has
// read the answer before. It is the only proof there is.
func (d *downstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, _ := r.Context().Value(linkKey{}).(*link)
	d.prove(conn.answered)
	conn.answered = nil
	d.mu.Lock()
	now, changed := d.now, d.changed
	if !now.onConnect() {
		d.asked[now]++
	}
	d.mu.Unlock()
	if r.URL.Path != "/live-status" && r.URL.Path != "/v1/logs" {
		d.wrong("a request for %s", r.URL.Path)
	}
	records, err := d.read(r)
	if err != nil {
		if !errors.Is(err, errHalf) {
			d.wrong("in the mood %q: %v", now, err)
		}
		panic(http.ErrAbortHandler)
	}
	d.receive(records)
	what := d.answer(w, r, now, changed, records)
	d.became(records, what)
	switch what {
	case answered:
		conn.answered = records
	case broken:
		panic(http.ErrAbortHandler)
	}
}

// What becomes of a request besides.
const (
	broken = "broken off"
	unfit  = "refused for good"
)

// errHalf says that a request has not come to its end.
var errHalf = errors.New("half a request")

// answer answers as the mood has it, and returns what becomes of the request: answered
// where that is a success, to the end.
func (d *downstream) answer(w http.ResponseWriter, r *http.Request, now mood, changed <-chan struct{}, records []sent) string {
	if now.onConnect() {
		return broken
	}
	switch now {
	case slow:
		pause(r, changed, time.Duration(rand.IntN(1500))*time.Millisecond)
	case hangs:
		pause(r, changed, time.Hour)
		return broken
	case tooMany:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return string(now)
	case internalError:
		w.WriteHeader(http.StatusInternalServerError)
		return string(now)
	case unavailable:
		http.Error(w, "the downstream is being updated", http.StatusServiceUnavailable)
		return string(now)
	case redirects:
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusFound)
		return string(now)
	case halfAnswer:
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "half an answer")
		return string(now)
	case drips:
		w.Header().Set("Content-Length", "1000")
		for {
			_, _ = io.WriteString(w, "a")
			if flush(w) != nil || !pause(r, changed, time.Second) {
				return broken
			}
		}
	case partial:
		return d.answerPartly(w, records)
	default:
	}
	for _, rec := range records {
		if status := refusal(rec.Audit.AuditID); status != 0 {
			http.Error(w, "a record that nobody wants", status)
			return unfit
		}
	}
	d.reply(w)
	if flush(w) != nil {
		return broken
	}
	return answered
}

// answerPartly takes all but what is refused for good, and says only how many that
// are, as OTLP has it; https://opentelemetry.io/docs/specs/otlp/#partial-success-1.
func (d *downstream) answerPartly(w http.ResponseWriter, records []sent) string {
	n, status := 0, 0
	for _, rec := range records {
		if s := refusal(rec.Audit.AuditID); s != 0 {
			n, status = n+1, s
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if n == 0 {
		if _, err := io.WriteString(w, "{}"); err != nil || flush(w) != nil {
			return broken
		}
		return answered
	}
	_, _ = fmt.Fprintf(w, `{"partialSuccess":{"rejectedLogRecords":"%d","errorMessage":"status %d"}}`, n, status)
	return string(partial)
}

// pause waits, and reports false where the sender has gone or the mood has changed.
func pause(r *http.Request, changed <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-changed:
	case <-r.Context().Done():
	}
	return false
}

func flush(w http.ResponseWriter) error { return http.NewResponseController(w).Flush() }

// replyOK answers in one of the ways in which web servers say that all is well.
func replyOK(w http.ResponseWriter) {
	switch rand.IntN(3) {
	case 0:
		w.WriteHeader(http.StatusNoContent)
	case 1:
		w.Header().Set("Content-Length", "2")
		_, _ = io.WriteString(w, "ok")
	default:
		// In pieces, each of which is some time on its way.
		for range 3 {
			_, _ = io.WriteString(w, "ok ")
			_ = flush(w)
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// readJSONLines reads the records of a request in JSON Lines.
func readJSONLines(r *http.Request) ([]sent, error) {
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-ndjson" {
		return nil, fmt.Errorf("%s of %s", r.Method, r.Header.Get("Content-Type"))
	}
	lines := bufio.NewReaderSize(r.Body, 1<<20)
	var records []sent
	for {
		line, err := lines.ReadBytes('\n')
		switch {
		case err == io.EOF && len(line) == 0:
			return records, nil
		case err == io.EOF:
			return nil, errors.New("the last line has no end")
		case err != nil:
			return nil, errHalf
		}
		var rec sent
		if err := json.Unmarshal(line, &rec); err != nil {
			return nil, err
		}
		records = append(records, rec)
	}
}
