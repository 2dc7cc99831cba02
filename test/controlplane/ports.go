package controlplane

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are taken from below the range in which Linux picks the local ports of
// outgoing connections (32768 and up): a restarted API server must find its own
// port free, and a client that dials a closed port of that range can even
// connect to itself.
const (
	firstPort = 20000
	lastPort  = 32000
)

// FreePort returns a port that nobody listens on at 127.0.0.1, from the same
// range as those of the control plane.
func FreePort(ctx context.Context) (int, error) {
	free, err := freePorts(ctx, 1)
	if err != nil {
		return 0, err
	}
	return free[0], nil
}

// freePorts returns n different ports that nobody listens on at 127.0.0.1.
func freePorts(ctx context.Context, n int) ([]int, error) {
	var held []net.Listener
	defer func() {
		for _, listener := range held {
			_ = listener.Close()
		}
	}()
	ports := make([]int, 0, n)
	var config net.ListenConfig
	var last error
	for range 200 {
		if len(ports) == n {
			return ports, nil
		}
		port := firstPort + rand.IntN(lastPort-firstPort)
		listener, err := config.Listen(ctx, "tcp", loopback(port))
		if err != nil {
			last = err
			continue
		}
		// Held until all are found, so that none is found twice.
		held = append(held, listener)
		ports = append(ports, port)
	}
	return nil, fmt.Errorf("find %d free ports on 127.0.0.1: %w", n, errors.Join(errors.New("gave up"), last))
}

func loopback(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
