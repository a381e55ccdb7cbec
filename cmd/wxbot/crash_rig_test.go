//go:build unix

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wxbot/wx/wxtest"
)

const (
	crashFriends = 52
	crashGroups  = 12
	// crashTalkers are the last of the friends, who do nothing but talk with a plugin.
	crashTalkers = 8
	// crashPlugins share the work. A life that begins with what several short ones
	// have left brings each more than the 30 actions a minute that it may do unless
	// plugins.yaml says otherwise.
	crashPlugins = 16
	crashArchive = "档案"
)

// crashRules answer with A and the label of what was asked, and those with two steps
// with B later.
const crashRules = `
settings: {pace: off, loop_guard: off, timezone: UTC}
rules:
  - {name: rule, regex: '^rule (c\d+-\d+)$', chat: [private, group], group: "*", reply: "A ${1}"}
  - name: two
    when: {regex: '^two (c\d+-\d+)$', chat: [private, group], group: "*"}
    do:
      - reply: "A ${1}"
      - wait: 20ms-400ms
      - reply: "B ${1}"
  - name: send
    when: {regex: '^send (c\d+-\d+)$', chat: [private, group], group: "*"}
    do:
      - send: {to: 档案, text: "A ${1}"}
`

const crashPlugin = `bot.plugin { name = "p%[1]d", version = "1", api = 1 }

local function answer(msg, letter)
  local sent, err = msg:reply(letter .. " " .. msg.text:match("c%%d+%%-%%d+"))
  if not sent then bot.log.error("not queued: %%s", err) end
end

local function rest() bot.sleep(bot.random.int(30, 300) / 1000) end

bot.on("message", { regex = [[^plug%[1]d ]], chat = {"private", "group"}, group = "*" }, function(msg)
  answer(msg, "A")
  rest()
  answer(msg, "B")
end)

bot.on("message", { regex = [[^talk%[1]d ]] }, function(msg)
  local text = msg:ask("A " .. msg.text:match("c%%d+%%-%%d+"), { timeout = "1h" })
  if text then msg:reply("B " .. text:match("c%%d+%%-%%d+")) end
end)

bot.on("message", { regex = [[^late%[1]d ]], chat = {"private", "group"}, group = "*" }, function(msg)
  rest()
  answer(msg, "A")
end)
`

// crashKind is what answers a question.
type crashKind int

const (
	askRule crashKind = iota // a rule, at once
	askTwo                   // a rule in two steps with a wait between them
	askSend                  // a rule, in another chat
	askPlug                  // a plugin that answers, sleeps and answers again
	askLate                  // a plugin that sleeps and then answers
	askNone                  // nobody
	askTalk                  // a plugin that asks back: A is a question, B the end of one that waits
)

// crashMix is how often each kind is asked for.
var crashMix = []crashKind{
	askRule, askRule, askRule, askRule, askRule, askRule, askTwo, askTwo, askTwo,
	askPlug, askPlug, askPlug, askLate, askLate, askLate, askSend, askSend, askSend, askNone, askNone,
}

func (k crashKind) String() string {
	return [...]string{"rule", "two", "send", "plug", "late", "none", "talk"}[k]
}

// question is a message that somebody wrote.
type question struct {
	kind  crashKind
	chat  int // which of the chats
	n     int // counts within the chat
	label string
	id    wxtest.MsgID
	at    time.Time
}

// due gives the answers that must come.
func (q *question) due() []string {
	switch q.kind {
	case askRule, askSend, askPlug, askLate:
		return []string{"A " + q.label}
	case askTwo:
		return []string{"A " + q.label, "B " + q.label}
	case askNone, askTalk:
	}
	return nil
}

// crashChat is somebody or a group that writes.
type crashChat struct {
	friend *wxtest.Account
	group  *wxtest.Group
	n      int
}

// crashRig is the real binary on a simulated WeChat, over real HTTP.
type crashRig struct {
	t      *testing.T
	plan   crashPlan
	random *rand.Rand
	srv    *wxtest.Server

	chats   []*crashChat
	archive *wxtest.Account
	asked   []*question
	lives   int

	dir, logFile string
	daemon       *exec.Cmd // nil while it is down
	ended        chan error
	kills        []time.Time
}

