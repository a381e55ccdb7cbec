package bot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/outbox"
	"wxbot/wx"
)

// opened is a file to send: one beside the rules, or one fetched for the moment.
type opened struct {
	*os.File
	name string
	size int64
	temp bool
}

// close lets go of the file, and removes it if it was fetched.
func (o *opened) close() {
	// Nothing was written through this handle that anybody needs.
	_ = o.Close()
	if o.temp {
		_ = os.Remove(o.Name())
	}
}

const (
	// fetchMost bounds the fetching of a file that a rule names by URL.
	fetchMost = time.Minute
	// fetchHops is how many redirects are followed.
	fetchHops = 5
)

// open opens what a rule or plugin names: an absolute path or an https URL. Its
// errors wrap outbox.ErrPermanent where another try would not help.
func (s *sender) open(ctx context.Context, src string, limit int64) (*opened, error) {
	if strings.HasPrefix(src, "https://") {
		return s.fetch(ctx, src, limit)
	}
	f, err := os.Open(src)
	if err != nil {
		return nil, fmt.Errorf("send: %w: %w", outbox.ErrPermanent, err)
	}
	o := &opened{File: f, name: filepath.Base(src)}
	st, err := f.Stat()
	switch {
	case err != nil:
		err = fmt.Errorf("send: %w", err)
	case !st.Mode().IsRegular():
		err = fmt.Errorf("send %s: not a file: %w", src, outbox.ErrPermanent)
	case st.Size() == 0 || st.Size() > limit:
		err = fmt.Errorf("send %s: %d bytes, want 1 to %d: %w", src, st.Size(), limit, outbox.ErrPermanent)
	}
	if err != nil {
		o.close()
		return nil, err
	}
	o.size = st.Size()
	return o, nil
}

// fetch gets a file from the web into a temporary one, which is gone after it is
// closed. Errors show the host alone, since the rest of a URL may be a secret.
func (s *sender) fetch(ctx context.Context, src string, limit int64) (*opened, error) {
	u, err := url.Parse(src)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("send: bad URL: %w", outbox.ErrPermanent)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchMost)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, src, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("send: bad URL: %w", outbox.ErrPermanent)
	}
	web := &http.Client{Transport: s.http.Transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > fetchHops || r.URL.Scheme != "https" {
			return errors.New("redirected too often, or to plain http")
		}
		return nil
	}}
	resp, err := web.Do(req)
	if err != nil {
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err
		}
		return nil, fmt.Errorf("fetch from %s: %w", u.Host, err)
	}
	defer func() { _ = resp.Body.Close() }() // what matters is what was read
	if resp.StatusCode != http.StatusOK {
		err := fmt.Errorf("fetch from %s: status %d", u.Host, resp.StatusCode)
		if resp.StatusCode < http.StatusInternalServerError {
			err = fmt.Errorf("%w: %w", err, outbox.ErrPermanent)
		}
		return nil, err
	}
	return keepTemp(resp.Body, u, s.acc.opts.Config.State, limit)
}

// fetchedName is how files are called, in the state directory, while they are sent.
const fetchedName = "fetched-*"

// dropFetched removes those that a daemon which was killed has left.
func dropFetched(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, fetchedName))
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	if err != nil {
		return fmt.Errorf("remove what was fetched: %w", err)
	}
	return nil
}

func keepTemp(body io.Reader, u *url.URL, dir string, limit int64) (*opened, error) {
	f, err := os.CreateTemp(dir, fetchedName)
	if err != nil {
		return nil, fmt.Errorf("fetch from %s: %w", u.Host, err)
	}
	o := &opened{File: f, name: path.Base(u.Path), temp: true}
	if o.name == "." || o.name == "/" {
		o.name = "file"
	}
	o.size, err = io.Copy(f, io.LimitReader(body, limit+1))
	switch {
	case err != nil:
		err = fmt.Errorf("fetch from %s: %w", u.Host, err)
	case o.size == 0 || o.size > limit:
		err = fmt.Errorf("fetch from %s: want 1 to %d bytes: %w", u.Host, limit, outbox.ErrPermanent)
	}
	if err != nil {
		o.close()
		return nil, err
	}
	return o, nil
}

// file sends a picture, video or file, or an emoticon that is a gif.
func (s *sender) file(ctx context.Context, to string, m event.Outgoing, send fileSender, d event.Delivery) (wx.Sent, error) {
	src, limit, do := m.Image, int64(wx.MaxImage), send.SendImage
	switch {
	case m.Video != "":
		src, limit, do = m.Video, wx.MaxVideo, send.SendVideo
	case m.File != "":
		src, limit, do = m.File, wx.MaxFile, send.SendFile
	case m.Sticker != "":
		src, limit = m.Sticker, stickerLimit
	}
	f, err := s.open(ctx, src, limit)
	if err != nil {
		return wx.Sent{}, err
	}
	defer f.close()
	progress := func(done, total int64) { s.noteUpload(d.ID, upload{done, total}) }
	return do(ctx, wx.Upload{To: to, Name: f.name, Size: f.size, Body: f, Progress: progress}, wx.SendID(d.ClientID))
}

// fileSender is what sends files: the client.
type fileSender interface {
	SendImage(ctx context.Context, u wx.Upload, id wx.SendID) (wx.Sent, error)
	SendVideo(ctx context.Context, u wx.Upload, id wx.SendID) (wx.Sent, error)
	SendFile(ctx context.Context, u wx.Upload, id wx.SendID) (wx.Sent, error)
}
