package emit

import (
	"log/slog"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Bounds of how often the same is logged.
const (
	// sameAgain is for what was said already, and news for another error.
	sameAgain = 10 * time.Minute
	news      = time.Minute
)

// outageLog logs what goes wrong with a downstream: at once when it begins, and
// then seldom, since it may go wrong thousands of times.
type outageLog struct {
	logger *slog.Logger
	now    func() time.Time

	// said is what was logged last, at when. It is empty while nothing is wrong.
	said string
	at   time.Time
	// began is when it began to go wrong, and failures how often it did since.
	began    time.Time
	failures int

	// unsaid counts dead letters that were not logged, since letterAt.
	unsaid   int
	letterAt time.Time
}

// due reports whether text is to be logged now.
func (l *outageLog) due(text string) bool {
	now := l.now()
	if l.failures++; l.said == "" {
		l.began = now
	} else if age := now.Sub(l.at); age < news || (text == l.said && age < sameAgain) {
		return false
	}
	l.said, l.at = text, now
	return true
}

func (l *outageLog) failed(err error) {
	if l.due(err.Error()) {
		l.logger.Warn("the downstream did not acknowledge: trying again", "error", err, "failures", l.failures)
	}
}

// stuck is for a record that is refused where there are no dead letters.
func (l *outageLog) stuck(id event.RecordID, refused *RefusedError) {
	if l.due(refused.Reason) {
		l.logger.Error("the downstream refuses a record, and all others wait for it: set dead_letter_path to go on without such records",
			"id", id, "reason", refused.Reason, "failures", l.failures)
	}
}

// suspicious is for many that are refused in a row.
func (l *outageLog) suspicious(inARow int, refused *RefusedError) {
	const text = "the downstream refuses every record: look at forward_to, forward_format and the downstream's own rules"
	if l.due(text) {
		l.logger.Error(text, "reason", refused.Reason, "in_a_row", inARow)
	}
}

// buried is for a record that went to the dead letters.
func (l *outageLog) buried(id event.RecordID, refused *RefusedError) {
	now := l.now()
	if l.unsaid++; !l.letterAt.IsZero() && now.Sub(l.letterAt) < news {
		return
	}
	l.logger.Warn("the downstream refuses records for good: they are among the dead letters", "id", id, "reason", refused.Reason, "records", l.unsaid)
	l.unsaid, l.letterAt = 0, now
}

func (l *outageLog) recovered() {
	if l.said != "" {
		l.logger.Info("it goes on with the downstream", "after", l.now().Sub(l.began).Round(time.Millisecond).String(), "failures", l.failures)
	}
	l.said, l.failures = "", 0
}
