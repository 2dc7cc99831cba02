package emit

import (
	"bytes"
	"net"
	"testing"
	"testing/iotest"

	"github.com/tinylib/msgp/msgp"
)

// answeringConn is a connection on which there is an answer.
type answeringConn struct {
	net.Conn
	answer *bytes.Reader
}

func (c answeringConn) Read(b []byte) (int, error) { return iotest.OneByteReader(c.answer).Read(b) }

func (answeringConn) Write(b []byte) (int, error) { return len(b), nil }

// FuzzForwardAnswer reads what a server answers: to a message, and in the handshake.
// None of it is an acknowledgement that is not one, or shows a key that it has not.
func FuzzForwardAnswer(f *testing.F) {
	const id = "AAAAAAAAAAAAAAAAAAAAAA=="
	f.Add(ack(id))
	f.Add(ack("other"))
	f.Add(helloWith("0123456789abcdef"))
	pong := msgp.AppendBool(msgp.AppendString(msgp.AppendArrayHeader(nil, 5), "PONG"), true)
	f.Add(append(helloWith("0123456789abcdef"), msgp.AppendString(msgp.AppendString(msgp.AppendString(pong, ""), "there"), "hash")...))
	f.Add([]byte{0x81, 0xa3, 'a', 'c', 'k', 0xdb, 0xff, 0xff, 0xff, 0xff})
	f.Add(bytes.Repeat([]byte{0x91}, 2*maxAck))
	f.Fuzz(func(t *testing.T, answer []byte) {
		c := &forward{name: "here", conn: answeringConn{answer: bytes.NewReader(answer)}}
		if err := c.acknowledged(id); err == nil && !bytes.Contains(answer, []byte(id)) {
			t.Fatalf("acknowledged: %x", answer)
		}
		c.conn = answeringConn{answer: bytes.NewReader(answer)}
		if err := c.handshake([]byte("key")); err == nil {
			t.Fatalf("shown by one that cannot know the salt: %x", answer)
		}
		if nonce, _, err := readHello(answer); err == nil && len(nonce) == 0 {
			t.Fatalf("no nonce: %x", answer)
		}
		if err := c.checkPong(answer, []byte("salt"), []byte("nonce"), []byte("key")); err == nil {
			t.Fatalf("taken: %x", answer)
		}
	})
}
