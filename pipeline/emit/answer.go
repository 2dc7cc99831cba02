package emit

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// maxAnswer is how much of an answer is kept.
	maxAnswer = 1 << 20
	// maxComplaint is how much of an answer is looked at where the status is not 2xx.
	maxComplaint = 4 << 10
	// maxQuote is the length in bytes of an answer's first line that is still told.
	maxQuote = 200
)

// answer is what a downstream said.
type answer struct {
	body []byte
	// cut is set where there was more.
	cut bool
}

// readAnswer reads an answer to its end if its status is 2xx: one that ends too
// early is not whole. Of others only the beginning matters.
func readAnswer(resp *http.Response) (answer, error) {
	if resp.StatusCode/100 != 2 {
		// Half a complaint is one.
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxComplaint))
		return answer{body: body}, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return answer{}, halfAnswer(err)
	}
	rest, err := io.Copy(io.Discard, resp.Body)
	if err != nil {
		return answer{}, halfAnswer(err)
	}
	return answer{body: body, cut: rest > 0}, nil
}

func halfAnswer(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the answer ended early")
	}
	return fmt.Errorf("read the answer: %w", err)
}

// judge says what an answer means for a batch of so many records.
func (c *httpClient) judge(resp *http.Response, a answer, records int) error {
	status := resp.StatusCode
	switch {
	case status/100 == 2 && c.format == FormatOTLP:
		return c.judgeOTLP(resp, a, records)
	case status/100 == 2:
		return nil
	}
	text := fmt.Sprintf("POST %s: %s", c.name, statusName(status))
	if status/100 == 3 {
		text += ": redirects are not followed, since credentials would go with them"
	} else if quote := c.quote(resp, a.body); quote != "" {
		text += ": " + quote
	}
	if isRefusal(status) {
		return &RefusedError{Reason: text, TooLarge: status == http.StatusRequestEntityTooLarge && records > 1}
	}
	if after, ok := retryAfter(resp.Header.Get("Retry-After"), c.now()); ok {
		return &RetryError{After: after, Err: errors.New(text)}
	}
	return errors.New(text)
}

// isRefusal reports whether a status speaks of the records. All others speak of
// who sends them, where to or in which form, or of the downstream itself: a person
// can mend that, and nothing may be lost until then.
func isRefusal(status int) bool {
	if status/100 != 4 {
		return false
	}
	switch status {
	case http.StatusUnauthorized, http.StatusPaymentRequired, http.StatusForbidden, http.StatusProxyAuthRequired,
		http.StatusNotFound, http.StatusGone, http.StatusMisdirectedRequest, http.StatusUnavailableForLegalReasons,
		http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusLengthRequired, http.StatusRequestURITooLong,
		http.StatusUnsupportedMediaType, http.StatusExpectationFailed, http.StatusUpgradeRequired,
		http.StatusPreconditionRequired, http.StatusRequestHeaderFieldsTooLarge,
		http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusLocked:
		return false
	}
	return true
}

// statusName is the status in the words of the standard, not in the server's.
func statusName(status int) string {
	if text := http.StatusText(status); text != "" {
		return strconv.Itoa(status) + " " + text
	}
	return strconv.Itoa(status)
}

// quote returns what may be told of an answer: its first line, if that is short,
// made for people and free of credentials.
func (c *httpClient) quote(resp *http.Response, body []byte) string {
	text := string(body)
	if isProtobuf(resp) {
		text = statusMessage(body)
	}
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	text = strings.TrimSpace(text)
	if !isQuotable(text) || c.secretIn(text) {
		return ""
	}
	return text
}

// isQuotable reports whether a line of a stranger can be shown to a person.
func isQuotable(line string) bool {
	if len(line) > maxQuote || !utf8.ValidString(line) || strings.HasPrefix(line, "<") {
		return false // Pages begin with <.
	}
	for _, r := range line {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// shownError is an error that a stranger had a say in, as a person may be shown it.
type shownError struct {
	text string
	err  error
}

func (e *shownError) Error() string { return e.text }
func (e *shownError) Unwrap() error { return e.err }

// forPeople returns err, of which the text is short and printable: net/http and
// crypto/x509 quote answers and certificates of any length.
func forPeople(err error) error {
	const most = 2 * maxQuote
	text := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, err.Error())
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	if text == err.Error() {
		return err
	}
	return &shownError{text: text, err: err}
}

// retryAfter reads the header Retry-After (RFC 9110, section 10.2.3).
func retryAfter(value string, now time.Time) (time.Duration, bool) {
	if value == "" {
		return 0, false
	}
	if n, err := strconv.ParseInt(value, 10, 64); err == nil {
		return time.Duration(min(max(n, 0), int64(maxRetryAfter/time.Second))) * time.Second, true
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter), true
	}
	return 0, false
}
