package controlplane

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// packageUser is the user Crossplane runs a package as whose image names none.
const packageUser = 2000

// A program is the entrypoint of an image.
type program struct {
	path string
	args []string
	env  []string
	user uint32
}

// unpack pulls an image for this machine's architecture and writes the binary
// of its entrypoint into a directory. A package's binary is static, so the rest
// of the image is not needed.
func unpack(ctx context.Context, image, dir string) (*program, error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return nil, fmt.Errorf("cannot parse image reference: %w", err)
	}

	img, err := remote.Image(ref, remote.WithContext(ctx),
		remote.WithPlatform(v1.Platform{OS: "linux", Architecture: runtime.GOARCH}))
	if err != nil {
		return nil, fmt.Errorf("cannot pull image %s: %w", image, err)
	}

	file, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("cannot read configuration of image %s: %w", image, err)
	}

	cmd := slices.Concat(file.Config.Entrypoint, file.Config.Cmd)
	if len(cmd) == 0 {
		return nil, fmt.Errorf("image %s has no entrypoint", image)
	}

	uid, err := imageUser(file.Config.User)
	if err != nil {
		return nil, fmt.Errorf("cannot run image %s: %w", image, err)
	}

	bin := filepath.Join(dir, path.Base(cmd[0]))
	if err := extract(img, path.Join("/", file.Config.WorkingDir, cmd[0]), cmd[0], bin); err != nil {
		return nil, fmt.Errorf("cannot unpack entrypoint of image %s: %w", image, err)
	}

	return &program{path: bin, args: cmd[1:], env: file.Config.Env, user: uid}, nil
}

// imageUser parses the user of an image. Names are not supported: they would
// need the image's passwd file.
func imageUser(s string) (uint32, error) {
	id, _, _ := strings.Cut(s, ":")
	if id == "" {
		return packageUser, nil
	}

	uid, err := strconv.ParseUint(id, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("user %q is not a number: %w", s, err)
	}

	return uint32(uid), nil
}

// extract one file from the image's file system.
func extract(img v1.Image, relative, given, to string) error {
	fs := mutate.Extract(img)
	defer fs.Close() //nolint:errcheck // Only read from.

	from := relative
	if path.IsAbs(given) {
		from = path.Clean(given)
	}

	for r := tar.NewReader(fs); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("the image has no file %s", from)
		}

		if err != nil {
			return fmt.Errorf("cannot read layers: %w", err)
		}

		if path.Join("/", h.Name) != from || h.Typeflag != tar.TypeReg {
			continue
		}

		return writeProgram(to, r)
	}
}

func writeProgram(to string, r io.Reader) error {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return fmt.Errorf("cannot create file: %w", err)
	}

	if _, err := io.Copy(f, r); err != nil {
		_ = f.Close()
		return fmt.Errorf("cannot write %s: %w", to, err)
	}

	if err := f.Close(); err != nil {
		return fmt.Errorf("cannot write %s: %w", to, err)
	}

	return nil
}

// credential to run a program as its user. Only root may become someone else;
// for anyone else it is nil, and the program runs as the user of this process.
func (p *program) credential() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}

	return &syscall.Credential{Uid: p.user, Gid: p.user}
}
