package values

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// token makes a value that is admitted under any key.
func token(i int) string { return fmt.Sprintf("planted-%06d-Xk29", i) }

func one(namespace, name string, i int) content {
	return content{key: SecretKey{Namespace: namespace, Name: name}, data: map[string][]byte{"token": []byte(token(i))}}
}

func put(s *Store, c content) { s.Put(c.key, c.kind, c.data) }

// Until all Secrets were told, and the matcher has them, payloads are withheld.
func TestClusterIsListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := open(t, Options{Cluster: true, Retire: time.Minute})
		wantReason(t, s, ReasonNotListed)
		start(t, s)
		put(s, one("shop", "db", 1))
		synctest.Wait()
		wantReason(t, s, ReasonNotListed)
		s.Listed()
		synctest.Wait()
		wantReason(t, s, "")
		wantRedacted(t, s, token(1), "[redacted:shop/db/token]")

		// A change soon after a build waits for its turn, one later does not.
		put(s, one("shop", "db", 2))
		synctest.Wait()
		wantRedacted(t, s, token(2), token(2))
		time.Sleep(minPause)
		synctest.Wait()
		wantRedacted(t, s, token(1)+token(2), "[redacted:shop/db/token][redacted:shop/db/token]")
		time.Sleep(minPause)
		put(s, one("shop", "db", 3))
		synctest.Wait()
		wantRedacted(t, s, token(3), "[redacted:shop/db/token]")

		builds := s.Stats().Builds
		put(s, one("shop", "db", 3))
		s.Forget(SecretKey{"shop", "unknown"})
		time.Sleep(minPause)
		synctest.Wait()
		if got := s.Stats().Builds; got != builds {
			t.Errorf("%d builds without a change", got-builds)
		}

		s.Failed()
		wantReason(t, s, ReasonUnlisted)
		put(s, one("shop", "new", 4))
		s.Forget(SecretKey{"shop", "db"})
		s.Listed()
		synctest.Wait()
		wantReason(t, s, "")
		wantRedacted(t, s, token(3)+token(4), "[redacted:shop/db/token][redacted:shop/new/token]")
		time.Sleep(time.Minute + minPause)
		synctest.Wait()
		wantRedacted(t, s, token(3)+token(4), token(3)+"[redacted:shop/new/token]")
		if st := s.Stats(); st.Values != 1 || st.Cluster != 1 || st.Retired != 0 || st.Beyond != 0 {
			t.Errorf("got %+v", st)
		}
	})
}

// A Secret that cannot be read has payloads withheld until it can, and until the
// matcher knows it, or is gone. What it held before is still found.
func TestUnreadSecret(t *testing.T) {
	s, _ := open(t, Options{Cluster: true})
	put(s, one("shop", "db", 1))
	s.Listed()
	s.turn(t.Context())
	wantReason(t, s, "")
	key := SecretKey{"shop", "db"}
	s.Unread(key)
	wantReason(t, s, ReasonUnlisted)
	s.Listed()
	s.turn(t.Context())
	wantReason(t, s, ReasonUnlisted)
	wantRedacted(t, s, token(1), "[redacted:shop/db/token]")
	put(s, one("shop", "db", 2))
	if _, reason := s.Current(); reason == "" {
		t.Error("payloads pass before the matcher knows the value")
	}
	s.turn(t.Context())
	wantReason(t, s, "")
	wantRedacted(t, s, token(2), "[redacted:shop/db/token]")
	s.Unread(SecretKey{"shop", "other"})
	wantReason(t, s, ReasonUnlisted)
	s.Forget(SecretKey{"shop", "other"})
	wantReason(t, s, "")
}

// The data of a Secret may be wiped as soon as it was told.
func TestDataIsCopied(t *testing.T) {
	s, _ := open(t, Options{Cluster: true})
	c := one("shop", "db", 1)
	put(s, c)
	clear(c.data["token"])
	s.Listed()
	s.turn(t.Context())
	wantRedacted(t, s, token(1), "[redacted:shop/db/token]")
}

// A name that an operator chose goes before one from the cluster.
func TestFileNamesValue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "values.env")
	write(t, path, "zzz="+token(1))
	s, _ := open(t, Options{Paths: []string{path}, Cluster: true})
	secret := one("aaa", "aaa", 1)
	secret.data["token"] = append(secret.data["token"], " \n"...)
	put(s, secret)
	s.Listed()
	s.turn(t.Context())
	wantRedacted(t, s, token(1), "[redacted:zzz]")
}

// The name of a namespace is nothing to hide.
func TestNamespaceIsNoValue(t *testing.T) {
	s, _ := open(t, Options{Cluster: true})
	put(s, one("payments-prod", "db", 1))
	put(s, content{key: SecretKey{"evil", "x"}, data: map[string][]byte{"password": []byte("payments-prod")}})
	s.Listed()
	s.turn(t.Context())
	wantRedacted(t, s, "payments-prod "+token(1), "payments-prod [redacted:payments-prod/db/token]")
}

