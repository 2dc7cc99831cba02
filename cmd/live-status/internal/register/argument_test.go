package register

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	good := Plan{Target: target, Salt: true}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Plan){
		`--secret "A"`:                              func(p *Plan) { p.Target.Name = "A" },
		`--secret "../x"`:                           func(p *Plan) { p.Target.Name = "../x" },
		`--namespace ""`:                            func(p *Plan) { p.Target.Namespace = "" },
		`--namespace "a/b"`:                         func(p *Plan) { p.Target.Namespace = "a/b" },
		"nothing is to be kept":                     func(p *Plan) { p.Salt = false },
		"--remove salt: a salt is never removed":    func(p *Plan) { p.Remove = []string{"salt"} },
		"--remove a: --from-file sets the same key": func(p *Plan) { p.Remove, p.Set = []string{"a"}, map[string][]byte{"a": nil} },
		"--from-file salt: a salt has from 32":      func(p *Plan) { p.Set = map[string][]byte{"salt": []byte("short")} },
	} {
		p := good
		change(&p)
		if err := p.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestArguments(t *testing.T) {
	for text, want := range map[string]string{"a=b=c": "b=c", "A.b-_1=/x": "/x", "a": "", "a=": "", "=b": "", "a/b=c": "", "..=c": ""} {
		if _, path, err := ParseFile(text); path != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v", text, path, err)
		}
	}
	for text, good := range map[string]bool{
		"a=b": true, "a=": true, "example.com/a=b": true, "a": false, "=b": false, "a=b c": false, "a b=c": false,
		ManagedBy + "=Helm": false,
	} {
		if _, _, err := ParseLabel(text); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestReadFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, size int) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	half, more := file("half", MaxBytes/2), file("more", MaxBytes/2+1)
	got, err := ReadFiles(map[string]string{"a": half, "b": half})
	if err != nil || len(got["a"])+len(got["b"]) != MaxBytes {
		t.Errorf("%d values: %v", len(got), err)
	}
	for want, paths := range map[string]map[string]string{
		"is too long: all values of a Secret have 1048576 bytes at most": {"a": half, "b": more},
		"--from-file e: " + dir + "/empty is empty":                      {"e": file("empty", 0)},
		"no such file":   {"e": filepath.Join(dir, "gone")},
		"is a directory": {"e": dir},
	} {
		if _, err := ReadFiles(paths); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
