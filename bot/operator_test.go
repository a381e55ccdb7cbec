package bot_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wxbot/bot/control"
	"wxbot/wx/wxtest"
)

func TestOperatorSendsOverTheSocket(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	g := r.srv.AddGroup("客户群", ming)
	r.online()
	ming.Say("ping")
	r.wantSent("pong") // names are known
	file := filepath.Join(r.dir, "report.txt")
	if err := os.WriteFile(file, []byte(strings.Repeat("数据", 300_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	c := control.NewClient(r.config.Socket)
	send := func(q control.SendRequest) control.Sending {
		t.Helper()
		s, err := c.Send(r.ctx(), q)
		if err != nil {
			t.Fatal(err)
		}
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for s.Status == "pending" {
			select {
			case <-r.ctx().Done():
				t.Fatalf("still %+v", s)
			case <-tick.C:
			}
			if s, err = c.Sending(r.ctx(), s.ID); err != nil {
				t.Fatal(err)
			}
		}
		return s
	}
	if s := send(control.SendRequest{To: "客户群", Text: "各位好"}); s.Status != "sent" {
		t.Errorf("text: %+v", s)
	}
	if sent := r.srv.Sent(); sent[1].ToGroup != g || sent[1].Content != "各位好" {
		t.Errorf("sent %+v", sent[1])
	}
	if s := send(control.SendRequest{To: "小明", File: file}); s.Status != "sent" {
		t.Errorf("file: %+v", s)
	}
	if s := send(control.SendRequest{To: "小明", File: filepath.Join(r.dir, "nothing")}); s.Status != "failed" || !strings.Contains(s.Reason, "no such file") {
		t.Errorf("missing file: %+v", s)
	}
	for q, want := range map[control.SendRequest]string{
		{To: "谁", Text: "hi"}:                 "no friend or group",
		{To: "小明"}:                            "one of text",
		{To: "小明", Text: "a", File: "/b"}:     "one of text",
		{Text: "hi"}:                          "to whom",
		{To: "小明", File: "relative/path.txt"}: "absolute path",
	} {
		if _, err := c.Send(r.ctx(), q); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", q, err, want)
		}
	}
}
