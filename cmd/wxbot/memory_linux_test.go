package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"wxbot/wx/wxtest"
)

// The measurements take minutes: they run only if asked for, by
//
//	WXBOT_MEASURE=1 go test ./cmd/wxbot -run Memory -v
const (
	measureVariable = "WXBOT_MEASURE"
	megabyte        = 1_000_000
	idleTime        = 60 * time.Second
	idleCPU         = idleTime / 500 // 0.2 % of a core
	// batchRate and batchAtOnce are what section 16 allows of webwxbatchgetcontact:
	// one per two seconds, of which a client may have saved up a few.
	batchRate   = 2 * time.Second
	batchAtOnce = 3
	listLate    = 8 * time.Second  // the contact list in these measurements
	loadedAfter = 12 * time.Second // without a request
)

// memoryPlan is an account, and how much memory the daemon may take for it.
type memoryPlan struct {
	contacts, groups, members int
	most                      int64 // bytes of RssAnon
}

func TestMemoryOfAnIdleDaemon(t *testing.T) {
	if os.Getenv(measureVariable) == "" {
		t.Skipf("takes minutes; set %s=1", measureVariable)
	}
	for name, p := range map[string]memoryPlan{
		"1,000 contacts": {contacts: 1000, most: 30 * megabyte},
		"5,000 contacts and 200 groups of 500 members": {contacts: 5000, groups: 200, members: 500, most: 60 * megabyte},
	} {
		t.Run(name, func(t *testing.T) { p.measure(t) })
	}
}

func (p memoryPlan) measure(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	srv := wxtest.NewServer(t, wxtest.Config{})
	ming := p.populate(srv)
	// The list comes late, so that an answer that waits for it is seen to do so.
	srv.Fault(wxtest.Fault{Endpoint: "webwxgetcontact", Kind: wxtest.FaultDelay, Delay: listLate})
	d := startMeasured(t, ctx, srv, liveRules)
	began := time.Now()
	ming.Say("你好")
	awaitText(t, ctx, srv, 1, "你也好")
	took := time.Since(began)
	t.Logf("first answer %v after the login, %d requests for groups before it", took.Round(time.Millisecond), srv.Count("webwxbatchgetcontact"))
	if took >= listLate {
		t.Error("the first answer waited for the contact list")
	}
	p.awaitLoaded(t, ctx, srv)
	t.Logf("loaded after %v: RssAnon %.1f MB, at most %.1f MB resident", time.Since(began).Round(time.Second), d.rss(t, "RssAnon"), d.rss(t, "VmHWM"))
	before := d.cpu(t)
	waitUntil(ctx, time.Now().Add(idleTime))
	idle := d.cpu(t) - before
	p.judgeRates(t, srv)
	d.within(t, "after a minute's rest", p.most)
	t.Logf("idle: %.2f %% of a core", 100*idle.Seconds()/idleTime.Seconds())
	if idle > idleCPU {
		t.Errorf("%v of CPU time in %v of rest, promised are %v", idle, idleTime, idleCPU)
	}
	stopping := time.Now()
	d.stop(t, ctx)
	t.Logf("stopped in %v", time.Since(stopping).Round(time.Millisecond))
}

// populate makes the account, with a friend to talk to. The groups hold friends
// and, mostly, strangers, each in one group.
func (p memoryPlan) populate(srv *wxtest.Server) (ming *wxtest.Account) {
	friends := make([]*wxtest.Account, p.contacts)
	for i := range friends {
		friends[i] = srv.AddFriend(wxtest.Person{
			NickName: fmt.Sprintf("好友的昵称%d", i), Signature: "今天也是努力工作的一天", Province: "广东", City: "深圳",
		})
	}
	for g := range p.groups {
		members := make([]*wxtest.Account, 0, p.members)
		for i := range p.members / 10 {
			members = append(members, friends[(g*p.members/10+i)%len(friends)])
		}
		for i := len(members); i < p.members-1; i++ { // the account itself is one more
			members = append(members, srv.AddStranger(wxtest.Person{NickName: fmt.Sprintf("群友的昵称%d号", g*p.members+i)}))
		}
		srv.AddGroup(fmt.Sprintf("第%d个客户交流群", g), members...)
	}
	return srv.AddFriend(wxtest.Person{NickName: "小明"})
}

// awaitLoaded waits until no request for contacts or groups has come for some time.
func (p memoryPlan) awaitLoaded(t *testing.T, ctx context.Context, srv *wxtest.Server) {
	t.Helper()
	count := func() int { return srv.Count("webwxbatchgetcontact") + srv.Count("webwxgetcontact") }
	n, since := count(), time.Now()
	eventually(t, ctx, "loading of contacts", func() bool {
		if now := count(); now != n {
			n, since = now, time.Now()
		}
		return time.Since(since) > loadedAfter
	})
}

// judgeRates looks at when the requests for groups came.
func (p memoryPlan) judgeRates(t *testing.T, srv *wxtest.Server) {
	t.Helper()
	var times []time.Time
	for _, r := range srv.Requests() {
		if r.Endpoint == "webwxbatchgetcontact" {
			times = append(times, r.Time)
		}
	}
	if len(times) == 0 {
		return
	}
	span := times[len(times)-1].Sub(times[0])
	t.Logf("%d requests for groups in %v, %d for the contact list", len(times), span.Round(time.Second), srv.Count("webwxgetcontact"))
	for i := range times {
		for j := i + batchAtOnce; j < len(times); j++ {
			if took, least := times[j].Sub(times[i]), time.Duration(j-i-batchAtOnce+1)*batchRate; took < least-100*time.Millisecond {
				t.Fatalf("requests %d to %d for groups came within %v, %v at least is allowed", i+1, j+1, took, least)
			}
		}
	}
}

