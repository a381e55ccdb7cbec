package wx

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
)

// Answers that do not tell their length beforehand, or tell a part only.
func TestFetchAnswers(t *testing.T) {
	gif := "GIF89a" + string(bytes.Repeat([]byte{0, 1, 2, 3}, 50_000))
	partial := func(text string) http.Header { return http.Header{"Content-Range": {text}} }
	tests := []struct {
		name  string
		reply reply
		limit int64
		want  error
		size  int64
	}{
		{name: "as long as allowed", reply: reply{body: gif}, limit: int64(len(gif)), size: int64(len(gif))},
		{name: "a byte too long", reply: reply{body: gif}, limit: int64(len(gif)) - 1, want: ErrTooLarge, size: int64(len(gif)) - 1},
		{name: "the whole range", reply: reply{status: 206, body: "GIF89a", header: partial("bytes 0-5/6")}, limit: 9, size: 6},
		{name: "a range of unknown size", reply: reply{status: 206, body: "GIF89a", header: partial("bytes 0-5/*")}, limit: 9, size: 6},
		{name: "a part of the range", reply: reply{status: 206, body: "GIF89a", header: partial("bytes 0-5/7")}, limit: 9, want: io.ErrUnexpectedEOF, size: 6},
		{name: "broken off", reply: reply{body: gif, cut: true}, limit: 1 << 20, want: io.ErrUnexpectedEOF, size: int64(len(gif))},
		{name: "a web page", reply: reply{body: "<!DOCTYPE html><html>"}, limit: 1 << 20, want: errNotContent},
		{name: "a redirect", reply: reply{status: 302, body: "GIF89a"}, limit: 1 << 20, want: &statusError{endpoint: "webwxgetmsgimg", status: 302}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStub()
				s.answer("webwxgetmsgimg", func(int, *http.Request, []byte) reply { return tt.reply })
				r := run(t, s)
				synctest.Wait()
				var got bytes.Buffer
				f, err := r.Fetch(t.Context(), PictureOf(&Message{ID: "1", Type: MsgImage}), &got, tt.limit)
				if f.Size != tt.size || int64(got.Len()) != tt.size {
					t.Errorf("told of %d bytes, wrote %d, want %d", f.Size, got.Len(), tt.size)
				}
				if want, ok := errors.AsType[*statusError](tt.want); ok {
					if e, ok := errors.AsType[*statusError](err); !ok || *e != *want {
						t.Errorf("got %v, want %v", err, want)
					}
				} else if !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				if q := s.calls("webwxgetmsgimg"); len(q) != 1 || q[0].r.URL.Query().Get("skey") != "@crypt_3_4" || q[0].r.Header.Get("Referer") == "" {
					t.Errorf("asked %d times: %v", len(q), q)
				}
				r.stop()
			})
		})
	}
}

// The address of an avatar that a contact comes with never leads the keys away.
func TestAvatarOf(t *testing.T) {
	tests := []struct {
		name    string
		contact Contact
		want    string
	}{
		{
			name:    "as it comes",
			contact: Contact{UserName: "@a", HeadImgURL: "/cgi-bin/mmwebwx-bin/webwxgeticon?seq=62&username=@a&skey="},
			want:    "webwxgeticon seq=62&username=%40a",
		},
		{
			name:    "of a group",
			contact: Contact{UserName: "@@g", HeadImgURL: "/cgi-bin/mmwebwx-bin/webwxgetheadimg?seq=0&username=@@g&skey="},
			want:    "webwxgetheadimg seq=0&username=%40%40g",
		},
		{
			name:    "of a member",
			contact: Contact{UserName: "@m", HeadImgURL: "/cgi-bin/mmwebwx-bin/webwxgeticon?seq=5&username=@m&chatroomid=@r&skey="},
			want:    "webwxgeticon chatroomid=%40r&seq=5&username=%40m",
		},
		{name: "none", contact: Contact{UserName: "@a"}, want: "webwxgeticon seq=0&username=%40a"},
		{
			name:    "elsewhere",
			contact: Contact{UserName: "@a", HeadImgURL: "https://example.com/logout?seq=9&username=@b&x=y"},
			want:    "webwxgeticon seq=0&username=%40a",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := AvatarOf(&tt.contact)
			if got := s.endpoint + " " + s.query.Encode(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
