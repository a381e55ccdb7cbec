package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"wxbot/wx/wxtest"
)

const chatRules = `settings: {timezone: Asia/Shanghai, mode: trial, loop_guard: off}
rules:
  - {name: 问价格, contains: 价格, chat: [private, group], group: 客户*, reply: "${sender}：十元"}
  - {name: 夜里, time: 20:00-08:00, reply: 睡了}
  - {name: 欢迎, event: member_joined, group: 客户*, gather: off, reply: "欢迎 ${names}"}
  - {name: 加好友, event: friend_request, contains: 读书会, accept: true}
`

func TestChatAnswersSeveralPeopleByTheDaemonsOwnWalk(t *testing.T) {
	t.Parallel()
	rules := write(t, "rules.yaml", chatRules)
	if err := os.Mkdir(filepath.Join(filepath.Dir(rules), "plugins"), 0o700); err != nil {
		t.Fatal(err)
	}
	const plugin = `bot.plugin { name = "echo", version = "1", api = 1 }
bot.command("回声", { args = "<text...>" }, function(msg, args) msg:reply("回：" .. table.concat(args.text, " ")) end)
`
	if err := os.WriteFile(filepath.Join(filepath.Dir(rules), "plugins", "echo.lua"), []byte(plugin), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary, "chat", "--rules", rules, "--plugins", filepath.Join(filepath.Dir(rules), "plugins"), "--at", "2026-01-05 21:00")
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "TMPDIR=" + t.TempDir(), "LANG=C"}
	cmd.Stdin = strings.NewReader(`多少价格
小红@客户一群: 价格呢
小明: 在吗
小红@闲聊群: 价格呢
:as 小红@客户一群
:join 小兰
:request 小绿 我想加入读书会
我: /规则 价格
小红@闲聊群: /回声 你好
`)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.String(), errOut.String())
	}
	got := out.String()
	for _, want := range []string{
		"小明：十元", "rule 问价格", "客户一群", "小红：十元", "睡了", "nothing answered", "欢迎 小兰", "(accepted the friend request)", "1. 问价格", "回：你好", "plugin echo",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("output lacks %q", want)
		}
	}
	if strings.Contains(got, "试运行") {
		t.Error("the trial mode of the file holds in the chat")
	}
	if t.Failed() {
		t.Logf("%s\n%s", got, errOut.String())
	}
}

func TestSpeakersOfAChat(t *testing.T) {
	t.Parallel()
	c := &chatTalk{stage: &stage{people: map[string]*wxtest.Account{"小明": {}}}}
	for line, want := range map[string]string{
		"小明@客户一群: 多少钱": "客户一群/小明|多少钱",
		"小红@客户一群：多少钱":  "客户一群/小红|多少钱",
		"小明: 多少钱":      "小明|多少钱",
		"我: /状态":       "我|/状态",
		"小红: 多少钱":      "", // nobody of that name is here
		"地址: 北京":       "",
		"看 a@b: 吗":     "",
		"https://x.cn": "",
		"小明:":          "",
	} {
		got := ""
		if s, text, ok := c.prefixed(line); ok {
			got = s.String() + "|" + text
		}
		if got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}
