package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// nonRoot is the user of a runtime image. No file of the image names it, since
// the image holds nothing but the program.
const nonRoot = "65532:65532"

// writeImage writes a runtime image, as docker save does, whose only file is the
// program at the given path. The same program gives the same image, byte for
// byte: all times are zero.
func writeImage(binary, path, arch, to string) error {
	layer, err := layer(binary, path)
	if err != nil {
		return err
	}

	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return fmt.Errorf("cannot add layer to image: %w", err)
	}

	file, err := img.ConfigFile()
	if err != nil {
		return fmt.Errorf("cannot read image configuration: %w", err)
	}

	file = file.DeepCopy()
	file.OS = "linux"
	file.Architecture = arch
	file.Created = v1.Time{Time: time.Unix(0, 0).UTC()}
	file.Config = v1.Config{
		Entrypoint:   []string{path},
		User:         nonRoot,
		WorkingDir:   "/",
		ExposedPorts: map[string]struct{}{"9443/tcp": {}},
	}

	if img, err = mutate.ConfigFile(img, file); err != nil {
		return fmt.Errorf("cannot set image configuration: %w", err)
	}

	tag, err := name.NewTag("graphplane.io/runtime:" + arch)
	if err != nil {
		return fmt.Errorf("cannot name image: %w", err)
	}

	if err := tarball.WriteToFile(to, tag, img); err != nil {
		return fmt.Errorf("cannot write image: %w", err)
	}

	return nil
}

func layer(binary, path string) (v1.Layer, error) {
	content, err := os.ReadFile(binary)
	if err != nil {
		return nil, fmt.Errorf("cannot read program: %w", err)
	}

	var b bytes.Buffer

	w := tar.NewWriter(&b)
	h := &tar.Header{Name: path[1:], Mode: 0o755, Size: int64(len(content)), ModTime: time.Unix(0, 0)}

	if err := w.WriteHeader(h); err != nil {
		return nil, fmt.Errorf("cannot write layer: %w", err)
	}

	if _, err := w.Write(content); err != nil {
		return nil, fmt.Errorf("cannot write layer: %w", err)
	}

	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("cannot write layer: %w", err)
	}

	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(b.Bytes())), nil
	})
	if err != nil {
		return nil, fmt.Errorf("cannot make layer: %w", err)
	}

	return l, nil
}
