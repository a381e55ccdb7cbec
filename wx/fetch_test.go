package wx_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/wx"
	"wxbot/wx/wxtest"
)

// with gives a message the content that downloads of it have.
func with(m wxtest.Message, data []byte) wxtest.Message {
	m.Data = data
	return m
}

func TestSimMapOfALocation(t *testing.T) {
	everyWay(t, wxtest.Config{}, func(t *testing.T, srv *wxtest.Server) {
		t.Helper()
		ann := srv.AddFriend(wxtest.Person{NickName: "Ann"})
		b := login(t, srv)
		ann.Send(wxtest.Location(39.9, 116.4, "北京市东城区", "故宫"))
		b.await("the location", func() bool { return len(b.messages()) == 1 })
		m := b.messages()
		var got bytes.Buffer
		if f, err := b.Fetch(t.Context(), wx.ThumbnailOf(&m[0]), &got, 1<<20); err != nil || f.Type != "image/jpeg" {
			t.Errorf("%+v, %v", f, err)
		}
	})
}

func TestSimFetch(t *testing.T) {
	everyWay(t, wxtest.Config{}, func(t *testing.T, srv *wxtest.Server) {
		t.Helper()
		ann := srv.AddFriend(wxtest.Person{NickName: "Ann"})
		eve := srv.AddStranger(wxtest.Person{NickName: "Eve"})
		group := srv.AddGroup("Tea", ann, eve)
		b := login(t, srv)
		jpeg := append([]byte("\xff\xd8\xff\xe0"), bytes.Repeat([]byte{1}, 300_000)...)
		gif := append([]byte("GIF89a"), bytes.Repeat([]byte{2}, 5000)...)
		mp3 := append([]byte("ID3\x03"), bytes.Repeat([]byte{3}, 4000)...)
		mp4 := append([]byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42"), bytes.Repeat([]byte{4}, 2_000_000)...)
		page := []byte("<html>a page, sent as a file</html>")
		ann.Send(with(wxtest.Image(), jpeg))
		ann.Send(with(wxtest.Emoticon("0123456789abcdef0123456789abcdef", len(gif)), gif))
		ann.Send(with(wxtest.Voice(2000), mp3))
		ann.Send(with(wxtest.Video(3), mp4))
		group.Send(ann, with(wxtest.File("页 面.html", int64(len(page))), page))
		ann.Say("no media")
		b.await("the messages", func() bool { return len(b.messages()) == 6 })
		m := b.messages()

		kinds := []string{"image/jpeg", "image/gif", "audio/mpeg", "video/mp4", "text/html; charset=utf-8"}
		for i, want := range [][]byte{jpeg, gif, mp3, mp4, page} {
			src, ok := wx.SourceOf(&m[i])
			if !ok {
				t.Fatalf("message %d holds nothing to fetch: %+v", i, m[i])
			}
			var got bytes.Buffer
			f, err := b.Fetch(t.Context(), src, &got, 10<<20)
			if err != nil || !bytes.Equal(got.Bytes(), want) || f.Size != int64(len(want)) || f.Type != kinds[i] {
				t.Errorf("message %d: %d bytes of %d, %+v, %v", i, got.Len(), len(want), f, err)
			}
		}
		if _, ok := wx.SourceOf(&m[5]); ok {
			t.Error("a text holds something to fetch")
		}
		self := b.Self()
		known, _ := b.Directory().Contact(ann.UserName())
		tea, _ := b.Directory().Contact(group.UserName())
		for name, src := range map[string]wx.Source{
			"thumbnail of a picture": wx.ThumbnailOf(&m[0]), "thumbnail of a video": wx.ThumbnailOf(&m[3]),
			"own avatar": wx.AvatarOf(&self), "friend": wx.AvatarOf(&known), "group": wx.AvatarOf(&wx.Contact{UserName: group.UserName()}),
			"stranger": wx.MemberAvatarOf(&tea, eve.UserName()),
		} {
			var got bytes.Buffer
			if f, err := b.Fetch(t.Context(), src, &got, 1<<20); err != nil || f.Type != "image/jpeg" || got.Len() == 0 || f.Size == int64(len(jpeg)) {
				t.Errorf("%s: %+v, %v", name, f, err)
			}
		}
		b.stop()
	})
}

func TestSimFetchGoesWrong(t *testing.T) {
	jpeg := append([]byte("\xff\xd8\xff\xe0"), bytes.Repeat([]byte{1}, 20_000)...)
	tests := []struct {
		name  string
		fault wxtest.Fault
		limit int64
		want  error // nil: all comes
		text  string
		tries int
	}{
		{name: "not yet there", fault: wxtest.Fault{Kind: wxtest.FaultEmpty, Times: 2}, tries: 3},
		{name: "never there", fault: wxtest.Fault{Kind: wxtest.FaultEmpty, Times: -1}, want: wx.ErrNoContent, tries: 4},
		{name: "busy", fault: wxtest.Fault{Kind: wxtest.FaultStatus, Status: 502}, tries: 2},
		{name: "not found", fault: wxtest.Fault{Kind: wxtest.FaultStatus, Status: 404}, text: "status 404", tries: 1},
		{name: "broken connection", fault: wxtest.Fault{Kind: wxtest.FaultReset}, tries: 2},
		{name: "cut in the middle", fault: wxtest.Fault{Kind: wxtest.FaultCutBody}, want: io.ErrUnexpectedEOF, tries: 1},
		{name: "half and no more", fault: wxtest.Fault{Kind: wxtest.FaultSlow, Delay: 24 * time.Hour}, text: "not complete within 5m", tries: 1},
		{name: "an error in place of it", fault: wxtest.Fault{Kind: wxtest.FaultRet, Ret: 1101}, text: "a text came instead", tries: 1},
		{name: "as large as allowed", limit: int64(len(jpeg)), tries: 1},
		{name: "a byte too large", limit: int64(len(jpeg)) - 1, want: wx.ErrTooLarge, tries: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := wxtest.NewBubble(t, wxtest.Config{})
				ann := srv.AddFriend(wxtest.Person{NickName: "Ann"})
				b := login(t, srv)
				ann.Send(with(wxtest.Image(), jpeg))
				b.await("the picture", func() bool { return len(b.messages()) == 1 })
				if tt.fault.Kind != 0 {
					tt.fault.Endpoint = "webwxgetmsgimg"
					srv.Fault(tt.fault)
				}
				if tt.limit == 0 {
					tt.limit = 1 << 20
				}
				var got bytes.Buffer
				m := b.messages()[0]
				f, err := b.Fetch(t.Context(), wx.PictureOf(&m), &got, tt.limit)
				if f.Size != int64(got.Len()) || f.Size > tt.limit {
					t.Errorf("told of %d bytes, wrote %d, allowed %d", f.Size, got.Len(), tt.limit)
				}
				switch {
				case tt.want != nil && !errors.Is(err, tt.want), tt.text != "" && (err == nil || !strings.Contains(err.Error(), tt.text)):
					t.Errorf("got %v, want %v %s", err, tt.want, tt.text)
				case tt.want == nil && tt.text == "" && (err != nil || !bytes.Equal(got.Bytes(), jpeg)):
					t.Errorf("got %d bytes, %v", got.Len(), err)
				}
				if n := srv.Count("webwxgetmsgimg"); n != tt.tries {
					t.Errorf("%d tries, want %d", n, tt.tries)
				}
				b.stop()
			})
		})
	}
}

// full is a writer that takes no more than a few bytes.
type full struct{}

var errFull = errors.New("disk full")

func (full) Write(p []byte) (int, error) { return min(len(p), 3), errFull }

func TestSimFetchIntoAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{})
		ann := srv.AddFriend(wxtest.Person{NickName: "Ann"})
		b := login(t, srv)
		ann.Send(wxtest.Image())
		b.await("the picture", func() bool { return len(b.messages()) == 1 })
		m := b.messages()[0]
		f, err := b.Fetch(t.Context(), wx.PictureOf(&m), full{}, 1<<20)
		if !errors.Is(err, errFull) || f.Size != 3 || srv.Count("webwxgetmsgimg") != 1 {
			t.Errorf("got %+v, %v after %d tries", f, err, srv.Count("webwxgetmsgimg"))
		}
		if _, err := b.Fetch(t.Context(), wx.Source{}, io.Discard, 1); wx.Dispose(err) != wx.Stop {
			t.Errorf("no source: %v", err)
		}
		b.stop()
	})
}
