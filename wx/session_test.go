package wx

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"wxbot/wx/internal/wire"
)

func sampleSession() *Session {
	return &Session{stored: storedSession{
		Version: 1, Uin: 3812345678, Sid: "a/b+c=", Skey: "@crypt_1_2", PassTicket: "P%3D",
		Hosts:    hosts{"https", "wx2.qq.com", "file.wx2.qq.com", "webpush.wx2.qq.com"},
		Login:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		SyncKey:  wire.SyncKey{Count: 1, List: []wire.KeyValue{{Key: 1, Val: 4294967295}}},
		CheckKey: wire.SyncKey{Count: 1, List: []wire.KeyValue{{Key: 1, Val: 7}}},
		Self:     Contact{UserName: "@self", NickName: "小助手 <&> 😄", Uin: 3812345678},
		Cookies: []cookie{
			{Name: "wxsid", Value: "s", Domain: "qq.com", Path: "/", Secure: true, Expires: time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC)},
			{Name: "mm_lang", Value: "zh_CN", Domain: "wx2.qq.com", Path: "/", HostOnly: true},
		},
	}}
}

func TestSessionRoundTrip(t *testing.T) {
	s := sampleSession()
	b, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeSession(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(s.stored, got.stored); d != "" {
		t.Error(d)
	}
	if got.Uin() != 3812345678 || got.Self().NickName != "小助手 <&> 😄" || !got.Login().Equal(s.stored.Login) {
		t.Errorf("uin %d, self %+v", got.Uin(), got.Self())
	}
}

func TestDecodeSessionErrors(t *testing.T) {
	good, err := sampleSession().Encode()
	if err != nil {
		t.Fatal(err)
	}
	change := func(old, now string) string {
		if !strings.Contains(string(good), old) {
			t.Fatalf("%s is not in %s", old, good)
		}
		return strings.Replace(string(good), old, now, 1)
	}
	tests := []struct{ name, body, want string }{
		{"empty", "", "decode session: not JSON"},
		{"cut", string(good[:len(good)/2]), "decode session: not JSON"},
		{"newer version", change(`"version":1`, `"version":2`), "decode session: version 2 is not known"},
		{"something else", `{"a":1}`, "decode session: version 0 is not known"},
		{"wrong type", change(`"uin":3812345678`, `"uin":"secret"`), "decode session: wrong type at uin"},
		{"no uin", change(`"uin":3812345678`, `"uin":0`), "decode session: no uin"},
		{"no sid", change(`"sid":"a/b+c="`, `"sid":""`), "decode session: no sid"},
		{"no hosts", change(`"push":"webpush.wx2.qq.com"`, `"push":""`), "decode session: no hosts"},
		{"bad scheme", change(`"scheme":"https"`, `"scheme":"file"`), "decode session: no hosts"},
		{"no self", change(`"UserName":"@self"`, `"UserName":""`), "decode session: no own user name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := DecodeSession([]byte(tt.body))
			if s != nil || err == nil || err.Error() != tt.want {
				t.Errorf("got %v, %v, want %s", s, err, tt.want)
			}
		})
	}
}

// What is accepted says the same after being written and read again, and can be
// taken up.
func FuzzDecodeSession(f *testing.F) {
	good, err := sampleSession().Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(bytes.Replace(good, []byte(`"version":1`), []byte(`"version":1,"x":null`), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := DecodeSession(b)
		if err != nil {
			return
		}
		once, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := DecodeSession(once)
		if err != nil {
			t.Fatalf("cannot read what was written: %v: %s", err, once)
		}
		twice, err := again.Encode()
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("got %s, want %s (%v)", twice, once, err)
		}
		if a := restoreAccount(s); a.uin != s.Uin() || a.fresh {
			t.Errorf("taken up as %d, fresh %t", a.uin, a.fresh)
		}
	})
}

func TestFileStore(t *testing.T) {
	store := FileStore{Path: filepath.Join(t.TempDir(), "state", "session.json")}
	if s, err := store.Load(); s != nil || err != nil {
		t.Errorf("no file: %v, %v", s, err)
	}
	want := sampleSession()
	for range 2 {
		if err := store.Save(want); err != nil {
			t.Fatal(err)
		}
	}
	got, err := store.Load()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.stored, got.stored); d != "" {
		t.Error(d)
	}
	info, err := os.Stat(store.Path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	left, err := os.ReadDir(filepath.Dir(store.Path))
	if err != nil || len(left) != 1 {
		t.Errorf("files left: %v, %v", left, err)
	}
}

func TestFileStoreMovesAsideWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	store := FileStore{Path: filepath.Join(dir, "session.json")}
	if err := os.WriteFile(store.Path, []byte(`{"version":1,"skey":"@crypt_secret"`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := store.Load()
	if err == nil || !strings.Contains(err.Error(), "decode session: not JSON (moved to ") || strings.Contains(err.Error(), "crypt") {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(store.Path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
	aside, err := filepath.Glob(store.Path + ".unreadable-*")
	if err != nil || len(aside) != 1 {
		t.Errorf("moved aside: %v, %v", aside, err)
	}
	if s, err := store.Load(); s != nil || err != nil {
		t.Errorf("the next start: %v, %v", s, err)
	}
}

func TestFileStoreCannotWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (FileStore{Path: filepath.Join(file, "session.json")}).Save(sampleSession()); err == nil {
		t.Error("saved below a file")
	}
}

// Keys, cookies, tickets and texts stand neither in the log nor in errors nor in
// what is printed of a session.
func TestNothingSecretIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := newStub()
		s.on("webwxsendmsg", `{"BaseResponse":{"Ret":0},"MsgID":{"@crypt_3_4":1}}`, `{"BaseResponse":{"Ret":0},"MsgID":"private`)
		checks(s, reply{status: 502}, reply{body: "@crypt_3_4"}, reply{hold: time.Second, body: check(0, 2)})
		s.on("webwxsync", `{"BaseResponse":{"Ret":0},"SKey":["@crypt_3_4"]}`, syncAnswer(11, text("m1", "@a", "private"), 0), syncAnswer(0, "", 0))
		r := run(t, s, func(o *Options) { o.Logger = zerolog.New(zerolog.SyncWriter(&log)).Level(zerolog.TraceLevel) })
		elapse(t, time.Minute)
		var errs []string
		for range 2 {
			_, err := r.SendText(t.Context(), "@a", "private", "1")
			errs = append(errs, fmt.Sprint(err))
		}
		r.stop()
		shown := log.String() + strings.Join(errs, "\n") + fmt.Sprintf("%v %+v %#v", lastSession(r), events[QRReady](r), lastSession(r))
		for _, secret := range []string{"crypt_", "a/b+c", "P%2Fd", "gSd+ticket", "3812345678", "private", "4dcaWx3uBw", "qrticket"} {
			if strings.Contains(shown, secret) {
				t.Errorf("%s is shown in %s", secret, shown)
			}
		}
		if !strings.Contains(log.String(), `"endpoint":"webwxsync"`) {
			t.Errorf("requests are not logged: %s", log.String())
		}
	})
}
