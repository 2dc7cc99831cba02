package metrics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
)

func plainCodec() runtime.NegotiatedSerializer {
	return serializer.NewCodecFactory(runtime.NewScheme()).WithoutConversion()
}

// told is a memory whose answers and clock a test chooses.
type told struct {
	*memory
	at     time.Time
	asked  map[string]int
	answer func(token string) error
}

func newTold(answer func(string) error) *told {
	m := &told{at: now(), asked: map[string]int{}, answer: answer}
	m.memory = newMemory(func() time.Time { return m.at }, func(_ context.Context, token string) error {
		m.asked[token]++
		return m.answer(token)
	})
	return m
}

func (m *told) decide(t *testing.T, token string) error {
	t.Helper()
	return m.memory.decide(t.Context(), token)
}

func TestHowLongAnAnswerHolds(t *testing.T) {
	allowed := true
	m := newTold(func(string) error {
		if allowed {
			return nil
		}
		return ErrToken
	})
	for _, step := range []struct {
		after   time.Duration
		allowed bool
		want    error
		asked   int
	}{
		{0, true, nil, 1},
		{59 * time.Second, false, nil, 1},
		{time.Second, false, ErrToken, 2},
		{9 * time.Second, true, ErrToken, 2},
		{time.Second, true, nil, 3},
	} {
		m.at, allowed = m.at.Add(step.after), step.allowed
		if err := m.decide(t, "a"); !errors.Is(err, step.want) || m.asked["a"] != step.asked {
			t.Errorf("after %s: %v, asked %d times; want %v, %d", step.after, err, m.asked["a"], step.want, step.asked)
		}
	}
}

// Who sends many tokens that nobody has makes few questions, takes little memory, and
// keeps nobody out who scrapes.
func TestFloodOfTokens(t *testing.T) {
	m := newTold(func(token string) error {
		if token == "prometheus" {
			return nil
		}
		return ErrToken
	})
	if err := m.decide(t, "prometheus"); err != nil {
		t.Fatal(err)
	}
	busy := 0
	const minutes = 30
	for i := range minutes * 60 * 100 {
		m.at = m.at.Add(10 * time.Millisecond)
		if err := m.decide(t, fmt.Sprint(i)); errors.Is(err, errBusy) {
			busy++
		} else if !errors.Is(err, ErrToken) {
			t.Fatal(err)
		}
		if i%3000 == 0 {
			if err := m.decide(t, "prometheus"); err != nil {
				t.Fatal(err)
			}
		}
	}
	questions := minutes*60*100 - busy
	if most := minutes*60*int(time.Second/askEvery) + askBurst; questions > most {
		t.Errorf("%d questions, at most %d", questions, most)
	}
	if len(m.known) > maxKnown {
		t.Errorf("%d are remembered", len(m.known))
	}
	if n := m.asked["prometheus"]; n > minutes+1 {
		t.Errorf("asked %d times about the one who scrapes", n)
	}
}

// While the API server cannot be asked, nobody is let in, and those who scraped ask
// again each time.
func TestTroubleIsNotRemembered(t *testing.T) {
	trouble := errors.New("down")
	var err error
	m := newTold(func(string) error { return err })
	for i := range 3 {
		err = nil
		if got := m.decide(t, "a"); got != nil {
			t.Fatal(i, got)
		}
		m.at, err = m.at.Add(allowedFor), trouble
		for range 100 {
			if got := m.decide(t, "a"); !errors.Is(got, trouble) {
				t.Fatal(i, got)
			}
		}
	}
	err = trouble
	if got := m.decide(t, "b"); !errors.Is(got, trouble) || len(m.known) != 1 {
		t.Errorf("%v, %d are remembered", got, len(m.known))
	}
}

// FuzzBearer reads headers of any content.
func FuzzBearer(f *testing.F) {
	for _, seed := range []string{"Bearer abc.def-_~+/==", "bearer a", "Basic YQ==", "", "Bearer", "Bearer  a b", "Bearer \x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		token, problem := bearer([]string{header})
		if (token == "") != (problem != "") || len(token) > maxToken {
			t.Errorf("%q: %q, %q", header, token, problem)
		}
		for i := range len(token) {
			if token[i] <= ' ' || token[i] > '~' || token[i] == '"' || token[i] == '\\' {
				t.Errorf("%q: %q", header, token)
			}
		}
	})
}

// Somebody who makes up tokens does not keep out a scraper whose token is new.
func TestNewTokenAmidAFlood(t *testing.T) {
	m := newTold(func(token string) error {
		if strings.HasPrefix(token, "prometheus") {
			return nil
		}
		return ErrToken
	})
	from := func(address string) context.Context {
		tcp := &net.TCPAddr{IP: net.ParseIP(address), Port: 1000}
		return withConn(t.Context(), &conn{from: originOf(addressed{remote: tcp})})
	}
	for _, stranger := range []string{"10.0.0.%d", "2001:db8::%x"} {
		for i := range 60_000 {
			m.at = m.at.Add(time.Millisecond)
			address := fmt.Sprintf(stranger, 9)
			if strings.Contains(stranger, ":") {
				address = fmt.Sprintf(stranger, i%0xffff+1)
			}
			if err := m.memory.decide(from(address), fmt.Sprint(stranger, i)); err == nil {
				t.Fatal("let in")
			}
			if i%1000 == 999 {
				if err := m.memory.decide(from("10.0.0.1"), fmt.Sprint("prometheus", stranger, i)); err != nil {
					t.Fatal(i, err)
				}
			}
		}
	}
}

// addressed is a connection that comes from somewhere.
type addressed struct {
	net.Conn
	remote net.Addr
}

func (a addressed) RemoteAddr() net.Addr { return a.remote }
