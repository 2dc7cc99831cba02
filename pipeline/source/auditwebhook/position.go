package auditwebhook

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// position is how far the spool has been yielded: up to and including an item
// of a body. It is written <seq>/<index>, and <seq> after the last item of it,
// so that nobody has to open the body again to find that it is done.
type position struct {
	seq   int64
	index int64
}

// whole is the index of a body of which all items are done.
const whole = math.MaxInt64

var errPosition = errors.New("the position is not one of a spool")

func parsePosition(text event.Position) (position, error) {
	seq, index, part := strings.Cut(string(text), "/")
	p := position{index: whole}
	var err error
	if p.seq, err = strconv.ParseInt(seq, 10, 64); err != nil || p.seq < 0 {
		return position{}, errPosition
	}
	if !part {
		return p, nil
	}
	if p.index, err = strconv.ParseInt(index, 10, 64); err != nil || p.index < 0 {
		return position{}, errPosition
	}
	return p, nil
}

func (p position) String() string {
	text := strconv.FormatInt(p.seq, 10)
	if p.index != whole {
		text += "/" + strconv.FormatInt(p.index, 10)
	}
	return text
}

// done is the Seq up to which all bodies are done.
func (p position) done() int64 {
	if p.index == whole {
		return p.seq
	}
	return p.seq - 1
}
