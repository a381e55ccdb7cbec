package bot_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"wxbot/bot"
	"wxbot/bot/clock"
	"wxbot/bot/store"
	"wxbot/wx/wxtest"
)

// wasDown makes the state look as if the daemon had been down since a time ago.
func (r *rig) wasDown(ago time.Duration) {
	r.t.Helper()
	st, err := store.Open(r.t.Context(), store.Options{Dir: r.config.State})
	if err != nil {
		r.t.Fatal(err)
	}
	if err := st.SetMeta(r.t.Context(), "heard", strconv.FormatInt(time.Now().Add(-ago).UnixMilli(), 10)); err != nil {
		r.t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		r.t.Fatal(err)
	}
}

func TestDigestAfterAnOutage(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, `
settings: {pace: off, timezone: UTC, loop_guard: off, handover: off}
rules:
  - {name: ping, exact: ping, reply: pong}
`, nil)
	ming, hong := r.srv.AddFriend(wxtest.Person{NickName: "小明"}), r.srv.AddFriend(wxtest.Person{NickName: "小红"})
	lan := r.srv.AddFriend(wxtest.Person{NickName: "小兰"})
	g, quiet := r.srv.AddGroup("客户群", ming), r.srv.AddGroup("闲聊群", ming)
	stop := r.online()
	ming.Say("ping")
	r.wantSent("pong")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	ming.Say("ping") // is answered
	hong.Say("在吗？\n第二行")
	hong.Say("急")
	lan.Say("晚上吃什么")
	r.srv.SayFromPhone(lan, "火锅") // the owner has answered
	g.Mention(ming, "价格表发一下")
	quiet.Say(ming, "哈哈")
	r.wasDown(time.Hour)
	r.clock = clock.Fast(time.Now(), 100)
	r.start()
	await[bot.LoggedIn](r)
	rec, err := r.srv.Await(r.ctx(), func(wxtest.Record) bool { return len(r.sentTo(r.srv.FileHelper())) > 0 })
	if err != nil {
		t.Fatalf("no digest: %v, %v; log:\n%s", rec, err, r.log)
	}
	got := r.sentTo(r.srv.FileHelper())[0]
	for _, want := range []string{"离线", "1 小时 0 分钟", "未回复 2 个会话", "小红（2 条）：在吗？", "客户群（1 条）：价格表发一下", "另有 1 个群有新消息"} {
		if !strings.Contains(got, want) {
			t.Errorf("the digest does not say %q:\n%s", want, got)
		}
	}
	for _, not := range []string{"小明", "小兰", "闲聊群", "第二行"} {
		if strings.Contains(got, not) {
			t.Errorf("the digest says %q:\n%s", not, got)
		}
	}
}

func TestDigestShowsNoTextsToOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, "settings: {pace: off, timezone: UTC, notify: 老板}\nrules: [{name: ping, exact: ping, reply: pong}]\n", nil)
	boss, hong := r.srv.AddFriend(wxtest.Person{NickName: "王", RemarkName: "老板"}), r.srv.AddFriend(wxtest.Person{NickName: "小红"})
	stop := r.online()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	hong.Say("秘密")
	r.wasDown(10 * time.Minute)
	r.clock = clock.Fast(time.Now(), 100)
	r.start()
	if _, err := r.srv.Await(r.ctx(), func(wxtest.Record) bool { return len(r.sentTo(boss)) > 0 }); err != nil {
		t.Fatalf("no digest: %v; log:\n%s", err, r.log)
	}
	if got := r.sentTo(boss)[0]; !strings.Contains(got, "小红（1 条）") || strings.Contains(got, "秘密") {
		t.Errorf("digest:\n%s", got)
	}
}

// A daemon that is stopped before it has told of an outage tells of it at the next
// start.
func TestDigestOutlivesARestart(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, "settings: {pace: off, timezone: UTC}\nrules: [{name: ping, exact: ping, reply: pong}]\n", nil)
	hong := r.srv.AddFriend(wxtest.Person{NickName: "小红"})
	if err := r.online()(); err != nil {
		t.Fatal(err)
	}
	hong.Say("在吗")
	r.wasDown(10 * time.Minute)
	r.clock = clock.Fast(time.Now(), 10)
	stop := r.start()
	await[bot.LoggedIn](r)
	<-time.After(1200 * time.Millisecond) // the connection is noted; the digest is due at 2 s
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.clock = clock.Fast(time.Now(), 100)
	r.start()
	if _, err := r.srv.Await(r.ctx(), func(wxtest.Record) bool { return len(r.sentTo(r.srv.FileHelper())) > 0 }); err != nil {
		t.Fatalf("no digest: %v", err)
	}
	if got := r.sentTo(r.srv.FileHelper())[0]; !strings.Contains(got, "离线") || !strings.Contains(got, "小红（1 条）") {
		t.Errorf("digest:\n%s", got)
	}
}
