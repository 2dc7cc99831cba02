package helmcli

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	// cacheVariable moves the cache folder, as that of the control plane.
	cacheVariable = "LIVE_STATUS_CACHE"
	prefix        = "helm-"
	// kept is how long a binary stays that is not used.
	kept = 30 * 24 * time.Hour
)

// Build returns the path of Helm's binary. Where the cache has none for these
// sources it is built, which takes up to 15 minutes once; of several processes
// that build it at the same time, the last one's stays.
func Build(ctx context.Context) (string, error) {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		return "", errors.New("find the sources of helm: the caller is unknown")
	}
	source := filepath.Join(filepath.Dir(filepath.Dir(file)), "helm")
	key, err := sourceKey(source)
	if err != nil {
		return "", err
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	binary := filepath.Join(cache, prefix+key)
	now := time.Now()
	if _, err := os.Stat(binary); err == nil {
		// A cache that is read-only still serves.
		_ = os.Chtimes(binary, now, now)
		return binary, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("create cache folder: %w", err)
	}
	if err := build(ctx, source, binary); err != nil {
		return "", err
	}
	return binary, prune(cache, now)
}

// sourceKey stands for what goes into the binary.
func sourceKey(source string) (string, error) {
	hash := sha256.New()
	fmt.Fprintf(hash, "%s %s %s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, name := range []string{"go.mod", "go.sum", "main.go"} {
		data, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			return "", fmt.Errorf("read the sources of helm: %w", err)
		}
		fmt.Fprintf(hash, "%s %d\n%s", name, len(data), data)
	}
	return fmt.Sprintf("%x", hash.Sum(nil)[:8]), nil
}

func cacheDir() (string, error) {
	if dir := os.Getenv(cacheVariable); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache folder (or set %s): %w", cacheVariable, err)
	}
	return filepath.Join(dir, "live-status"), nil
}

func build(ctx context.Context, source, binary string) error {
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", "helm.sh/helm/v4")
	list.Dir = source
	version, err := list.Output()
	if err != nil {
		return fmt.Errorf("read the version of helm: %w", err)
	}
	// As a library it calls itself v4.3 and no more.
	stamp := "-s -w -X helm.sh/helm/v4/internal/version.version=" + strings.TrimSpace(string(version))
	// The result appears under its name in one step.
	partial := fmt.Sprintf("%s.partial-%d", binary, os.Getpid())
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags", stamp, "-o", partial, ".")
	cmd.Dir = source
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build helm: %w\n%s", errors.Join(err, removed(partial)), out)
	}
	if err := os.Rename(partial, binary); err != nil {
		return fmt.Errorf("put helm into the cache: %w", err)
	}
	return nil
}

// prune removes what has not been used for long.
func prune(cache string, now time.Time) error {
	old, err := filepath.Glob(filepath.Join(cache, prefix+"*"))
	if err != nil {
		return fmt.Errorf("list cache: %w", err)
	}
	for _, path := range old {
		if st, err := os.Stat(path); err == nil && now.Sub(st.ModTime()) > kept {
			if err := removed(path); err != nil {
				return err
			}
		}
	}
	return nil
}

func removed(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove an old build: %w", err)
	}
	return nil
}
