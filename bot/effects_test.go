package bot_test

import (
	"slices"
	"testing"

	"wxbot/wx/wxtest"
)

// What an observer sends leaves the event to those who are asked after it, over a
// restart, and is not sent again.
func TestObserverThatSendsTakesNothingFromTheRules(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, `
settings: {pace: off, timezone: UTC, loop_guard: off}
rules:
  - {name: welcome, event: member_joined, group: "*", gather: 3s, reply: welcome}
`, map[string]string{"seen.lua": `
bot.plugin { name = "seen", version = "1", api = 1 }
bot.observe("member_joined", function(ev) ev.group:send("seen") end)`})
	ming, hong := r.srv.AddFriend(wxtest.Person{NickName: "小明"}), r.srv.AddFriend(wxtest.Person{NickName: "小红"})
	g := r.srv.AddGroup("客户群", ming)
	stop := r.online()
	g.Join(ming, hong)
	r.wantSent("seen")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.start()
	if _, err := r.srv.Await(r.ctx(), func(wxtest.Record) bool { return slices.Contains(r.texts(), "welcome") }); err != nil {
		t.Fatalf("%v: sent %q; log:\n%s", err, r.texts(), r.log)
	}
	if got := r.texts(); !slices.Equal(got, []string{"seen", "welcome"}) {
		t.Errorf("sent %q", got)
	}
}

// What a function sent by itself before it was cut short is not sent again.
func TestCallIsRepeatedWithoutItsEffects(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, `
settings: {pace: off, timezone: UTC, loop_guard: off}
rules:
  - {name: report, exact: 报告, do: [{call: slow.report}, {call: slow.report}]}
`, map[string]string{"slow.lua": `
bot.plugin { name = "slow", version = "1", api = 1 }
bot.export("report", function(msg)
  msg:reply("wait")
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
	done := func() int {
		n := 0
		for _, text := range r.sentTo(ming) {
			if text == "done" {
				n++
			}
		}
		return n
	}
	if _, err := r.srv.Await(r.ctx(), func(wxtest.Record) bool { return done() == 2 && len(r.sentTo(ming)) >= 4 }); err != nil {
		t.Fatalf("%v: sent %q; log:\n%s", err, r.sentTo(ming), r.log)
	}
	for r.status().Outbox.Waiting > 0 {
		if r.ctx().Err() != nil {
			t.Fatal("something waits for ever")
		}
	}
	got := r.sentTo(ming)
	if slices.Sort(got); !slices.Equal(got, []string{"done", "done", "wait", "wait"}) {
		t.Errorf("sent %q", got)
	}
}

// texts gives what was sent to anybody, in order.
func (r *rig) texts() []string {
	var out []string
	for _, s := range r.srv.Sent() {
		out = append(out, s.Content)
	}
	return out
}
