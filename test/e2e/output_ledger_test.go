package e2e

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// sent is what a downstream reads of a record.
type sent struct {
	Type  string `json:"type"`
	ID    string `json:"id"`
	Audit struct {
		AuditID string `json:"audit_id"`
		Stage   string `json:"stage"`
	} `json:"audit"`
}

func (r sent) step() step { return step{r.Audit.AuditID, r.Audit.Stage} }

// fate is what has become of a record.
type fate struct {
	// last is what became of the last request that had it.
	last string
	// taken is set once a request with it was answered as a success, and proven once
	// its sender is known to have read that answer. life is the sender's at that time.
	taken, proven bool
	life          int
}

// answered is what becomes of a request that was answered as a success, to the end.
const answered = "answered"

// ledger is what a downstream knows of the records that it was sent.
type ledger struct {
	mu    sync.Mutex
	fates map[string]*fate
	// ids has the record of each audit event.
	ids map[step]string
	// requests, records and audit records are how many came, repeats included, and
	// repeats how many records came again, by what had become of the request before.
	requests, records, audit int
	repeats                  map[string]int
	faults                   []string

	// life counts how often the sender was killed, and inHand has how many records of
	// each life came again in later ones.
	life   int
	inHand map[int]int
}

func newLedger() *ledger {
	return &ledger{fates: map[string]*fate{}, ids: map[step]string{}, repeats: map[string]int{}, inHand: map[int]int{}}
}

// receive notes what came with a request, before it is answered.
func (l *ledger) receive(records []sent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests++
	l.records += len(records)
	for _, r := range records {
		switch r.Type {
		case "audit":
			if id, ok := l.ids[r.step()]; ok && id != r.ID {
				l.fault("%v has the IDs %s and %s", r.step(), id, r.ID)
			}
			l.ids[r.step()] = r.ID
			l.audit++
		case "monitor_status":
		default:
			l.fault("a record of type %q: %s", r.Type, r.ID)
		}
		f := l.fates[r.ID]
		if f == nil {
			l.fates[r.ID] = &fate{}
			continue
		}
		l.repeats[f.last]++
		switch {
		case !f.proven:
		case f.life < l.life:
			// Of a batch that was sent in parts, none is known until all are.
			l.inHand[f.life]++
			f.proven = false
		default:
			l.fault("%s came again, though its sender had read the acknowledgement", r.ID)
		}
	}
}

// became notes what became of a request.
func (l *ledger) became(records []sent, what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range records {
		f := l.fates[r.ID]
		f.last = what
		if what == answered {
			f.taken, f.life = true, l.life
		}
	}
}

// prove notes that the sender of records has read the answer.
func (l *ledger) prove(records []sent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range records {
		l.fates[r.ID].proven = true
	}
}

func (l *ledger) fault(format string, args ...any) {
	if len(l.faults) < 20 {
		l.faults = append(l.faults, fmt.Sprintf(format, args...))
	}
}

// died notes that the sender was killed.
func (l *ledger) died() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.life++
}

// wrong notes that a request was not as it should be.
func (l *ledger) wrong(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault(format, args...)
}

// taken returns the audit events that a request brought that was answered as a
// success.
func (l *ledger) taken() trail {
	l.mu.Lock()
	defer l.mu.Unlock()
	tr := trail{}
	for s, id := range l.ids {
		if l.fates[id].taken {
			tr[s] = true
		}
	}
	return tr
}

// known returns how many records were acknowledged, and of how many it is known that
// the acknowledgement was read.
func (l *ledger) known() (taken, proven int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.fates {
		if f.taken {
			taken++
		}
		if f.proven {
			proven++
		}
	}
	return taken, proven
}

// check compares with what was written at the end, when nothing comes any more, and
// with the dead letters. It returns how many of these are repeats.
func (l *ledger) check(t *testing.T, w *load, letters []letter) (repeated int) {
	t.Helper()
	good, bad := w.lines()
	taken := l.taken()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.faults {
		t.Error(f)
	}
	if missing := good.without(taken); len(missing) > 0 {
		t.Errorf("%d of %d records have not arrived, for example %v", len(missing), len(good), missing.some())
	}
	if more := taken.without(good); len(more) > 0 {
		t.Errorf("%d records arrived that nobody wrote, for example %v", len(more), more.some())
	}
	dead := trail{}
	for _, d := range letters {
		s := d.Record.step()
		if dead[s] {
			repeated++
		}
		dead[s] = true
		status := refusal(s.auditID)
		switch {
		case status == 0:
			t.Errorf("a dead letter that nobody refused: %s: %s", d.ID, d.Reason)
		case !strings.Contains(d.Reason, fmt.Sprint(status)):
			t.Errorf("a dead letter that was refused by %d has the reason %q", status, d.Reason)
		case d.ID != d.Record.ID || l.ids[s] != d.ID || d.To == "" || d.Time == "":
			t.Errorf("a dead letter: %+v, sent as %s", d, l.ids[s])
		}
	}
	if missing := bad.without(dead); len(missing) > 0 {
		t.Errorf("%d of %d dead letters are missing, for example %v", len(missing), len(bad), missing.some())
	}
	return repeated
}

// String describes what came.
func (l *ledger) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(l.repeats)) {
		parts = append(parts, fmt.Sprintf("%s %d", what, l.repeats[what]))
	}
	return fmt.Sprintf("%d requests with %d records, of which came again, by what had become of them before: %s",
		l.requests, l.records, cmp.Or(strings.Join(parts, ", "), "none"))
}

// letter is a line of the dead letters.
type letter struct {
	Time, To, Reason, ID string
	Record               sent
}

// readLetters reads the dead letters; each line must be whole.
func readLetters(t testing.TB, path string) []letter {
	t.Helper()
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var all []letter
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var l letter
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Errorf("a dead letter that is no JSON: %v: %.200s", err, lines.Bytes())
			continue
		}
		all = append(all, l)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// audits counts the audit records that came, repeats included.
func (l *ledger) audits() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.audit
}
