package bot_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot"
	"wxbot/bot/clock"
	"wxbot/bot/control"
	"wxbot/wx/wxtest"
)

// deadline is how long anything here may take; nothing is waited for longer than
// it takes.
const deadline = 20 * time.Second

// rig is a daemon on a simulated WeChat, over real HTTP and a real database.
type rig struct {
	t      *testing.T
	srv    *wxtest.Server
	dir    string
	config bot.Config
	log    *syncBuffer
	clock  clock.Clock

	mu      sync.Mutex
	notices []bot.Notice
	changed chan struct{}
	bot     *bot.Bot
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

const baseRules = `
settings: {pace: off, timezone: UTC, loop_guard: off}
rules:
  - name: ping
    exact: ping
    reply: pong
`

func newRig(t *testing.T, cfg wxtest.Config, rules string, plugins map[string]string) *rig {
	t.Helper()
	r := &rig{t: t, srv: wxtest.NewServer(t, cfg), dir: t.TempDir(), log: &syncBuffer{}, changed: make(chan struct{})}
	r.config = bot.Config{
		Rules: filepath.Join(r.dir, "rules.yaml"), State: filepath.Join(r.dir, "state"), Server: r.srv.URL(),
		Mode: bot.ModeWeb, Socket: filepath.Join(r.dir, "s.sock"),
	}
	r.write("rules.yaml", rules)
	if plugins != nil {
		r.config.Plugins = filepath.Join(r.dir, "plugins")
		if err := os.Mkdir(r.config.Plugins, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, text := range plugins {
			r.write("plugins/"+name, text)
		}
	}
	return r
}

func (r *rig) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) observe(n bot.Notice) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notices = append(r.notices, n)
	close(r.changed)
	r.changed = make(chan struct{})
}

// start runs a daemon; stop ends it as SIGTERM does and gives its error.
func (r *rig) start() (stop func() error) {
	r.t.Helper()
	b, err := bot.New(bot.Options{
		Config: r.config, Clock: r.clock, Observe: r.observe, Logger: zerolog.New(r.log).Level(zerolog.DebugLevel),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	r.bot, r.notices = b, nil
	r.mu.Unlock()
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	var once sync.Once
	stop = func() error {
		var err error
		once.Do(func() {
			cancel()
			select {
			case err = <-done:
			case <-time.After(deadline):
				r.t.Error("the daemon did not stop")
			}
		})
		return err
	}
	r.t.Cleanup(func() {
		if err := stop(); err != nil {
			r.t.Errorf("Run: %v", err)
		}
		if r.t.Failed() {
			r.t.Logf("log:\n%s", r.log)
		}
	})
	return stop
}

// await waits for a notice.
func await[N bot.Notice](r *rig) N {
	r.t.Helper()
	timeout := time.After(deadline)
	for {
		r.mu.Lock()
		for _, n := range r.notices {
			if got, ok := n.(N); ok {
				r.mu.Unlock()
				return got
			}
		}
		changed := r.changed
		r.mu.Unlock()
		select {
		case <-changed:
		case <-timeout:
			var zero N
			r.t.Fatalf("no %T came; log:\n%s", zero, r.log)
		}
	}
}

func (r *rig) ctx() context.Context {
	ctx, cancel := context.WithTimeout(r.t.Context(), deadline)
	r.t.Cleanup(cancel)
	return ctx
}

// online starts a daemon and scans.
func (r *rig) online() (stop func() error) {
	r.t.Helper()
	stop = r.start()
	await[bot.QRCode](r)
	r.srv.Scan()
	r.srv.Confirm()
	r.polling()
	return stop
}

func (r *rig) polling() {
	r.t.Helper()
	await[bot.LoggedIn](r)
	if err := r.srv.AwaitOnline(r.ctx()); err != nil {
		r.t.Fatalf("not online: %v; log:\n%s", err, r.log)
	}
}

// sent waits for n messages and gives their texts.
func (r *rig) sent(n int) []string {
	r.t.Helper()
	got, err := r.srv.AwaitSent(r.ctx(), n)
	if err != nil {
		r.t.Fatalf("%d of %d messages came: %v; log:\n%s", len(got), n, err, r.log)
	}
	var out []string
	for _, s := range got {
		out = append(out, s.Content)
	}
	return out
}

func (r *rig) wantSent(want ...string) {
	r.t.Helper()
	got := r.sent(len(want))
	if strings.Join(got, "|") != strings.Join(want, "|") {
		r.t.Errorf("sent %q, want %q", got, want)
	}
}

func TestScanLogInAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	r.online()
	ming.Say("hello")
	ming.Say("PING！")
	r.wantSent("pong")
	if n := await[bot.LoggedIn](r); !n.Fresh {
		t.Error("a scan is a fresh login")
	}
}

func TestGroupThatWasNeverSavedIsLearnt(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, `
settings: {pace: off}
rules:
  - {name: at, contains: 价格, group: "客户*", mentioned: true, reply: "${sender}：一百"}
  - {name: all, contains: 价格, group: "*", reply: wrong}
`, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "明明", RemarkName: "小明"})
	stranger := r.srv.AddStranger(wxtest.Person{NickName: "路人"})
	g := r.srv.AddGroupWith(wxtest.GroupOptions{Topic: "客户一群", Members: []*wxtest.Account{ming, stranger}, Hidden: true})
	r.online()
	g.Mention(stranger, "什么价格")
	g.Mention(ming, "价格")
	r.wantSent("路人：一百", "小明：一百")
}

