// Command dockerfile reads a Dockerfile with BuildKit's own parser and prints it as
// JSON; with a second argument it copies the build context there, without what
// .dockerignore leaves out.
//
//	dockerfile FOLDER [COPY]
//
// It lies in a module of its own because BuildKit would raise what the other tests
// are built from.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// instruction is one line of a Dockerfile, as it is written.
type instruction struct {
	Name  string   `json:"name"`
	Flags []string `json:"flags,omitempty"`
	Args  []string `json:"args"`
	// JSON is set where the arguments were a list.
	JSON bool `json:"json,omitempty"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 || len(args) > 2 {
		return errors.New("usage: dockerfile FOLDER [COPY]")
	}
	if err := printInstructions(filepath.Join(args[0], "Dockerfile")); err != nil || len(args) == 1 {
		return err
	}
	return copyContext(args[0], args[1])
}

func printInstructions(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	result, err := parser.Parse(f)
	if err != nil {
		return err
	}
	var warnings []string
	lint := linter.New(&linter.Config{Warn: func(rule, _, _, message string, _ []parser.Range) {
		warnings = append(warnings, rule+": "+message)
	}})
	if _, _, err := instructions.Parse(result.AST, lint); err != nil {
		return err
	}
	if len(warnings) > 0 {
		return fmt.Errorf("BuildKit warns: %q", warnings)
	}
	var all []instruction
	for _, node := range result.AST.Children {
		in := instruction{Name: node.Value, Flags: node.Flags, JSON: node.Attributes["json"]}
		for arg := node.Next; arg != nil; arg = arg.Next {
			in.Args = append(in.Args, arg.Value)
		}
		all = append(all, in)
	}
	return json.NewEncoder(os.Stdout).Encode(all)
}

// copyContext copies what a builder would be sent.
func copyContext(from, to string) error {
	ignore, err := os.Open(filepath.Join(from, ".dockerignore"))
	if err != nil {
		return err
	}
	defer func() { _ = ignore.Close() }()
	patterns, err := ignorefile.ReadAll(ignore)
	if err != nil {
		return err
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return err
	}
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil || name == "." {
			return err
		}
		if name == ".git" || name == "build" {
			return fs.SkipDir
		}
		out, err := matcher.MatchesOrParentMatches(name)
		if err != nil || out || !d.Type().IsRegular() {
			return err
		}
		return copyFile(path, filepath.Join(to, name))
	})
}

func copyFile(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, info.Mode().Perm())
}
