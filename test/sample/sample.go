// Package sample is an application to look at: in the namespace shop, the
// deployment web works and the deployment checkout cannot pull its image.
package sample

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
)

//go:embed *.yaml
var manifests embed.FS

// Applier applies manifests, any number of YAML documents, as kubectl does.
type Applier interface {
	Apply(ctx context.Context, manifests []byte) error
}

// Apply applies the application's manifests in the order of their names.
func Apply(ctx context.Context, to Applier) error {
	files, err := fs.Glob(manifests, "*.yaml")
	if err != nil {
		return fmt.Errorf("list the sample application: %w", err)
	}
	for _, file := range files {
		manifest, err := manifests.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read the sample application: %w", err)
		}
		if err := to.Apply(ctx, manifest); err != nil {
			return fmt.Errorf("apply %s: %w", file, err)
		}
	}
	return nil
}
