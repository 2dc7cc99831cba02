package e2e

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// nameserver is a DNS server that knows one name, or does not.
type nameserver struct {
	// resolver is a file to stand in the place of /etc/resolv.conf.
	resolver string

	mu      sync.Mutex
	gone    bool
	asked   int
	refused int
}

// newNameserver starts one. It returns why it cannot, where that is so: port 53 and a
// file system that looks different to one process take privileges.
func newNameserver(t testing.TB) (*nameserver, error) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "unshare", "-m", "true").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("unshare -m: %w: %s", err, out)
	}
	// An address of this machine's own that hardly anybody else uses.
	host := fmt.Sprintf("127.77.%d.%d", rand.IntN(256), 1+rand.IntN(254))
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", net.JoinHostPort(host, "53"))
	if err != nil {
		return nil, err
	}
	n := &nameserver{resolver: filepath.Join(t.TempDir(), "resolv.conf")}
	if err := os.WriteFile(n.resolver, []byte("nameserver "+host+"\noptions timeout:1 attempts:1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.serve(conn)
	}()
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
	return n, nil
}

func (n *nameserver) set(gone bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.gone = gone
}

// inVain returns how often the name was asked for while it was gone.
func (n *nameserver) inVain() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.refused
}

func (n *nameserver) serve(conn net.PacketConn) {
	query := make([]byte, 1500)
	for {
		size, from, err := conn.ReadFrom(query)
		if err != nil {
			return
		}
		if reply := n.reply(query[:size]); reply != nil {
			_, _ = conn.WriteTo(reply, from)
		}
	}
}

// reply answers a query (RFC 1035, section 4): 127.0.0.1, or that there is no such
// name, or that the server has failed, or nothing at all.
func (n *nameserver) reply(query []byte) []byte {
	const header, kindA = 12, 1
	end := header
	for end < len(query) && query[end] != 0 {
		end += int(query[end]) + 1
	}
	end += 5 // The root, type and class.
	if len(query) < end {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked++
	out := append([]byte(nil), query[:end]...)
	// An answer, recursion available; one question and nothing else.
	out[2], out[3] = 0x81, 0x80
	copy(out[4:header], []byte{0, 1, 0, 0, 0, 0, 0, 0})
	if n.gone {
		n.refused++
		switch n.refused / 6 % 3 {
		case 0:
			out[3] |= 3 // NXDOMAIN
		case 1:
			out[3] |= 2 // SERVFAIL
		default:
			return nil
		}
		return out
	}
	if binary.BigEndian.Uint16(query[end-4:]) != kindA {
		return out
	}
	out[7] = 1
	// The name of the question, A, IN, to be asked for again each time.
	return append(out, 0xc0, header, 0, kindA, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1)
}

// resolveBy makes a command see another /etc/resolv.conf. The process stays the one
// that is started.
func resolveBy(cmd *exec.Cmd, resolver string) {
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		cmd.Err = err
		return
	}
	script := `mount --bind "$1" /etc/resolv.conf && shift && exec "$@"`
	cmd.Args = append([]string{"unshare", "-m", "sh", "-c", script, "sh", resolver, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = unshare
}
