package values

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const hour = time.Hour

// A kubelet exchanges a volume: the new value is found, the old one for as long
// as it is asked for.
func TestVolumeRotates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := volume{dir: t.TempDir()}
		v.swap(t, map[string]string{"PASSWORD": "planted-first\n", "sub/TOKEN": "planted-token"})
		s, l := open(t, Options{Paths: []string{v.dir}, Retire: hour})
		start(t, s)
		wantRedacted(t, s, "a planted-first planted-token", "a [redacted:PASSWORD] [redacted:sub/TOKEN]")
		synctest.Wait()
		if st := s.Stats(); st.Values != 2 || st.Builds != 1 {
			t.Errorf("got %+v", st)
		}

		v.swap(t, map[string]string{"PASSWORD": "planted-second\n", "sub/TOKEN": "planted-token"})
		time.Sleep(DefaultInterval)
		synctest.Wait()
		wantRedacted(t, s, "planted-first planted-second", "[redacted:PASSWORD] [redacted:PASSWORD]")
		wantReason(t, s, "")
		if st := s.Stats(); st.Values != 3 || st.Retired != 1 || st.Builds != 2 {
			t.Errorf("got %+v", st)
		}

		time.Sleep(hour - time.Second)
		synctest.Wait()
		wantRedacted(t, s, "planted-first", "[redacted:PASSWORD]")
		time.Sleep(time.Second)
		synctest.Wait()
		wantRedacted(t, s, "planted-first planted-second", "planted-first [redacted:PASSWORD]")
		if st := s.Stats(); st.Retired != 0 || st.Builds != 3 {
			t.Errorf("got %+v", st)
		}
		if n := l.count("known values changed"); n != 1 {
			t.Errorf("%d lines about changes, want 1:\n%s", n, l)
		}
	})
}

// What cannot be read any more has payloads withheld at once. The values read
// before stay in use, without any end, and a single line tells.
func TestUnreadableLater(t *testing.T) {
	for name, ruin := range map[string]func(t *testing.T, path string){
		"gone":         remove0,
		"half written": func(t *testing.T, path string) { write(t, path, `{"PASSWORD": "planted-fi`) },
		"empty":        func(t *testing.T, path string) { write(t, path, "") },
		"a folder": func(t *testing.T, path string) {
			remove(t, path)
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		},
		"a dangling link": func(t *testing.T, path string) {
			remove(t, path)
			if err := os.Symlink("nowhere", path); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "values.json")
				write(t, path, `{"PASSWORD": "planted-first"}`)
				s, l := open(t, Options{Paths: []string{path}, Retire: time.Minute})
				start(t, s)
				wantReason(t, s, "")
				ruin(t, path)
				time.Sleep(DefaultInterval)
				synctest.Wait()
				wantReason(t, s, ReasonUnreadable)
				time.Sleep(hour)
				synctest.Wait()
				wantReason(t, s, ReasonUnreadable)
				wantRedacted(t, s, "planted-first", "[redacted:PASSWORD]")
				if st := s.Stats(); st.Unreadable != 1 || st.Values != 1 {
					t.Errorf("got %+v", st)
				}
				if n := l.count("cannot be read"); n != 1 || !strings.Contains(l.String(), path) {
					t.Errorf("%d lines, want 1 that names the path:\n%s", n, l)
				}

				remove(t, path)
				write(t, path, `{"PASSWORD": "planted-second"}`)
				time.Sleep(DefaultInterval)
				synctest.Wait()
				wantReason(t, s, "")
				wantRedacted(t, s, "planted-first planted-second", "[redacted:PASSWORD] [redacted:PASSWORD]")
				if n := l.count("can be read again"); n != 1 {
					t.Errorf("%d lines, want 1:\n%s", n, l)
				}
			})
		})
	}
}

func remove0(t *testing.T, path string) { remove(t, path) }

// A file that is soon whole again is soon read.
func TestRetryIsQuick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "values.env")
		write(t, path, "A=planted-first")
		s, _ := open(t, Options{Paths: []string{path}, Interval: time.Minute})
		start(t, s)
		write(t, path, "A='planted-sec")
		time.Sleep(time.Minute)
		synctest.Wait()
		wantReason(t, s, ReasonUnreadable)
		write(t, path, "A='planted-second'")
		time.Sleep(firstRetry)
		synctest.Wait()
		wantReason(t, s, "")
		wantRedacted(t, s, "planted-first planted-second", "planted-first [redacted:A]")
	})
}

// Nothing is lost where the same values come back before they were forgotten.
func TestUnreadableAndUnchanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "values.env")
		write(t, path, "A=planted-first")
		s, _ := open(t, Options{Paths: []string{path}})
		start(t, s)
		remove(t, path)
		time.Sleep(DefaultInterval)
		synctest.Wait()
		wantReason(t, s, ReasonUnreadable)
		write(t, path, "A=planted-first")
		time.Sleep(DefaultInterval)
		synctest.Wait()
		wantReason(t, s, "")
		if st := s.Stats(); st.Builds != 1 {
			t.Errorf("got %+v", st)
		}
	})
}

// A file that was written twice within the grain of its times is read again.
func TestSecondWriteLooksTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "values.env")
	write(t, path, "A=planted-first")
	s, _ := open(t, Options{Paths: []string{path}})
	p := s.places[0]
	if p.settled || time.Until(p.next) > settling {
		t.Fatal("what was written just now counts as settled")
	}
	write(t, path, "A=planted-other")
	l, err := lookAt(path)
	if err != nil {
		t.Fatal(err)
	}
	p.seen, p.next = l, time.Time{} // As if nothing had told them apart.
	s.turn(t.Context())
	wantRedacted(t, s, "planted-other", "[redacted:A]")
}

// While a volume is exchanged again and again every reader finds one whole
// version or another, and payloads are never withheld.
func TestRotationUnderReaders(t *testing.T) {
	v := volume{dir: t.TempDir()}
	files := func(version int) map[string]string {
		m := make(map[string]string)
		for i := range 20 {
			m[fmt.Sprintf("KEY_%d", i)] = fmt.Sprintf("planted-%04d-%04d", version, i)
		}
		return m
	}
	v.swap(t, files(0))
	s, _ := open(t, Options{Paths: []string{v.dir}, Retire: hour, Interval: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { s.Run(ctx) })
	for range 4 {
		done.Go(func() {
			for ctx.Err() == nil {
				set, _ := s.Current()
				if out, ok := set.Replace("planted-0000-0007", nil); !ok || out != "[redacted:KEY_7]" {
					t.Errorf("became %q", out)
					return
				}
				s.Stats()
				s.Skipped()
			}
		})
	}
	last := 0
	for builds := int64(1); last < 2000 && s.Stats().Builds < 12; last++ {
		if n := s.Stats().Builds; n > builds {
			builds = n
		}
		v.swap(t, files(last+1))
	}
	want := files(last)["KEY_0"]
	deadline := time.Now().Add(30 * time.Second)
	for {
		set, reason := s.Current()
		if reason == "" && set.Contains(want) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%q is not found after version %d: %q", want, last, reason)
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	done.Wait()
	for text := range versions(s) {
		if n := versions(s)[text]; n != 20 {
			t.Errorf("version %s was read in part: %d of 20 values", text, n)
		}
	}
}

// versions counts the values by the version that their text tells.
func versions(s *Store) map[string]int {
	count := make(map[string]int)
	for v := range s.retired.until {
		count[v.Text[:len("planted-0000")]]++
	}
	for _, v := range s.places[0].values {
		count[v.Text[:len("planted-0000")]]++
	}
	return count
}
