package controlplane

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// kubeoneModule is the module of the control plane's sources. It lies in the
// folder kubeone beside this package, with a go.mod of its own.
const kubeoneModule = "github.com/fluent-live/live-status/test/kubeone"

// sourceDir finds the folder of the kubeone module: beside this file, or, when
// the program was built with -trimpath and so does not know where this file
// was, in the checkout around the working directory.
func sourceDir() (string, error) {
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		dir := filepath.Join(filepath.Dir(filepath.Dir(file)), "kubeone")
		if isKubeone(dir) {
			return dir, nil
		}
	}
	working, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the sources of the control plane: %w", err)
	}
	for dir := working; ; dir = filepath.Dir(dir) {
		for _, candidate := range []string{filepath.Join(dir, "kubeone"), filepath.Join(dir, "test", "kubeone")} {
			if isKubeone(candidate) {
				return candidate, nil
			}
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find the sources of the control plane: module %s is not in or around %s; run this inside the checkout",
				kubeoneModule, working)
		}
	}
}

func isKubeone(dir string) bool {
	content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	return err == nil && strings.HasPrefix(string(content), "module "+kubeoneModule+"\n")
}

// recipe is raised when the way of building changes the binary, such as other
// linker flags.
const recipe = 1

// sourceKey names a build by everything that decides its result: the module's
// own files, the compiler and the platform. Two checkouts with the same
// contents share one binary.
func sourceKey(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return "", fmt.Errorf("list sources in %s: %w", dir, err)
	}
	files = append(files, filepath.Join(dir, "go.mod"), filepath.Join(dir, "go.sum"))
	slices.Sort(files)

	var inputs bytes.Buffer
	fmt.Fprintf(&inputs, "recipe %d %s %s/%s\n", recipe, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("read source: %w", err)
		}
		fmt.Fprintf(&inputs, "%s %x\n", filepath.Base(file), sha256.Sum256(content))
	}
	sum := sha256.Sum256(inputs.Bytes())
	return hex.EncodeToString(sum[:8]), nil
}