func TestEveryKindOfAccountIsTreatedAsItself(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, `
settings: {pace: off}
rules:
  - {name: official, chat: official, contains: hi, reply: to official}
  - {name: self, chat: self, contains: hi, reply: to self}
  - {name: own, by_self: true, contains: note, reply: noted}
  - {name: private, contains: hi, reply: to friend}
`, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	mp := r.srv.AddOfficial(wxtest.Person{NickName: "公众号", VerifyFlag: 24})
	r.online()
	ming.Say("hi")
	r.wantSent("to friend")
	mp.Say("hi")
	r.wantSent("to friend", "to official")
	r.srv.SayFromPhone(r.srv.FileHelper(), "hi")
	r.wantSent("to friend", "to official", "to self")
	// The owner's own words in a friend's chat are nobody's business …
	r.srv.SayFromPhone(ming, "hi")
	// … unless a rule says so.
	r.srv.SayFromPhone(ming, "note this")
	r.wantSent("to friend", "to official", "to self", "noted")
}

func TestRestartNeedsNoScanAndAnswersNothingTwice(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	stop := r.online()
	ming.Say("ping")
	r.wantSent("pong")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	logins := r.srv.Count("jslogin")
	ming.Say("ping") // while it is down
	r.start()
	await[bot.LoggedIn](r)
	r.wantSent("pong", "pong")
	ming.Say("ping")
	r.wantSent("pong", "pong", "pong")
	if n := r.srv.Count("jslogin"); n != logins {
		t.Errorf("%d more QR codes", n-logins)
	}
}

func TestKeysOutliveALogin(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, map[string]string{"count.lua": `
bot.plugin { name = "count", version = "1", api = 1 }
bot.on("message", {contains = "key"}, function(msg) msg:reply(msg.sender.key) end)
`})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	r.srv.AddFriend(wxtest.Person{NickName: "小红"})
	r.online()
	ming.Say("key")
	before := r.sent(1)[0]
	r.loginAnew()
	ming.Say("key")
	if after := r.sent(2)[1]; after != before {
		t.Errorf("key %s became %s by a new login", before, after)
	}
}

// loginAnew ends the session and lets the phone confirm another login.
func (r *rig) loginAnew() {
	r.t.Helper()
	r.srv.LogoutFromPhone()
	await[bot.LoggedOut](r)
	if err := r.srv.AwaitPush(r.ctx()); err != nil {
		r.t.Fatal(err)
	}
	r.srv.Confirm()
	if err := r.srv.AwaitOnline(r.ctx()); err != nil {
		r.t.Fatal(err)
	}
}

