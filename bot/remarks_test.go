package bot_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/bot/clock"
	"wxbot/wx/wxtest"
)

// A remark is looked at after it was given: WeChat may say that all is well and do
// nothing.
func TestRemarkIsChecked(t *testing.T) {
	t.Parallel()
	const missed = "好友「路人」的备注「读书」没有设上，请在手机上设置。"
	for name, c := range map[string]struct {
		config wxtest.Config
		fault  wxtest.Fault
		act    func(stranger, friend *wxtest.Account)
		want   []string
	}{
		"kept by accept":          {act: request, want: []string{"welcome"}},
		"ignored by accept":       {config: wxtest.Config{IgnoreRemarks: true}, act: request, want: []string{"welcome", missed}},
		"kept by the remark step": {act: named, want: []string{"named"}},
		"ignored by the remark step": {
			config: wxtest.Config{IgnoreRemarks: true}, act: named,
			want: []string{"named", strings.ReplaceAll(missed, "路人", "小明")},
		},
		"refused after accept": {
			fault: wxtest.Fault{Endpoint: "webwxoplog", Kind: wxtest.FaultRet, Ret: 1}, act: request, want: []string{"welcome", missed},
		},
		"set in spite of a broken answer": {
			fault: wxtest.Fault{Endpoint: "webwxoplog", Kind: wxtest.FaultReset, After: true}, act: request, want: []string{"welcome"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, c.config, `
settings: {pace: off, timezone: UTC, loop_guard: off}
rules:
  - {name: befriend, event: friend_request, do: [{accept: {remark: 读书}}, {reply: welcome}]}
  - {name: name, exact: name, do: [{remark: 读书}, {reply: named}]}
  - {name: later, exact: later, do: [{wait: 20s}, {reply: over}]}
`, nil)
			r.clock = clock.Fast(time.Now(), 20)
			friend, stranger := r.srv.AddFriend(wxtest.Person{NickName: "小明"}), r.srv.AddStranger(wxtest.Person{NickName: "路人"})
			r.online()
			if c.fault.Endpoint != "" {
				r.srv.Fault(c.fault)
			}
			c.act(stranger, friend)
			r.sent(1)
			friend.Say("later") // comes after the check
			got := r.sent(len(c.want) + 1)
			if want := append(slices.Clone(c.want), "over"); !slices.Equal(got, want) {
				t.Errorf("sent %q, want %q", got, want)
			}
			for _, secret := range []string{"读书", "路人", "小明"} {
				if strings.Contains(r.log.String(), secret) {
					t.Errorf("the log names %q", secret)
				}
			}
		})
	}
}

func request(stranger, _ *wxtest.Account) { stranger.Request("hello") }

func named(_, friend *wxtest.Account) { friend.Say("name") }
