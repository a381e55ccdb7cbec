package bot_test

import (
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