func newCrashRig(t *testing.T, p crashPlan) *crashRig {
	t.Helper()
	r := &crashRig{
		t: t, plan: p, random: rand.New(rand.NewPCG(p.seed, 0)), srv: wxtest.NewServer(t, wxtest.Config{}),
		dir: t.TempDir(), ended: make(chan error, 1),
	}
	r.logFile = filepath.Join(t.ArtifactDir(), "daemon.log")
	for i := range crashFriends {
		r.chats = append(r.chats, &crashChat{friend: r.srv.AddFriend(wxtest.Person{NickName: fmt.Sprintf("friend %d", i)})})
	}
	for i := range crashGroups {
		a, b := r.chats[2*i].friend, r.chats[2*i+1].friend
		r.chats = append(r.chats, &crashChat{group: r.srv.AddGroup(fmt.Sprintf("group %d", i), a, b)})
	}
	t.Cleanup(func() {
		if r.daemon != nil {
			_ = r.daemon.Process.Kill() // it may have ended by itself
			<-r.ended
		}
	})
	r.archive = r.srv.AddFriend(wxtest.Person{NickName: "archive", RemarkName: crashArchive})
	if err := os.Mkdir(filepath.Join(r.dir, "plugins"), 0o700); err != nil {
		t.Fatal(err)
	}
	r.write("rules.yaml", crashRules)
	var settings strings.Builder
	settings.WriteString("plugins:\n")
	for i := range crashPlugins {
		r.write(fmt.Sprintf("plugins/p%d.lua", i), fmt.Sprintf(crashPlugin, i))
		fmt.Fprintf(&settings, "  p%d: {limits: {sends: 600}}\n", i)
	}
	r.write("plugins/plugins.yaml", settings.String())
	return r
}

func (r *crashRig) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// ask lets somebody write.
func (r *crashRig) ask() {
	chat := r.random.IntN(len(r.chats))
	c := r.chats[chat]
	q := &question{kind: crashMix[r.random.IntN(len(crashMix))], chat: chat, n: c.n, at: time.Now()}
	if chat >= crashFriends-crashTalkers && chat < crashFriends {
		q.kind = askTalk
	}
	q.label = fmt.Sprintf("c%d-%d", chat, q.n)
	c.n++
	word := q.kind.String()
	if q.kind == askPlug || q.kind == askLate || q.kind == askTalk {
		word = fmt.Sprintf("%s%d", word, r.random.IntN(crashPlugins))
	}
	text := word + " " + q.label
	if c.group != nil {
		members := c.group.Members()
		from := members[0]
		for from == r.srv.Self() {
			from = members[r.random.IntN(len(members))]
		}
		q.id = c.group.Say(from, text)
	} else {
		q.id = c.friend.Say(text)
	}
	r.asked = append(r.asked, q)
}

// start runs the daemon.
func (r *crashRig) start(ctx context.Context) {
	r.t.Helper()
	log, err := os.OpenFile(r.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		r.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.CommandContext(ctx, binary, "run", "--rules", filepath.Join(r.dir, "rules.yaml"),
		"--plugins", filepath.Join(r.dir, "plugins"), "--state", filepath.Join(r.dir, "state"),
		"--socket", filepath.Join(r.dir, "s"), "--server", r.srv.URL(), "--log-level", "debug", "--log-format", "json")
	cmd.Dir = r.dir
	cmd.Env = []string{"HOME=" + r.dir}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.daemon = cmd
	go func() { r.ended <- cmd.Wait() }() // waited for in end
}

// end waits for the daemon's end and gives its state.
func (r *crashRig) end(ctx context.Context) syscall.WaitStatus {
	r.t.Helper()
	select {
	case <-r.ended: // the state says it all
	case <-ctx.Done():
		r.fatal("the daemon does not end")
	}
	status, ok := r.daemon.ProcessState.Sys().(syscall.WaitStatus)
	if !ok {
		r.t.Fatal("no wait status")
	}
	r.daemon = nil
	return status
}

// kill ends the daemon without a word.
func (r *crashRig) kill(ctx context.Context) {
	r.t.Helper()
	// One that has ended by itself shows in its state.
	_ = r.daemon.Process.Kill()
	r.kills = append(r.kills, time.Now())
	if s := r.end(ctx); !s.Signaled() || s.Signal() != syscall.SIGKILL {
		r.fatal(fmt.Sprintf("before kill %d the daemon ended by itself: exit code %d", len(r.kills), s.ExitStatus()))
	}
}

// stop ends the daemon as a service manager does.
func (r *crashRig) stop(ctx context.Context) {
	r.t.Helper()
	if err := r.daemon.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Error(err)
	}
	if s := r.end(ctx); s.ExitStatus() != 0 {
		r.t.Errorf("SIGTERM: exit code %d", s.ExitStatus())
	}
}

func (r *crashRig) logIn(ctx context.Context) {
	r.t.Helper()
	r.start(ctx)
	if err := r.srv.Login(ctx); err != nil {
		r.fatal("no login: " + err.Error())
	}
	if err := r.srv.AwaitOnline(ctx); err != nil {
		r.fatal("not online: " + err.Error())
	}
}

func (r *crashRig) fatal(why string) {
	r.t.Helper()
	r.t.Fatalf("%s\nlast lines of the daemon's log:\n%s", why, r.logTail())
}
