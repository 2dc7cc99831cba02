package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

// scrape is what Prometheus reads of a response.
type scrape struct {
	// values are the samples by their labels.
	values map[string]float64
	series []labels.Labels
}

// parsed reads a response as Prometheus does, and more strictly: each metric has its
// help and its type, before its samples, and no series is there twice.
func parsed(t testing.TB, r response) *scrape {
	t.Helper()
	s := &scrape{values: map[string]float64{}}
	parser, err := textparse.New([]byte(r.body), r.contentType, labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		t.Fatal(err)
	}
	help, kind := map[string]bool{}, map[string]bool{}
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("Prometheus cannot read this: %v", err)
		}
		switch entry {
		case textparse.EntryHelp:
			name, _ := parser.Help()
			help[string(name)] = true
		case textparse.EntryType:
			name, _ := parser.Type()
			kind[string(name)] = true
		case textparse.EntrySeries:
			_, _, value := parser.Series()
			var l labels.Labels
			parser.Labels(&l)
			if _, twice := s.values[l.String()]; twice {
				t.Errorf("twice: %s", l)
			}
			s.values[l.String()] = value
			s.series = append(s.series, l)
			family := l.Get(model.MetricNameLabel)
			for _, suffix := range []string{"_total", "_sum", "_count", "_bucket"} {
				if !kind[family] {
					family = strings.TrimSuffix(family, suffix)
				}
			}
			if !help[family] || !kind[family] {
				t.Errorf("no help or no type of %s", l.Get(model.MetricNameLabel))
			}
		case textparse.EntryUnit:
		default:
			t.Errorf("an entry of type %v", entry)
		}
	}
	return s
}

// has reports whether a series has this among its labels.
func (s *scrape) has(text string) bool {
	for name := range s.values {
		if strings.Contains(name, text) {
			return true
		}
	}
	return false
}

// differs compares a scrape with the last record of each object and application.
func (s *scrape) differs(t testing.TB, r *run) string {
	t.Helper()
	told := map[string]string{}
	data, err := os.ReadFile(r.out)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var rec stated
		if !strings.HasSuffix(line, "\n") || json.Unmarshal([]byte(line), &rec) != nil || rec.Type != "object_status" && rec.Type != "application_status" {
			continue
		}
		key := fmt.Sprint("object ", rec.Object.Kind, " ", rec.Object.Namespace, " ", rec.Object.Name, " of ", rec.Application.Namespace, " ", rec.Application.Name)
		is := rec.Status
		if rec.Type == "application_status" {
			key = fmt.Sprint("application ", rec.Application.Tool, " ", rec.Application.Namespace, " ", rec.Application.Name)
			is = fmt.Sprint(rec.Status, " since ", rec.Since.UnixMilli(), ", ", rec.Sync, ", objects ", rec.ObjectsBy)
		}
		told[key] = is
		if rec.Deleted {
			delete(told, key)
		}
	}
	if len(told) == 0 {
		return "no record yet"
	}
	shown := s.shown()
	for _, key := range slices.Sorted(maps.Keys(told)) {
		if shown[key] != told[key] {
			return fmt.Sprintf("%s: told %q, shown %q", key, told[key], shown[key])
		}
	}
	for key := range shown {
		if _, ok := told[key]; !ok {
			return fmt.Sprintf("%s: shown %q, not told", key, shown[key])
		}
	}
	return ""
}

// shown is what a scrape says of objects and applications.
func (s *scrape) shown() map[string]string {
	out := map[string]string{}
	type application struct {
		status, sync string
		since        float64
		objects      map[string]int64
	}
	apps := map[string]*application{}
	for _, l := range s.series {
		value := s.values[l.String()]
		key := fmt.Sprint("application ", l.Get("tool"), " ", l.Get("namespace"), " ", l.Get("application"))
		app := apps[key]
		if app == nil {
			app = &application{objects: map[string]int64{}}
		}
		switch l.Get(model.MetricNameLabel) {
		case "live_status_object_status":
			out[fmt.Sprint("object ", l.Get("kind"), " ", l.Get("namespace"), " ", l.Get("name"), " of ", l.Get("application_namespace"), " ", l.Get("application"))] = l.Get("status")
			continue
		case "live_status_application_status":
			app.status = l.Get("status")
		case "live_status_application_sync":
			app.sync = l.Get("sync")
		case "live_status_application_status_since_seconds":
			app.since = value
		case "live_status_application_objects":
			app.objects[l.Get("status")] = int64(value)
		default:
			continue
		}
		apps[key] = app
	}
	for key, app := range apps {
		out[key] = fmt.Sprint(app.status, " since ", int64(app.since*1000+0.5), ", ", app.sync, ", objects ", app.objects)
	}
	return out
}
