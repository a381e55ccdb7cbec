package luahost

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"time"
)

// Files that a plugin sends by their content or by URL are kept until they are sent:
// a delivery may wait for hours.

const (
	sentDir      = ".sent" // in the plugin's folder; not listed
	sentKept     = 24 * time.Hour
	sentMost     = 2000
	sentBytes    = 200 << 20
	imageMost    = 20 << 20
	videoMost    = 20<<20 - 1
	fileMost     = 50 << 20
	fetchTimeout = time.Minute
)

// toSend makes a file in a folder of its own, in which it bears its name.
func toSend(root *os.Root, name string, now time.Time) (f *os.File, dir string, err error) {
	if err := sweepSent(root, now); err != nil {
		return nil, "", err
	}
	dir = path.Join(sentDir, rand.Text())
	if err := root.MkdirAll(dir, 0o700); err != nil {
		return nil, "", err
	}
	f, err = root.OpenFile(path.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	return f, dir, err
}

// sweepSent removes what is old, and reports whether there is room.
func sweepSent(root *os.Root, now time.Time) error {
	n, bytes := 0, int64(0)
	err := fs.WalkDir(root.FS(), sentDir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || name == sentDir {
			return err
		}
		st, err := e.Info()
		if err != nil {
			return err
		}
		if !e.IsDir() {
			bytes += st.Size()
			return nil
		}
		if now.Sub(st.ModTime()) > sentKept {
			if err := root.RemoveAll(name); err != nil {
				return err
			}
			return fs.SkipDir
		}
		n++
		return nil
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case n >= sentMost || bytes >= sentBytes:
		return errFull
	}
	return nil
}

// store writes a file to be sent and gives its path.
func (p *plugin) store(name string, write func(w io.Writer) error) (full string, err error) {
	root, err := p.folder(true)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	f, dir, err := toSend(root, name, time.Now())
	if err != nil {
		return "", err
	}
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, root.RemoveAll(dir))
	}
	return filepath.Abs(filepath.Join(p.host.opts.DataDir, p.name, filepath.FromSlash(dir), name))
}

// fetchFile gets a file to send from the network.
func (p *plugin) fetchFile(ctx context.Context, u *url.URL, most int64) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return "", errNoAddress
	}
	req.Header.Set("User-Agent", "wxbot")
	name := path.Base(u.Path)
	if !properName(name) {
		name = "file"
	}
	return p.store(name, func(w io.Writer) error {
		r, err := p.fetch(ctx, req, most, w)
		if err == nil && r.status != http.StatusOK {
			err = fmt.Errorf("status %d", r.status)
		}
		return err
	})
}

// fetchInto asks for something and keeps the body in a file for putAway.
func (p *plugin) fetchInto(ctx context.Context, r request) (out reply, err error) {
	file, err := p.store(r.saveTo, func(w io.Writer) error {
		var err error
		out, err = p.fetch(ctx, r.req, r.most, w)
		return err
	})
	out.file = file
	return out, err
}

// putAway makes a file that was fetched one of bot.file, if there is room.
func (p *plugin) putAway(r reply, name string) error {
	st, err := os.Stat(r.file)
	if err != nil {
		return err
	}
	if !p.fileRate.take(int(st.Size())) {
		return errors.New("rate")
	}
	root, err := p.folder(true)
	if err != nil {
		return err
	}
	dir := path.Join(sentDir, filepath.Base(filepath.Dir(r.file)))
	if err = admitFile(root, name, int(st.Size())); err == nil {
		err = root.Rename(path.Join(dir, name), name)
	}
	return errors.Join(err, root.RemoveAll(dir), root.Close())
}

// ownFile gives the path of a file below the plugin's own folder of scripts, or in its
// folder of data.
func (p *plugin) ownFile(name string, most int64) (string, error) {
	var dirs []string
	if filepath.Base(p.file) == "init.lua" {
		dirs = append(dirs, filepath.Dir(p.file))
	}
	if p.host.opts.DataDir != "" {
		dirs = append(dirs, filepath.Join(p.host.opts.DataDir, p.name))
	}
	err := fs.ErrNotExist
	for _, dir := range dirs {
		var full string
		if full, err = inside(dir, name, most); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return full, err
		}
	}
	return "", err
}

// inside gives the path of a file below a folder, which links do not leave.
func inside(dir, name string, most int64) (full string, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	st, err := root.Stat(name)
	switch {
	case err != nil:
		return "", err
	case !st.Mode().IsRegular():
		return "", errNoFile
	case st.Size() == 0 || st.Size() > most:
		return "", errors.New("the file is empty or too large")
	}
	return filepath.Abs(filepath.Join(dir, filepath.FromSlash(name)))
}
