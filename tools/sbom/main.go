// Command sbom prints a software bill of materials of programs and plugins that Go
// built, in CycloneDX's JSON: the modules that the linker put into them, as they
// themselves say, and the files with their checksums. The same files give the same
// bytes.
//
//	sbom -version 1.0.0 -time 1700000000 FILE...
package main

import (
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

const (
	root   = "pkg:golang/github.com/fluent-live/live-status"
	module = "github.com/fluent-live/live-status"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("sbom", flag.ContinueOnError)
	version := flags.String("version", "", "`version` of the release")
	seconds := flags.Int64("time", 0, "Unix `time` that it is to have, that of the commit")
	base := flags.String("base", ".", "`folder` that names of files are relative to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *version == "" || flags.NArg() == 0 {
		return errors.New("usage: sbom -version VERSION [-time SECONDS] [-base FOLDER] FILE")
	}
	bom, err := describe(*version, time.Unix(*seconds, 0), *base, flags.Args())
	if err != nil {
		return err
	}
	return cdx.NewBOMEncoder(out, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cdx.SpecVersion1_6)
}

// describe reads the files.
func describe(version string, at time.Time, base string, paths []string) (*cdx.BOM, error) {
	modules := map[string]cdx.Component{}
	var files []cdx.Component
	digest := sha256.New()
	_, _ = fmt.Fprintln(digest, version, at.Unix())
	for _, path := range paths {
		file, uses, err := read(base, path)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
		for _, m := range uses {
			modules[m.BOMRef] = m
		}
		_, _ = fmt.Fprintln(digest, file.Name, (*file.Hashes)[0].Value)
	}
	byRef := func(a, b cdx.Component) int { return cmp.Compare(a.BOMRef, b.BOMRef) }
	slices.SortFunc(files, byRef)
	components := make([]cdx.Component, 0, len(modules)+len(files))
	for _, m := range modules {
		components = append(components, m)
	}
	slices.SortFunc(components, byRef)
	needs := make([]string, 0, len(components))
	for _, c := range components {
		needs = append(needs, c.BOMRef)
	}
	components = append(components, files...)

	ref := root + "@v" + version
	bom := cdx.NewBOM()
	bom.SerialNumber = serial(digest.Sum(nil))
	bom.Metadata = &cdx.Metadata{
		Timestamp: at.UTC().Format(time.RFC3339),
		Component: &cdx.Component{
			BOMRef: ref, Type: cdx.ComponentTypeApplication, Name: "live-status", Version: version, PackageURL: ref,
			Licenses: &cdx.Licenses{{License: &cdx.License{ID: "Apache-2.0"}}},
		},
	}
	bom.Components = &components
	bom.Dependencies = &[]cdx.Dependency{{Ref: ref, Dependencies: &needs}}
	return bom, nil
}

// read describes one file and the modules in it.
func read(base, path string) (file cdx.Component, modules []cdx.Component, err error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return file, nil, fmt.Errorf("read what %s was built from: %w", path, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return file, nil, err
	}
	name, err := filepath.Rel(base, path)
	if err != nil {
		return file, nil, err
	}
	name = filepath.ToSlash(name)
	sum := sha256.Sum256(data)
	file = cdx.Component{
		BOMRef: "file:" + name, Type: cdx.ComponentTypeFile, Name: name,
		Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}},
	}
	modules = append(modules, library("std", goVersion(info.GoVersion), ""))
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		if m.Path != module {
			modules = append(modules, fromModule(m))
		}
	}
	return file, modules, nil
}

// goVersion turns go1.26.8 into the version of the standard library.
func goVersion(version string) string {
	if len(version) > 2 && version[:2] == "go" {
		return "v" + version[2:]
	}
	return version
}

func fromModule(m *debug.Module) cdx.Component { return library(m.Path, m.Version, m.Sum) }

// library is a module. Its sum is that of go.sum, which is none of a file.
func library(path, version, sum string) cdx.Component {
	ref := "pkg:golang/" + path + "@" + version
	c := cdx.Component{BOMRef: ref, Type: cdx.ComponentTypeLibrary, Name: path, Version: version, PackageURL: ref, Scope: cdx.ScopeRequired}
	if sum != "" {
		c.Properties = &[]cdx.Property{{Name: "go:sum", Value: sum}}
	}
	return c
}

// serial makes a UUID of version 8 of a digest: the same files have the same.
func serial(digest []byte) string {
	id := digest[:16:16]
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16])
}
