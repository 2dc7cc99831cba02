package metrics

import (
	"net"
	"testing"
)

// Somebody who opens connections without end closes their own, and not those of
// others who did not yet have the time to show their token.
func TestFloodOfConnections(t *testing.T) {
	var l limited
	enter := func(address string) (c, instead *conn) {
		t.Helper()
		from := addressed{remote: &net.TCPAddr{IP: net.ParseIP(address), Port: 1000}}
		c = &conn{Conn: from, of: &l, from: originOf(from)}
		instead, ok := l.enter(c)
		if !ok {
			t.Fatal("no room")
		}
		if instead != nil {
			instead.welcome()
			l.open--
		}
		return c, instead
	}
	scraper, _ := enter("10.0.0.1")
	for range 10 * maxConnections {
		if _, instead := enter("10.0.0.9"); instead == scraper {
			t.Fatal("the scraper made room")
		}
	}
	if _, instead := enter("10.0.0.2"); instead == nil || instead == scraper || l.open != maxConnections {
		t.Errorf("%v made room, %d are open", instead, l.open)
	}
	for len(l.strangers) > 0 {
		l.strangers[0].welcome()
	}
}