// A session that died is followed by one question on the phone, then by codes, and
// by no second question.
func TestDeadSessionAsksThePhoneOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	stop := r.online()
	r.srv.LogoutFromPhone()
	if err := r.srv.AwaitPush(r.ctx()); err != nil {
		t.Fatal(err)
	}
	await[bot.PushAsked](r)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.start()
	await[bot.QRCode](r)
	if n := r.srv.Count("webwxpushloginurl"); n != 1 {
		t.Errorf("the phone was asked %d times", n)
	}
	r.srv.Scan()
	r.srv.Confirm()
	r.polling()
	ming.Say("ping")
	r.wantSent("pong")
}

func TestRefusalIsShownAndRemembered(t *testing.T) {
	t.Parallel()
	const text = "为了你的帐号安全，此微信号不能登录网页微信。"
	r := newRig(t, wxtest.Config{RefuseCode: 1203, RefuseText: text}, baseRules, nil)
	stop := r.start()
	if err := r.srv.Login(r.ctx()); err != nil {
		t.Fatal(err)
	}
	if n := await[bot.Refused](r); n.Code != 1203 || n.Text != text {
		t.Errorf("refused: %+v", n)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	logins := r.srv.Count("jslogin")
	r.start()
	await[bot.Refused](r)
	if n := r.srv.Count("jslogin"); n != logins {
		t.Errorf("asked for a login again after a refusal")
	}
	// Only an operator ends it.
	r.srv.RefuseLogin(0, "")
	q, err := control.NewClient(r.config.Socket).QR(r.ctx(), true)
	if err != nil || q.Payload == "" {
		t.Fatalf("QR = %+v, %v", q, err)
	}
	r.srv.Scan()
	r.srv.Confirm()
	r.polling()
}

func TestCutRightAfterLoginIsARestriction(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	r.online()
	r.srv.Cut(1102)
	if n := await[bot.Refused](r); n.Code != 1102 {
		t.Errorf("refused: %+v", n)
	}
	if n := r.srv.Count("jslogin"); n != 1 {
		t.Errorf("%d logins asked for", n)
	}
	st, err := control.NewClient(r.config.Socket).Status(r.ctx())
	if err != nil || st.Online || st.Refusal == "" {
		t.Errorf("status %+v, %v", st, err)
	}
}

func TestBrokenRulesAtStart(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{Lenient: true}, "rules:\n  - name: x\n    contain: y\n    reply: z\n", nil)
	b, err := bot.New(bot.Options{Config: r.config})
	if err != nil {
		t.Fatal(err)
	}
	err = b.Run(r.ctx())
	if err == nil || !strings.Contains(err.Error(), "rules.yaml:3:5: unknown key \"contain\"") {
		t.Errorf("Run = %v", err)
	}
}

func TestBrokenEditKeepsTheRunningRulesAndTheNextStartToo(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	stop := r.online()
	r.write("rules.yaml", "rules:\n  - name: ping\n    exact ping\n")
	if err := r.bot.Reload(r.ctx()); err == nil || !strings.Contains(err.Error(), "rules.yaml:") {
		t.Errorf("Reload = %v", err)
	}
	ming.Say("ping")
	// The operator is told in 文件传输助手.
	got := r.sent(2)
	if !strings.Contains(strings.Join(got, "\n"), "新文件有误") || !strings.Contains(strings.Join(got, "\n"), "pong") {
		t.Errorf("sent %q", got)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.start()
	await[bot.LoggedIn](r)
	ming.Say("ping")
	r.sent(3)
}

func TestFileChangeIsPickedUp(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, map[string]string{})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	r.online()
	old := await[bot.RulesLoaded](r)
	r.write("rules.yaml", strings.ReplaceAll(baseRules, "pong", "peng"))
	r.write("plugins/echo.lua", `bot.plugin { name = "echo", version = "1", api = 1 }
bot.command("echo", { args = "<text>" }, function(msg, args) msg:reply(args.text) end)`)
	timeout := time.After(deadline)
	for {
		st, err := r.bot.Status(r.ctx())
		if err != nil {
			t.Fatal(err)
		}
		if st.Rev != old.Rev && len(st.Plugins) == 1 {
			break
		}
		r.mu.Lock()
		changed := r.changed
		r.mu.Unlock()
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("not picked up: %+v", st)
		}
	}
	ming.Say("ping")
	ming.Say("echo 你好")
	r.wantSent("peng", "你好")
}

func TestTrialModeTellsTheOwnerOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, strings.Replace(baseRules, "pace: off", "pace: off, mode: trial", 1), nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	r.online()
	ming.Say("ping")
	r.wantSent("【试运行】→ 小明：pong")
	if to := r.srv.Sent()[0].ToAccount; to != r.srv.FileHelper() {
		t.Errorf("told %v", to)
	}
}

func TestAnotherAccountIsLoggedOut(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	stop := r.online()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	// The stored session means nothing to the other server, which says so.
	other := wxtest.NewServer(t, wxtest.Config{Uin: 12345, Lenient: true})
	r.config.Server = other.URL()
	b, err := bot.New(bot.Options{Config: r.config})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- b.Run(r.ctx()) }()
	if err := other.Login(r.ctx()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || !strings.Contains(err.Error(), "belongs to another account") {
		t.Errorf("Run = %v", err)
	}
	if other.Count("webwxlogout") != 1 {
		t.Error("the other account was not logged out")
	}
	// With the old state moved aside it may stay.
	b, err = bot.New(bot.Options{Config: r.config, NewAccount: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(r.ctx())
	go func() { done <- b.Run(ctx) }()
	if err := other.Login(r.ctx()); err != nil {
		t.Fatal(err)
	}
	if err := other.AwaitOnline(r.ctx()); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run with the state moved aside: %v", err)
	}
	if old, err := filepath.Glob(filepath.Join(r.config.State, "old-*", "wxbot.db")); err != nil || len(old) != 1 {
		t.Errorf("old state in %q, %v", old, err)
	}
}

func TestNoSecretsInTheLog(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "一个昵称"})
	r.online()
	ming.Say("秘密的话")
	ming.Say("ping")
	r.wantSent("pong")
	log := r.log.String()
	qr := await[bot.QRCode](r)
	for what, secret := range map[string]string{
		"QR payload": qr.Payload.Reveal(), "message text": "秘密的话", "nickname": "一个昵称", "key": "@crypt", "user name": ming.UserName(),
		"cookie": "webwx_data_ticket",
	} {
		if strings.Contains(log, secret) {
			t.Errorf("%s is in the log", what)
		}
	}
	if !strings.Contains(log, "rule fired") {
		t.Errorf("log says nothing of the rule:\n%s", log)
	}
}

func TestNeverHoldsForPeopleAndGroups(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, `
settings: {pace: off, never: [老板, 家庭群]}
rules:
  - {name: echo, contains: hi, chat: [private, group], group: "*", reply: "to ${sender}"}
`, map[string]string{"p.lua": `bot.plugin { name = "p", version = "1", api = 1 }
bot.on("message", {contains = "plugin"}, function(msg) msg:reply("x") end)`})
	boss := r.srv.AddFriend(wxtest.Person{NickName: "王", RemarkName: "老板"})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	home, work := r.srv.AddGroup("家庭群", ming), r.srv.AddGroup("工作群", ming, boss)
	r.online()
	boss.Say("hi")
	boss.Say("plugin")
	home.Say(ming, "hi")
	work.Say(boss, "hi")
	work.Say(ming, "hi")
	r.wantSent("to 小明")
}

func TestRulesDoNotLeaveTheirDirectoryBySymlink(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(outside, []byte("root\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const rules = "lists: {w: {file: words.txt}}\nrules: [{name: r, exact: $w, reply: x}]\n"
	for name, ok := range map[string]bool{outside: false, "inside.txt": true} {
		dir := t.TempDir()
		for file, text := range map[string]string{"rules.yaml": rules, "inside.txt": "a\n"} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink(name, filepath.Join(dir, "words.txt")); err != nil {
			t.Fatal(err)
		}
		r, err := bot.Check(t.Context(), bot.Options{Config: bot.Config{Rules: filepath.Join(dir, "rules.yaml"), State: filepath.Join(dir, "s")}})
		if err != nil || (r.Errors() == 0) != ok {
			t.Errorf("list by a link to %s: %v, %v", name, r.Problems, err)
		}
	}
}
