package wx_test

import (
	"context"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"wxbot/wx"
	"wxbot/wx/wxtest"
)

// depot takes uploads in the plainest way: it reads the form and keeps nothing.
func depot(w http.ResponseWriter, r *http.Request) {
	fields := `"MediaId":"@crypt_depot"`
	switch path.Base(r.URL.Path) {
	case "webwxcheckupload":
		fields = `"MediaId":"","AESKey":"key","Signature":"signature"`
	case "webwxsendappmsg":
		fields = `"MsgID":"1"`
	default:
		form, err := r.MultipartReader()
		for err == nil {
			var part *multipart.Part
			if part, err = form.NextPart(); err == nil {
				_, err = io.Copy(io.Discard, part)
			}
		}
		if !errors.Is(err, io.EOF) {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	_, _ = io.Copy(io.Discard, r.Body)
	_, _ = fmt.Fprintf(w, `{"BaseResponse":{"Ret":0},%s}`, fields)
}

// detour sends the requests around an upload to a depot, all others to the
// simulator.
type detour struct {
	depot *url.URL
	next  http.RoundTripper
	sim   http.RoundTripper
}

func (d *detour) RoundTrip(r *http.Request) (*http.Response, error) {
	switch path.Base(r.URL.Path) {
	case "webwxuploadmedia", "webwxcheckupload", "webwxsendappmsg":
		r = r.Clone(r.Context())
		r.URL.Scheme, r.URL.Host = d.depot.Scheme, d.depot.Host
		return d.next.RoundTrip(r)
	}
	return d.sim.RoundTrip(r)
}

// onDisk is a file whose content differs from that of every other number, so that
// it has not been uploaded before.
type onDisk struct {
	*os.File
	number uint64
}

func (f onDisk) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	if off == 0 && n >= 8 {
		binary.BigEndian.PutUint64(p, f.number)
	}
	return n, err
}

const costSize = 50 << 20

func costFile(tb testing.TB) *os.File {
	tb.Helper()
	f, err := os.Create(filepath.Join(tb.TempDir(), "film.bin"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = f.Close() })
	block := content("x", 1<<20)
	for range costSize / len(block) {
		if _, err := f.Write(block); err != nil {
			tb.Fatal(err)
		}
	}
	return f
}

// uploader is a client whose uploads go to a depot.
func uploader(tb testing.TB, f *os.File) (send func() error, depotURL string) {
	tb.Helper()
	shed := httptest.NewServer(http.HandlerFunc(depot))
	tb.Cleanup(shed.Close)
	to, err := url.Parse(shed.URL)
	if err != nil {
		tb.Fatal(err)
	}
	srv := wxtest.NewServer(tb, wxtest.Config{Lenient: true})
	opts := srv.Options()
	next := &http.Transport{}
	tb.Cleanup(next.CloseIdleConnections)
	opts.Transport = &detour{depot: to, next: next, sim: opts.Transport}
	opts.Sink = func(context.Context, wx.Batch) error { return nil }
	c, err := wx.New(opts)
	if err != nil {
		tb.Fatal(err)
	}
	srv.Scan()
	srv.Confirm()
	ctx, cancel := context.WithCancel(tb.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }() // the cleanup waits for it
	tb.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			tb.Errorf("Run: %v", err)
		}
	})
	if err := srv.AwaitOnline(ctx); err != nil {
		tb.Fatal(err)
	}
	number := uint64(0)
	return func() error {
		number++
		u := wx.Upload{To: wx.FileHelper, Name: "film.bin", Size: costSize, Body: onDisk{f, number}}
		_, err := c.SendFile(tb.Context(), u, wx.NewSendID(time.Now()))
		return err
	}, shed.URL
}

// Memory does not depend on the size of a file: all that is allocated for 50 MB,
// the receiving side included, is less than that even if nothing of it were freed.
// With the race detector it is twice as much as without.
func TestUploadMemory(t *testing.T) {
	send, _ := uploader(t, costFile(t))
	if err := send(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := send(); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	took := (after.TotalAlloc - before.TotalAlloc) >> 10
	t.Logf("%d KiB allocated in all for %d MiB", took, costSize>>20)
	if took > costSize/2>>10 {
		t.Errorf("%d KiB allocated in all for a file of %d MiB", took, costSize>>20)
	}
}

// The same handler gets 50 MB in chunks and as one form, by turns; of each the
// best time counts, since the machine may be busy. The ratio is without the
// hashing, which a plain form does not need.
func BenchmarkUpload(b *testing.B) {
	f := costFile(b)
	send, depotURL := uploader(b, f)
	ways := []struct {
		name string
		run  func() error
		best time.Duration
	}{
		{name: "chunked", run: send},
		{name: "plain", run: func() error { return postPlain(b, f, depotURL) }},
		{name: "hashing", run: func() error {
			_, err := io.CopyBuffer(md5.New(), struct{ io.Reader }{io.NewSectionReader(f, 0, costSize)}, make([]byte, 256<<10))
			return err
		}},
	}
	for b.Loop() {
		for i := range ways {
			began := time.Now()
			if err := ways[i].run(); err != nil {
				b.Fatal(err)
			}
			if took := time.Since(began); ways[i].best == 0 || took < ways[i].best {
				ways[i].best = took
			}
		}
	}
	for _, w := range ways {
		b.ReportMetric(float64(w.best.Milliseconds()), w.name+"-ms")
	}
	b.ReportMetric(float64(ways[0].best-ways[2].best)/float64(ways[1].best), "ratio")
}

func postPlain(tb testing.TB, f *os.File, to string) error {
	tb.Helper()
	r, w := io.Pipe()
	form := multipart.NewWriter(w)
	written := make(chan struct{})
	go func() { // ends with the request, which closes the pipe
		defer close(written)
		part, err := form.CreateFormFile("filename", "film.bin")
		if err == nil {
			_, err = io.Copy(part, io.NewSectionReader(f, 0, costSize))
		}
		if err == nil {
			err = form.Close()
		}
		_ = w.CloseWithError(err)
	}()
	defer func() { <-written }()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, to, r)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.Body.Close()
}
