package emit

import (
	"bytes"
	"crypto/rand"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/tinylib/msgp/msgp"
)

const (
	// maxHello is the size of the server's HELO and PONG in bytes.
	maxHello = 4 << 10
	// maxName is how much of the name of this host is told: Fluent Bit reads no PING
	// of more than 1,023 bytes.
	maxName = 255
	// maxReason is how much is told of why a server refuses a client, in bytes.
	maxReason = 100
)

// sharedKey returns the key in a file. Errors do not quote it.
func sharedKey(data []byte) ([]byte, error) {
	key := bytes.TrimRight(data, "\r\n")
	if len(key) == 0 {
		return nil, errors.New("read forward_shared_key_file: the file is empty")
	}
	return key, nil
}

// handshake shows the server that this client has the shared key, and lets it show
// the same, by the hashes of HELO, PING and PONG. Who listens can try keys against
// them, and who stands in between can pass them on: only TLS helps against both.
func (f *forward) handshake(key []byte) error {
	hello, err := readMessage(f.conn, maxHello)
	if err != nil {
		return fmt.Errorf("wait for the server to ask for the shared key: %w", err)
	}
	nonce, keepAlive, err := readHello(hello)
	if err != nil {
		return err
	}
	var random [16]byte
	_, _ = rand.Read(random[:]) // It never fails.
	salt := []byte(hex.EncodeToString(random[:]))
	ping := msgp.AppendArrayHeader(nil, 6)
	ping = msgp.AppendString(ping, "PING")
	ping = msgp.AppendString(ping, f.name)
	ping = msgp.AppendStringFromBytes(ping, salt)
	ping = msgp.AppendString(ping, digest(salt, f.name, nonce, key))
	// A user and a password are for servers that ask for more than the key.
	ping = msgp.AppendString(msgp.AppendString(ping, ""), "")
	if _, err := f.conn.Write(ping); err != nil {
		return fmt.Errorf("send the hash of the shared key: %w", err)
	}
	pong, err := readMessage(f.conn, maxHello)
	if err != nil {
		return fmt.Errorf("the server may have another shared key: %w", err)
	}
	if err := f.checkPong(pong, salt, nonce, key); err != nil {
		return err
	}
	f.single = !keepAlive
	return nil
}

// readHello reads ["HELO", {"nonce": ..., "auth": ..., "keepalive": ...}].
func readHello(b []byte) (nonce []byte, keepAlive bool, err error) {
	word, rest := firstWord(b)
	if word != "HELO" {
		return nil, false, errNotForward
	}
	n, rest, err := msgp.ReadMapHeaderBytes(rest)
	if err != nil {
		return nil, false, errNotForward
	}
	keepAlive = true
	for range n {
		var name []byte
		if name, rest, err = msgp.ReadStringZC(rest); err != nil {
			return nil, false, errNotForward
		}
		switch string(name) {
		case "nonce":
			nonce, rest, err = readBytes(rest)
		case "keepalive":
			keepAlive, rest, err = msgp.ReadBoolBytes(rest)
		default:
			rest, err = msgp.Skip(rest)
		}
		if err != nil {
			return nil, false, errNotForward
		}
	}
	if len(nonce) == 0 {
		return nil, false, errNotForward
	}
	return nonce, keepAlive, nil
}

// readBytes reads what Fluentd writes as bytes and Fluent Bit as a string.
func readBytes(b []byte) (value, rest []byte, err error) {
	if msgp.NextType(b) == msgp.BinType {
		return msgp.ReadBytesZC(b)
	}
	return msgp.ReadStringZC(b)
}

// checkPong checks ["PONG", accepted, reason, name of the server, hash].
func (f *forward) checkPong(b, salt, nonce, key []byte) error {
	n, _, err := msgp.ReadArrayHeaderBytes(b)
	word, rest := firstWord(b)
	if err != nil || n != 5 || word != "PONG" {
		return errNotForward
	}
	accepted, rest, err := msgp.ReadBoolBytes(rest)
	if err != nil {
		return errNotForward
	}
	var fields [3][]byte
	for i := range fields {
		if fields[i], rest, err = readBytes(rest); err != nil {
			return errNotForward
		}
	}
	reason, name, hash := fields[0], fields[1], fields[2]
	if !accepted {
		return fmt.Errorf("the server refuses this client: %q", reason[:min(len(reason), maxReason)])
	}
	// Who does not have the key could send our own hash back.
	if string(name) == f.name {
		return errors.New("the server claims to be this client")
	}
	if subtle.ConstantTimeCompare(hash, []byte(digest(salt, string(name), nonce, key))) != 1 {
		return errors.New("the server has another shared key")
	}
	return nil
}

// digest returns the hash by which the one of this name shows that it has the key.
func digest(salt []byte, name string, nonce, key []byte) string {
	h := sha512.New()
	_, _ = h.Write(salt) // A hash takes everything.
	_, _ = h.Write([]byte(name))
	_, _ = h.Write(nonce)
	_, _ = h.Write(key)
	return hex.EncodeToString(h.Sum(nil))
}
