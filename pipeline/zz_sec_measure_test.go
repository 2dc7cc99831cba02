package pipeline

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"

	"github.com/fluent-live/live-status/pipeline/config"
)

func raw1(body []byte) []byte {
	b := msgp.AppendArrayHeader(nil, 2)
	b = append(b, 0xd7, 0, 0x65, 0, 0, 1, 0, 0, 0, 0)
	return append(b, body...)
}

func logLine(s []byte) []byte {
	b := msgp.AppendMapHeader(nil, 1)
	b = msgp.AppendString(b, "log")
	return raw1(msgp.AppendStringFromBytes(b, s))
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestZZMeasure(t *testing.T) {
	if os.Getenv("SECM") == "" {
		t.Skip()
	}
	const N = 2 << 20
	rep := func(pre, unit, sep, post string) []byte {
		var b bytes.Buffer
		b.WriteString(pre)
		for i := 0; b.Len() < N; i++ {
			if i > 0 {
				b.WriteString(sep)
			}
			b.WriteString(unit)
		}
		b.WriteString(post)
		return b.Bytes()
	}
	many := func(f func(i int) []byte) []byte {
		var b []byte
		for i := 0; len(b) < N; i++ {
			b = append(b, f(i)...)
		}
		return b
	}
	list := func(api string, elem []byte) []byte {
		n := N / len(elem)
		b := msgp.AppendMapHeader(nil, 3)
		b = msgp.AppendString(msgp.AppendString(b, "kind"), "EventList")
		b = msgp.AppendString(msgp.AppendString(b, "apiVersion"), api)
		b = msgp.AppendArrayHeader(msgp.AppendString(b, "items"), uint32(n))
		for range n {
			b = append(b, elem...)
		}
		return raw1(b)
	}
	audit := func(i int, extra string) string {
		return fmt.Sprintf(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"%d","stage":"ResponseComplete","verb":"get","stageTimestamp":"2026-11-21T09:59:59.100000Z"%s}`, i, extra)
	}
	cases := map[string][]byte{
		"plain lines":            many(func(i int) []byte { return logLine([]byte("GET / 200")) }),
		"list of {} events mp":   list("v1", []byte{0x80}),
		"list of {} audit mp":    list("audit.k8s.io/v1", []byte{0x80}),
		"list of {} text":        logLine(rep(`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[`, `{}`, `,`, `]}`)),
		"list metadata:{} text":  logLine(rep(`{"kind":"EventList","apiVersion":"v1","items":[`, `{"metadata":{}}`, `,`, `]}`)),
		"list auditID text":      logLine(rep(`{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[`, `{"auditID":1,"verb":"a"}`, `,`, `]}`)),
		"min audit lines":        many(func(i int) []byte { return logLine([]byte(audit(i, ""))) }),
		"min events":             many(func(i int) []byte { return logLine([]byte(fmt.Sprintf(`{"kind":"Event","apiVersion":"v1","metadata":{"uid":"%d","resourceVersion":"1"},"involvedObject":{},"lastTimestamp":"2026-11-21T09:59:59Z"}`, i))) }),
		"one event 2MB message ctl": logLine(rep(`{"kind":"Event","apiVersion":"v1","metadata":{"uid":"1","resourceVersion":"1"},"involvedObject":{},"lastTimestamp":"2026-11-21T09:59:59Z","message":"`, `\u0001`, ``, `"}`)),
		"one event 2MB quotes":   logLine(rep(`{"kind":"Event","apiVersion":"v1","metadata":{"uid":"1","resourceVersion":"1"},"involvedObject":{},"lastTimestamp":"2026-11-21T09:59:59Z","message":"`, `\"`, ``, `"}`)),
		"one audit 2MB body":     logLine(rep(audit(1, `,"level":"RequestResponse","requestObject":{"a":[`)[:len(audit(1, `,"level":"RequestResponse","requestObject":{"a":[`))-1], `{"b":"c=d"}`, `,`, `]}}`)),
		"one audit deep body":    logLine(append(append([]byte(audit(1, `,"requestObject":`)[:len(audit(1, `,"requestObject":`))-1]), bytes.Repeat([]byte("["), N/2)...), append(bytes.Repeat([]byte("]"), N/2), '}')...)),
		"braces":                 logLine(bytes.Repeat([]byte("{"), N)),
		"backslashes":            logLine(append([]byte(`{"a":"`), bytes.Repeat([]byte(`\`), N)...)),
		"annotations":            logLine(rep(`{"kind":"Event","apiVersion":"v1","involvedObject":{},"lastTimestamp":"2026-11-21T09:59:59Z","metadata":{"uid":"1","resourceVersion":"1","annotations":{`, `"a%":"b"`, `,`, `}}}`)),
		"label keys":             logLine([]byte(func() string { s := `{"kind":"Event","apiVersion":"v1","involvedObject":{},"lastTimestamp":"2026-11-21T09:59:59Z","metadata":{"uid":"1","resourceVersion":"1","labels":{`; for i := 0; len(s) < N/4; i++ { s += fmt.Sprintf(`"k%d":"v",`, i) }; return s + `"z":"z"}}}` }())),
		"groups":                 logLine(rep(audit(1, `,"user":{"username":"a","groups":[`)[:len(audit(1, `,"user":{"username":"a","groups":[`))-1], `"g"`, `,`, `]}}`)),
		"base64 message":         logLine(rep(`{"kind":"Event","apiVersion":"v1","metadata":{"uid":"1","resourceVersion":"1"},"involvedObject":{},"lastTimestamp":"2026-11-21T09:59:59Z","message":"`, `eyJhIjoi`, ``, `"}`)),
		"pem-ish":                logLine(rep(`{"kind":"Event","apiVersion":"v1","metadata":{"uid":"1","resourceVersion":"1"},"involvedObject":{},"lastTimestamp":"2026-11-21T09:59:59Z","message":"`, `-----BEGIN PRIVATE KEY-----`, ` `, `"}`)),
		"long uri":               logLine(rep(audit(1, `,"requestURI":"/api?`)[:len(audit(1, `,"requestURI":"/api?`))-1], `a=%25&`, ``, `"}`)),
	}
	for name, data := range cases {
		if only := os.Getenv("SECM"); only != "1" && only != name {
			continue
		}
		var bytesOut, recs atomic.Int64
		srv := newServer(t, func(body []byte) int { bytesOut.Add(int64(len(body))); recs.Add(int64(bytes.Count(body, []byte("\n")))); return 204 })
		srv.Config.Handler = nil
		p := outputPlugin(t, config.Map{"forward_to": "file:" + t.TempDir() + "/o", "forward_file_max_size": "64GiB"})
		_ = srv
		runtime.GC()
		var peak atomic.Uint64
		stop := make(chan struct{})
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond):
					var m runtime.MemStats
					runtime.ReadMemStats(&m)
					if m.HeapInuse > peak.Load() {
						peak.Store(m.HeapInuse)
					}
				}
			}
		}()
		c0, w0 := cpu(), time.Now()
		got := flushed(t, p, data)
		c, w := cpu()-c0, time.Since(w0)
		close(stop)
		var size int64
		if fi, err := os.Stat(p.cfg.Forward.To[5:]); err == nil {
			size = fi.Size()
		}
		s := p.count.snapshot()
		fmt.Printf("%-28s in=%.1fMB result=%v cpu=%v wall=%v out=%.1fMB x%.1f records=%d heap=%dMB withheld=%d\n", name, float64(len(data))/1e6, got, c.Round(time.Millisecond), w.Round(time.Millisecond), float64(size)/1e6, float64(size)/float64(len(data)), s.Emitted, peak.Load()>>20, s.Withheld)
		shut(t, p)
	}
}