// Whoever makes very many Secrets crowds out nobody else's, and fills no log.
func TestCrowd(t *testing.T) {
	s, l := open(t, Options{Cluster: true, Retire: hour})
	n := 0
	for i := range 12 {
		namespace := fmt.Sprintf("crowd-%02d", i)
		for j := range 2_100 {
			n++
			put(s, one(namespace, fmt.Sprint("s", j), n))
		}
	}
	for i := range 100 {
		put(s, one("zzz-shop", fmt.Sprint("s", i), 1_000_000+i))
	}
	s.Listed()
	s.turn(t.Context())
	set, _ := s.Current()
	for i := range 100 {
		if !set.Contains(token(1_000_000 + i)) {
			t.Fatalf("value %d of the small namespace is not found", i)
		}
	}
	st := s.Stats()
	if st.Cluster > clusterLimit || st.Cluster < clusterLimit-100 || st.Cluster+st.Beyond != n+100 {
		t.Errorf("got %+v of %d", st, n+100)
	}
	for i := range 12 {
		if w := s.cluster.spaces[fmt.Sprintf("crowd-%02d", i)].weight; w < (clusterLimit-100)/12 || w > clusterLimit/12 {
			t.Errorf("crowd %d was left %d values", i, w)
		}
	}
	for i := range 20 {
		put(s, one("crowd-00", fmt.Sprint("more", i), n+i))
		s.turn(t.Context())
	}
	if lines := l.count("more Secrets than"); lines != 1 || strings.Contains(l.String(), "zzz") {
		t.Errorf("%d lines:\n%s", lines, l)
	}
}

// A Secret that is changed again and again leaves no more than its namespace may
// have, and its present value is found.
func TestRestlessSecret(t *testing.T) {
	s, _ := open(t, Options{Cluster: true, Retire: hour})
	put(s, one("shop", "db", 0))
	const n = 3 * namespaceLimit
	for i := range n {
		put(s, one("restless", "s", 1+i))
	}
	s.Listed()
	s.turn(t.Context())
	wantRedacted(t, s, token(n)+token(0), "[redacted:restless/s/token][redacted:shop/db/token]")
	wantRedacted(t, s, token(n-1)+token(1), "[redacted:restless/s/token]"+token(1))
	if st := s.Stats(); st.Values != namespaceLimit+1 || st.Retired != namespaceLimit-1 {
		t.Errorf("got %+v", st)
	}
	// Two that take turns are kept once each.
	put(s, content{key: SecretKey{"restless", "s"}})
	for i := range 100 {
		put(s, one("turns", "s", -i%2))
	}
	if got := len(s.cluster.spaces["turns"].retired); got != 2 {
		t.Errorf("%d former values, want 2", got)
	}
}

// The weights that are kept are those of what is held.
func TestWeights(t *testing.T) {
	s, _ := open(t, Options{Cluster: true, Retire: time.Nanosecond})
	check := func() {
		t.Helper()
		all := 0
		for _, sp := range s.cluster.spaces {
			w := 0
			for _, v := range sp.retired {
				w += weigh(v.Value)
			}
			for _, secret := range sp.secrets {
				for _, v := range secret.values {
					w += weigh(v)
				}
			}
			if w != sp.weight {
				t.Fatalf("a namespace weighs %d, not %d", w, sp.weight)
			}
			all += w
		}
		if all != s.cluster.weight {
			t.Fatalf("all weigh %d, not %d", all, s.cluster.weight)
		}
	}
	for i := range 500 {
		secret := one(fmt.Sprint("ns-", i%7), fmt.Sprint("s", i%31), i)
		secret.data["big.token"] = []byte(strings.Repeat(token(i), i*3))
		put(s, secret)
		check()
		if i%5 == 0 {
			s.Forget(SecretKey{fmt.Sprint("ns-", i%3), fmt.Sprint("s", i%31)})
			check()
		}
		if i%50 == 0 {
			s.cluster.expire(time.Now().Add(hour))
			check()
			s.cluster.fit(300)
			check()
		}
	}
	for i := range 7 {
		for j := range 31 {
			s.Forget(SecretKey{fmt.Sprint("ns-", i), fmt.Sprint("s", j)})
		}
	}
	s.cluster.expire(time.Now().Add(hour))
	check()
	if len(s.cluster.spaces) != 0 || s.cluster.weight != 0 {
		t.Errorf("%d namespaces are left, of weight %d", len(s.cluster.spaces), s.cluster.weight)
	}
}

// Several goroutines tell of Secrets while the matcher is built and used. At the
// end it knows what was told last.
func TestClusterUnderReaders(t *testing.T) {
	s, _ := open(t, Options{Cluster: true, Retire: hour})
	ctx, cancel := context.WithCancel(t.Context())
	var done, tellers sync.WaitGroup
	done.Go(func() { s.Run(ctx) })
	done.Go(func() {
		for ctx.Err() == nil {
			if set, reason := s.Current(); reason == "" {
				set.Contains(token(1))
			}
			s.Stats()
		}
	})
	const each = 50
	for g := range 4 {
		tellers.Go(func() {
			namespace := fmt.Sprint("ns-", g)
			for i := range each {
				put(s, one(namespace, fmt.Sprint("s", i%5), g*each+i))
				s.Unread(SecretKey{namespace, "u"})
				s.Forget(SecretKey{namespace, "u"})
				if i%10 == 3 {
					s.Forget(SecretKey{namespace, fmt.Sprint("s", i%5)})
				}
			}
		})
	}
	tellers.Wait()
	s.Listed()
	deadline := time.Now().Add(30 * time.Second)
	for _, reason := s.Current(); reason != ""; _, reason = s.Current() {
		if time.Now().After(deadline) {
			t.Fatalf("payloads are withheld for %q", reason)
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	done.Wait()
	set, _ := s.Current()
	for i := range 4 * each {
		if !set.Contains(token(i)) {
			t.Errorf("value %d is not found", i)
		}
	}
}