// The list of contacts never comes here: what an answer needs is looked up.
func TestFirstAnswerNeedsNoContactList(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	srv := wxtest.NewServer(t, wxtest.Config{})
	ming := memoryPlan{contacts: 50, groups: 60, members: 20}.populate(srv)
	srv.Fault(wxtest.Fault{Endpoint: "webwxgetcontact", Kind: wxtest.FaultHang, Times: -1})
	d := startMeasured(t, ctx, srv, liveRules)
	ming.Say("你好")
	awaitText(t, ctx, srv, 1, "你也好")
	d.stop(t, ctx)
}

func TestMemoryOfSendingFiles(t *testing.T) {
	if os.Getenv(measureVariable) == "" {
		t.Skipf("takes a minute and 1 GB of disk; set %s=1", measureVariable)
	}
	const (
		files = 20
		size  = 50 << 20
		most  = 80 * megabyte
	)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	dir := t.TempDir()
	rules := "settings: {timezone: Asia/Shanghai, pace: off}\nrules:\n"
	for i := range files {
		sparse(t, filepath.Join(dir, fmt.Sprintf("file%d.bin", i)), byte(i), size)
		rules += fmt.Sprintf("  - {name: 文件%[1]d, exact: 文件%[1]d, reply: {file: file%[1]d.bin}}\n", i)
	}
	srv := wxtest.NewServer(t, wxtest.Config{})
	d := startMeasuredAt(t, ctx, srv, dir, rules)
	peak := make(chan float64, 1)
	watching, end := context.WithCancel(ctx)
	go func() { peak <- d.watchPeak(watching) }() // waited for below
	began := time.Now()
	for i := range files {
		srv.AddFriend(wxtest.Person{NickName: fmt.Sprintf("好友%d", i)}).Say(fmt.Sprintf("文件%d", i))
	}
	sent, err := srv.AwaitSent(ctx, files)
	end()
	got := <-peak
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range sent {
		if m.Type != 6 || m.FileSize != size {
			t.Errorf("not sent as the file: %v", m)
		}
	}
	t.Logf("%d files of %d MiB in %v: RssAnon %.1f MB at most", files, size>>20, time.Since(began).Round(time.Second), got)
	if got > most/megabyte {
		t.Errorf("RssAnon was %.1f MB, promised are %d MB", got, most/megabyte)
	}
	d.stop(t, ctx)
}

// sparse makes a file that takes hardly any disk and whose content no other has.
func sparse(t *testing.T, name string, first byte, size int64) {
	t.Helper()
	if err := os.WriteFile(name, []byte{first}, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, size); err != nil {
		t.Fatal(err)
	}
}

// measured is a daemon with the shipped plugins.
type measured struct{ *process }

func startMeasured(t *testing.T, ctx context.Context, srv *wxtest.Server, rules string) *measured {
	t.Helper()
	return startMeasuredAt(t, ctx, srv, t.TempDir(), rules)
}

// startMeasuredAt starts a daemon with the rules in a directory, and logs it in.
func startMeasuredAt(t *testing.T, ctx context.Context, srv *wxtest.Server, dir, rules string) *measured {
	t.Helper()
	path := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(path, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	plugins := filepath.Join(dir, "plugins")
	if err := os.CopyFS(plugins, os.DirFS("../../plugins")); err != nil {
		t.Fatal(err)
	}
	d := &measured{startBinary(t, ctx, nil, "run", "--rules", path, "--plugins", plugins,
		"--state", filepath.Join(t.TempDir(), "state"), "--server", srv.URL())}
	if err := srv.Login(ctx); err != nil {
		t.Fatal(err)
	}
	if err := srv.AwaitOnline(ctx); err != nil {
		t.Fatal(err)
	}
	return d
}

// rss reads a figure of the process in MB.
func (d *measured) rss(t *testing.T, field string) float64 {
	t.Helper()
	mb, err := readRSS(d.cmd.Process.Pid, field)
	if err != nil {
		t.Fatal(err)
	}
	return mb
}

// cpu is the CPU time that the process has used, in steps of 10 ms.
func (d *measured) cpu(t *testing.T) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	// The name in brackets may hold blanks; utime and stime are the 14th and 15th field.
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	ticks := 0
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(10*ticks) * time.Millisecond
}

func (d *measured) within(t *testing.T, when string, most int64) {
	t.Helper()
	got := d.rss(t, "RssAnon")
	t.Logf("%s: RssAnon %.1f MB (%s)", when, got, runtime.Version())
	if got > float64(most)/megabyte {
		t.Errorf("RssAnon %s is %.1f MB, promised are %d MB", when, got, most/megabyte)
	}
}

// watchPeak gives the greatest RssAnon seen until ctx ends.
func (d *measured) watchPeak(ctx context.Context) (peak float64) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return peak
		case <-tick.C:
			if mb, err := readRSS(d.cmd.Process.Pid, "RssAnon"); err == nil {
				peak = max(peak, mb)
			}
		}
	}
}

func readRSS(pid int, field string) (mb float64, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib * 1024 / megabyte, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no %s", pid, field)
}
