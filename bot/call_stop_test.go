package bot_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"wxbot/wx/wxtest"
)

// A function that a rule calls may take long. A stop meanwhile costs nobody the
// answer.
func TestStopDuringACallLosesNoAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, `
settings: {pace: off, timezone: UTC, loop_guard: off}
rules:
  - {name: report, exact: 报告, do: [{call: slow.report}]}
`, map[string]string{"slow.lua": `
bot.plugin { name = "slow", version = "1", api = 1 }
bot.export("report", function(msg)
  bot.admin("begun")
  bot.sleep(1)
  return "done"
end)`})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	stop := r.online()
	ming.Say("报告")
	r.wantSent("begun")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.start()
	if _, err := r.srv.Await(r.ctx(), func(wxtest.Record) bool { return len(r.sentTo(ming)) > 0 }); err != nil {
		t.Fatalf("no answer after the restart: %v; log:\n%s", err, r.log)
	}
	if got := r.sentTo(ming); len(got) != 1 || got[0] != "done" {
		t.Errorf("sent %q", got)
	}
}

// An admin who says 试运行 while a function runs means what it returns as well.
func TestTrialModeChosenDuringACallHoldsItsAnswer(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		_, _ = w.Write([]byte("done"))
	}))
	defer site.Close()
	r := newRig(t, wxtest.Config{}, `
settings: {pace: off, timezone: UTC, loop_guard: off}
rules:
  - {name: report, exact: 报告, do: [{call: slow.report}]}
`, map[string]string{
		"slow.lua": `
bot.plugin { name = "slow", version = "1", api = 1, allow = { http = { {config = "url"} } }, config = { url = {type = "string"} } }
bot.export("report", function(msg)
  bot.admin("begun")
  return bot.http.get(bot.config.url).body
end)`,
		"plugins.yaml": "plugins: {slow: {config: {url: '" + site.URL + "'}}}\n",
	})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	r.online()
	ming.Say("报告")
	r.wantSent("begun")
	if got := r.adminSays("/试运行"); !strings.Contains(got, "试运行") {
		t.Errorf("answer %q", got)
	}
	close(release)
	told := func(text string) bool { return strings.HasPrefix(text, "【试运行】→ 小明") }
	if _, err := r.srv.Await(r.ctx(), func(wxtest.Record) bool {
		return slices.ContainsFunc(r.texts(), told) || len(r.sentTo(ming)) > 0
	}); err != nil {
		t.Fatalf("%v: sent %q; log:\n%s", err, r.texts(), r.log)
	}
	if got := r.sentTo(ming); len(got) != 0 {
		t.Errorf("sent %q in trial mode", got)
	}
}
