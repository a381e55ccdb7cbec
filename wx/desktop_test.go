package wx

import (
	"testing"
	"testing/synctest"
	"time"
)

// Desktop mode shows in the three requests of a login and nowhere else.
func TestDesktopMode(t *testing.T) {
	for _, tt := range []struct {
		mode                     Mode
		landing, mod, ver, refer string
		spam                     int
	}{
		{ModeWeb, "https://wx.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage", "", "", "https://wx2.qq.com/", 0},
		{ModeDesktop, "https://wx.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?mod=desktop", "desktop", "2.0.0", "https://wx.qq.com/?&lang=zh_CN&target=t", 880},
	} {
		t.Run(tt.mode.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStub()
				r := run(t, s, func(o *Options) { o.Mode = tt.mode })
				elapse(t, time.Second)
				r.stop()
				if got := s.calls("jslogin")[0].r.URL.Query().Get("redirect_uri"); got != tt.landing {
					t.Errorf("redirect_uri: got %s, want %s", got, tt.landing)
				}
				page := s.calls("webwxnewloginpage")[0].r
				if got := page.URL.Query()["mod"]; len(got) > 1 || page.URL.Query().Get("mod") != tt.mod {
					t.Errorf("mod: got %q, want %q", got, tt.mod)
				}
				if page.URL.Query().Get("version") != "v2" || page.URL.Query().Get("fun") != "new" {
					t.Errorf("query: %s", page.URL.RawQuery)
				}
				if got := page.Header.Get("client-version"); got != tt.ver {
					t.Errorf("client-version: got %q, want %q", got, tt.ver)
				}
				if got := page.Header.Get("extspam"); len(got) != tt.spam {
					t.Errorf("extspam of %d characters, want %d", len(got), tt.spam)
				}
				if got := page.Referer(); got != tt.refer {
					t.Errorf("Referer: got %s, want %s", got, tt.refer)
				}
				for _, q := range s.calls("webwxinit") {
					if q.r.Header.Get("extspam")+q.r.Header.Get("client-version")+q.r.URL.Query().Get("mod") != "" {
						t.Error("webwxinit has the marks of desktop mode")
					}
				}
			})
		})
	}
	if _, err := New(Options{Sink: (&running{}).take, Mode: 7}); err == nil {
		t.Error("mode 7 was taken")
	}
}
