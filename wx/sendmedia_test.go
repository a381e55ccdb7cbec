package wx_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/wx"
	"wxbot/wx/wxtest"
)

// content is a file of that size with these first bytes.
func content(head string, size int) []byte {
	out := make([]byte, size)
	for i := copy(out, head); i < size; i++ {
		out[i] = byte(i>>12 ^ i*7)
	}
	return out
}

const (
	jpegHead = "\xff\xd8\xff\xe0\x00\x10JFIF"
	gifHead  = "GIF89a\x10\x00\x10\x00"
	mp4Head  = "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42"
)

func upload(to, name string, data []byte) wx.Upload {
	return wx.Upload{To: to, Name: name, Size: int64(len(data)), Body: bytes.NewReader(data)}
}

func newID() wx.SendID { return wx.NewSendID(time.Now()) }

// finish stops a client whose server is lenient: what was wrong with its requests
// counts, but not that it stops in the middle of one.
func (b *bot) finish() {
	b.t.Helper()
	for _, p := range b.srv.TakeProblems() {
		b.t.Error(p)
	}
	b.stop()
}

func TestSimSendMedia(t *testing.T) {
	everyWay(t, wxtest.Config{Lenient: true}, func(t *testing.T, srv *wxtest.Server) {
		t.Helper()
		ann := srv.AddFriend(wxtest.Person{NickName: "Ann"})
		b := login(t, srv)
		defer b.finish()
		to, ctx := ann.UserName(), t.Context()
		const long = "季度报告（最终版）<修订> & 附录.tar.gz"
		for i, tt := range []struct {
			name     string
			data     []byte
			typ      int
			media    string
			fileName string
		}{
			{name: "照片.jpeg", data: content(jpegHead, 700_000), typ: 3, media: "pic"},
			{name: "no extension", data: content(jpegHead, 10), typ: 3, media: "pic"},
			{name: "really a gif.png", data: content(gifHead, 30), typ: 47, media: "doc"},
			{name: "film.MP4", data: content(mp4Head, 600_000), typ: 43, media: "video"},
			{name: "film", data: content(mp4Head, 601), typ: 43, media: "video"},
			{name: "/tmp/" + long, data: content("x", 5), typ: 6, media: "doc", fileName: long},
			{name: "", data: content("v", 7), typ: 6, media: "doc", fileName: "file"},
			{name: `C:\tmp\a.png`, data: content("y", 524_289), typ: 6, media: "pic", fileName: "a.png"},
			{name: strings.Repeat("长", 100) + ".pdf", data: content("z", 1), typ: 6, media: "doc", fileName: strings.Repeat("长", 83) + ".pdf"},
		} {
			send := map[int]func() (wx.Sent, error){
				3:  func() (wx.Sent, error) { return b.SendImage(ctx, upload(to, tt.name, tt.data), newID()) },
				47: func() (wx.Sent, error) { return b.SendImage(ctx, upload(to, tt.name, tt.data), newID()) },
				43: func() (wx.Sent, error) { return b.SendVideo(ctx, upload(to, tt.name, tt.data), newID()) },
				6:  func() (wx.Sent, error) { return b.SendFile(ctx, upload(to, tt.name, tt.data), newID()) },
			}[tt.typ]
			sent, err := send()
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
				continue
			}
			all, ups := srv.Sent(), srv.Uploads()
			if len(all) != i+1 || len(ups) != i+1 {
				t.Fatalf("%s: %d sent, %d uploaded", tt.name, len(all), len(ups))
			}
			m, up := all[i], ups[i]
			if m.MsgID != sent.MsgID || m.Type != tt.typ || m.ToAccount != ann || m.MediaID != up.MediaID {
				t.Errorf("%s: sent %+v", tt.name, m)
			}
			if up.MediaType != tt.media || up.Size != int64(len(tt.data)) || !bytes.Equal(up.Data, tt.data) {
				t.Errorf("%s: uploaded as %s, %d bytes", tt.name, up.MediaType, up.Size)
			}
			if tt.fileName != "" && (m.FileName != tt.fileName || m.FileSize != int64(len(tt.data))) {
				t.Errorf("%s: seen as %q, %d bytes", tt.name, m.FileName, m.FileSize)
			}
		}
	})
}

// zeroes is a file that takes no memory.
type zeroes struct{}

func (zeroes) ReadAt(p []byte, _ int64) (int, error) {
	clear(p)
	return len(p), nil
}

func TestSimSendMediaLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
		b := login(t, srv)
		defer b.finish()
		ctx, to := t.Context(), wx.FileHelper
		big := func(name string, size int64) wx.Upload {
			return wx.Upload{To: to, Name: name, Size: size, Body: zeroes{}}
		}
		for _, tt := range []struct {
			name  string
			send  func() (wx.Sent, error)
			text  string
			large bool
		}{
			{"picture", func() (wx.Sent, error) { return b.SendImage(ctx, big("a.jpg", 20<<20+1), newID()) }, `webwxsendmsgimg: "a.jpg" has 20971521 bytes, WeChat takes 20971520: content too large`, true},
			{"video", func() (wx.Sent, error) { return b.SendVideo(ctx, big("a.mp4", 20<<20), newID()) }, `webwxsendvideomsg: "a.mp4" has 20971520 bytes, WeChat takes 20971519: content too large`, true},
			{"file", func() (wx.Sent, error) { return b.SendFile(ctx, big("d/a.zip", 50<<20+1), newID()) }, `webwxsendappmsg: "a.zip" has 52428801 bytes, WeChat takes 52428800: content too large`, true},
			{"empty file", func() (wx.Sent, error) { return b.SendFile(ctx, big("a.zip", 0), newID()) }, `webwxsendappmsg: "a.zip" is empty: unfit argument`, false},
			{"no picture", func() (wx.Sent, error) { return b.SendImage(ctx, upload(to, "a.webp", []byte("RIFF")), newID()) }, `picture "a.webp": neither JPEG, PNG, BMP nor GIF: unfit argument`, false},
			{"no mp4", func() (wx.Sent, error) {
				return b.SendVideo(ctx, upload(to, "a.mov", []byte("\x00\x00\x00\x18ftypqt  ")), newID())
			}, `video "a.mov": not an mp4: unfit argument`, false},
			{"no id", func() (wx.Sent, error) { return b.SendFile(ctx, big("a.zip", 1), "") }, "webwxsendappmsg: id must not be empty: unfit argument", false},
		} {
			_, err := tt.send()
			if err == nil || err.Error() != tt.text || errors.Is(err, wx.ErrTooLarge) != tt.large || wx.Dispose(err) != wx.Stop {
				t.Errorf("%s: %v, %s", tt.name, err, wx.Dispose(err))
			}
		}
		if n := srv.Count("webwxuploadmedia"); n != 0 {
			t.Errorf("%d requests", n)
		}
	})
}

func TestSimBigFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
		b := login(t, srv)
		defer b.finish()
		const size = 25<<20 + 1
		var told []int64
		u := wx.Upload{To: wx.FileHelper, Name: "a.iso", Size: size, Body: zeroes{}, Progress: func(n, total int64) {
			if total != size {
				t.Errorf("total %d", total)
			}
			told = append(told, n)
		}}
		if _, err := b.SendFile(t.Context(), u, newID()); err != nil {
			t.Fatal(err)
		}
		if len(told) != 51 || told[0] != 524288 || told[50] != size || !slices.IsSorted(told) {
			t.Errorf("progress: %v", told)
		}
		told = nil
		if _, err := b.SendFile(t.Context(), u, newID()); err != nil {
			t.Fatal(err)
		}
		if len(told) != 1 || told[0] != size {
			t.Errorf("progress of what was uploaded before: %v", told)
		}
		// After half an hour the server is asked, which has the file still.
		elapse(t, 31*time.Minute)
		if _, err := b.SendFile(t.Context(), u, newID()); err != nil {
			t.Fatal(err)
		}
		if n, checks := srv.Count("webwxuploadmedia"), srv.Count("webwxcheckupload"); n != 51 || checks != 2 || len(srv.Sent()) != 3 {
			t.Errorf("%d chunks, %d checks, %d sent", n, checks, len(srv.Sent()))
		}
	})
}

func TestSimUploadIsUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
		ann := srv.AddFriend(wxtest.Person{NickName: "Ann"})
		b := login(t, srv)
		defer b.finish()
		send := func(to, name string) (wx.Sent, error) {
			return b.SendImage(t.Context(), upload(to, name, content(jpegHead, 100)), newID())
		}
		for i, step := range []struct {
			name    string
			before  func()
			to      string
			uploads int
		}{
			{"first", func() {}, wx.FileHelper, 1},
			{"to somebody else, by another name", func() {}, ann.UserName(), 1},
			{"refused as stale", func() {
				srv.Fault(wxtest.Fault{Endpoint: "webwxsendmsgimg", Kind: wxtest.FaultRet, Ret: -1})
			}, ann.UserName(), 2},
			{"half an hour later", func() { elapse(t, 31*time.Minute) }, ann.UserName(), 3},
		} {
			step.before()
			if _, err := send(step.to, fmt.Sprintf("%d.jpg", i)); err != nil {
				t.Errorf("%s: %v", step.name, err)
			}
			if n := len(srv.Uploads()); n != step.uploads {
				t.Errorf("%s: %d uploads, want %d", step.name, n, step.uploads)
			}
		}
		srv.Fault(wxtest.Fault{Endpoint: "webwxsendmsgimg", Kind: wxtest.FaultRet, Ret: -1, Times: 2})
		if _, err := send(wx.FileHelper, "x.jpg"); err == nil || err.Error() != "webwxsendmsgimg: ret -1" {
			t.Errorf("refused twice: %v", err)
		}
		if n := len(srv.Uploads()); n != 4 {
			t.Errorf("refused twice: %d uploads", n)
		}
	})
}

