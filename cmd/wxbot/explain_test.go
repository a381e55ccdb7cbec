package main

import (
	"strings"
	"testing"
)

const explained = `settings: {timezone: Asia/Shanghai, never: [黑名单]}
rules:
  - {name: 问价格, contains: 价格, group: 客户*, reply: 十元, continue: true}
  - {name: 早安, at: 08:30, do: [{send: {to: filehelper, text: 早}}]}
  - {name: 天气, command: 天气, chat: [private, group], group: "*", mentioned: true, reply: 晴}
  - {name: 加好友, event: friend_request, contains: 读书会, accept: true}
  - {name: 夜里, chat: [private, group], group: "*", time: 20:00-08:00, reply: 睡了}
  - {name: 兜底, chat: [private, group], group: "*", reply: 在}
  - {name: 之后, contains: 价格, reply: x, enabled: false}
`

func TestExplainTellsOfEveryRule(t *testing.T) {
	t.Parallel()
	path := write(t, "rules.yaml", explained)
	for name, tt := range map[string]struct {
		args []string
		want []string
	}{
		"group": {
			[]string{"天气的价格", "--in", "客户一群", "--from", "小明", "--at", "2026-01-05 12:00"},
			[]string{
				"Mon 2026-01-05 12:00 客户一群/小明 \"天气的价格\" @no\n", "  问价格  fires → reply\n", "  早安    no: event is message, rule wants tick\n",
				"  天气    no: mentioned is false\n", "  加好友  no: event is message, rule wants friend_request\n",
				"  夜里    no: time 12:00 is not in 20:00-08:00\n", "  兜底    fires → reply; stops here\n", "  之后    not tried\n",
			},
		},
		"private, at night": {
			[]string{"价格", "--from", "小明", "--at", "2026-01-05 21:00"},
			[]string{"  问价格  no: chat is private, rule wants group\n", "  夜里    fires → reply; stops here\n"},
		},
		"command":        {[]string{"天气北京", "--in", "x", "--mentioned", "--at", "2026-01-05 12:00"}, []string{"\"天气北京\" @\n", "  天气    fires → reply; stops here\n"}},
		"friend request": {[]string{"我想加入读书会", "--event", "friend_request"}, []string{"  加好友  fires → accept; stops here\n"}},
		"never":          {[]string{"价格", "--from", "黑名单"}, []string{"  in settings.never: nothing answers\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := runBinary(t, nil, append([]string{"explain", "--rules", path}, tt.args...)...)
			if r.code != exitOK {
				t.Fatalf("exit code %d: %s", r.code, r.errOut)
			}
			for _, want := range tt.want {
				if !strings.Contains(r.out, want) {
					t.Errorf("output lacks %q:\n%s", want, r.out)
				}
			}
		})
	}
}

func TestExplainRefusesWhatItCannotAnswer(t *testing.T) {
	t.Parallel()
	good, bad := write(t, "rules.yaml", explained), write(t, "rules.yaml", "- {name: a, conains: b, reply: c}\n")
	for name, tt := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no text":     {[]string{"--rules", good}, exitUsage, "explain takes one text"},
		"bad time":    {[]string{"x", "--rules", good, "--at", "noon"}, exitFailure, `"noon" is not like`},
		"bad event":   {[]string{"x", "--rules", good, "--event", "joins"}, exitFailure, `event "joins" is not among`},
		"broken file": {[]string{"x", "--rules", bad}, exitFailure, `did you mean "contains"?`},
	} {
		if r := runBinary(t, nil, append([]string{"explain"}, tt.args...)...); r.code != tt.code || !strings.Contains(r.errOut, tt.want) {
			t.Errorf("%s: exit code %d, %s; want %d, %q", name, r.code, r.errOut, tt.code, tt.want)
		}
	}
}
