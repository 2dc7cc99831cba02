package metrics

import (
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is the server's. What is in the files is compared, not their times:
// Kubernetes changes a mounted Secret by turning a link.
type certificate struct {
	certFile, keyFile string
	logger            *slog.Logger
	now               func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	// tried is the digest of what was last seen, be it good or not, and looked is when
	// that was.
	tried  [sha256.Size]byte
	looked time.Time
}

// lookEvery is how often the files are read at most.
const lookEvery = time.Second

func loadCertificate(o *Options) (*certificate, error) {
	c := &certificate{certFile: o.CertFile, keyFile: o.KeyFile, logger: o.Logger, now: o.Now}
	if err := c.renew(); err != nil {
		return nil, err
	}
	return c, nil
}

// get returns the certificate for a connection. Files that are broken or gone leave
// the former one: a mounted Secret may flicker.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.looked) >= lookEvery {
		c.looked = now
		before := c.current
		if err := c.renew(); err != nil {
			c.logger.Error("metrics: a changed certificate cannot be used; the former stays in use", "error", err)
		} else if c.current != before {
			c.logger.Info("metrics: a changed certificate is in use now", "option", optionCert, "path", c.certFile)
		}
	}
	return c.current, nil
}

// renew makes a certificate of the files if they differ from what was last seen.
func (c *certificate) renew() error {
	digest, next, err := c.read()
	if digest == c.tried {
		return nil
	}
	if err != nil {
		// The link may have been turned between the first file and the second.
		if again, retried, err2 := c.read(); again != digest {
			digest, next, err = again, retried, err2
		}
	}
	c.tried = digest
	if err != nil {
		return err
	}
	c.current = next
	return nil
}

func (c *certificate) read() (digest [sha256.Size]byte, pair *tls.Certificate, err error) {
	cert, err := readSmall(optionCert, c.certFile)
	if err != nil {
		return sha256.Sum256([]byte(err.Error())), nil, err
	}
	key, err := readSmall(optionKey, c.keyFile)
	if err != nil {
		return sha256.Sum256([]byte(err.Error())), nil, err
	}
	one, other := sha256.Sum256(cert), sha256.Sum256(key)
	digest = sha256.Sum256(append(one[:], other[:]...))
	made, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return digest, nil, fmt.Errorf("make a key pair of %s %q and %s %q: %w", optionCert, c.certFile, optionKey, c.keyFile, err)
	}
	return digest, &made, nil
}

// maxSmall is far beyond any chain of certificates.
const maxSmall = 1 << 20

// readSmall reads a regular file. Anything else might never end.
func readSmall(option, path string) ([]byte, error) {
	fail := func(err error) ([]byte, error) {
		if p, ok := errors.AsType[*os.PathError](err); ok {
			err = p.Err
		}
		return nil, fmt.Errorf("read %s %q: %w", option, path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fail(err)
	}
	if !info.Mode().IsRegular() {
		return fail(errors.New("it is no regular file"))
	}
	f, err := os.Open(path)
	if err != nil {
		return fail(err)
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, maxSmall+1))
	if err != nil {
		return fail(err)
	}
	if len(content) > maxSmall {
		return fail(errors.New("it is larger than 1 MiB"))
	}
	return content, nil
}