// One picture for many people goes up once, even if all are written to at once;
// if that upload fails, the next of them tries.
func TestSimUploadAtOnce(t *testing.T) {
	for _, tt := range []struct {
		name          string
		refused       int
		sent, uploads int
	}{
		{"taken", 0, 5, 1},
		{"refused once", 1, 4, 1},
		{"refused always", -1, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
				b := login(t, srv)
				defer b.finish()
				if tt.refused != 0 {
					srv.Fault(wxtest.Fault{Endpoint: "webwxuploadmedia", Kind: wxtest.FaultRet, Ret: 1, Times: tt.refused})
				}
				data := content(jpegHead, 600_000)
				ended := make(chan error)
				for range 5 {
					go func() { // the loop below waits for it
						_, err := b.SendImage(t.Context(), upload(wx.FileHelper, "a.jpg", data), newID())
						ended <- err
					}()
				}
				for range 5 {
					if err := <-ended; err != nil && err.Error() != "webwxuploadmedia: ret 1" {
						t.Error(err)
					}
				}
				if n, ups := len(srv.Sent()), len(srv.Uploads()); n != tt.sent || ups != tt.uploads {
					t.Errorf("%d sent, %d uploaded; want %d, %d", n, ups, tt.sent, tt.uploads)
				}
			})
		})
	}
	t.Run("given up while another uploads", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
			b := login(t, srv)
			defer b.finish()
			srv.Fault(wxtest.Fault{Endpoint: "webwxuploadmedia", Kind: wxtest.FaultDelay, Delay: 10 * time.Second})
			u := upload(wx.FileHelper, "a.jpg", content(jpegHead, 100))
			first := make(chan error)
			go func() { // waited for below
				_, err := b.SendImage(t.Context(), u, newID())
				first <- err
			}()
			elapse(t, time.Second)
			short, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := b.SendImage(short, u, newID()); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, wx.ErrUnknownOutcome) {
				t.Errorf("got %v", err)
			}
			if err := <-first; err != nil {
				t.Error(err)
			}
		})
	})
}

// What is unclear is only the sending; it may be repeated with its id, and then
// nothing is uploaded or shown twice.
func TestSimSendMediaUnknownOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
		b := login(t, srv)
		defer b.finish()
		id, data := newID(), content("x", 600_000)
		srv.Fault(wxtest.Fault{Endpoint: "webwxsendappmsg", Kind: wxtest.FaultReset, After: true})
		_, err := b.SendFile(t.Context(), upload(wx.FileHelper, "a.txt", data), id)
		if !errors.Is(err, wx.ErrUnknownOutcome) {
			t.Fatalf("got %v", err)
		}
		sent, err := b.SendFile(t.Context(), upload(wx.FileHelper, "a.txt", data), id)
		if all := srv.Sent(); err != nil || len(all) != 1 || all[0].MsgID != sent.MsgID || len(srv.Uploads()) != 1 {
			t.Errorf("%v, %v, %d uploads", err, all, len(srv.Uploads()))
		}
		srv.Fault(wxtest.Fault{Endpoint: "webwxuploadmedia", Kind: wxtest.FaultReset, After: true, Times: 3})
		_, err = b.SendFile(t.Context(), upload(wx.FileHelper, "a.txt", data[1:]), newID())
		if err == nil || errors.Is(err, wx.ErrUnknownOutcome) || wx.Dispose(err) != wx.Retry {
			t.Errorf("an upload that failed: %v", err)
		}
	})
}

var errDisk = errors.New("disk gone")

type brokenDisk struct{}

func (brokenDisk) ReadAt([]byte, int64) (int, error) { return 0, errDisk }

func TestSimUnreadableFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
		b := login(t, srv)
		defer b.finish()
		u := wx.Upload{To: wx.FileHelper, Name: "a.png", Size: 9, Body: brokenDisk{}}
		for name, send := range map[string]func() (wx.Sent, error){
			"picture": func() (wx.Sent, error) { return b.SendImage(t.Context(), u, newID()) },
			"file":    func() (wx.Sent, error) { return b.SendFile(t.Context(), u, newID()) },
		} {
			if _, err := send(); !errors.Is(err, errDisk) || err.Error() != `upload "a.png": disk gone` {
				t.Errorf("%s: %v", name, err)
			}
		}
		u.Body, u.Size = io.NewSectionReader(bytes.NewReader(content(jpegHead, 20)), 0, 20), 30
		if _, err := b.SendImage(t.Context(), u, newID()); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("short file: %v", err)
		}
	})
}
