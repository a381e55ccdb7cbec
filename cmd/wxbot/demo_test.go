package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"wxbot/bot/lang"
	"wxbot/wx/wxtest"
)

// The demo is what a newcomer sees first. It must not depend on anything of the
// user's, so it runs here among settings that would break it.
func TestDemoScriptPlaysEverything(t *testing.T) {
	tmp := t.TempDir()
	r := runBinary(t, []string{
		"TMPDIR=" + tmp, "LANG=zh_CN.UTF-8", "WXBOT_RULES=/nonexistent", "WXBOT_MODE=nonsense",
		"HTTP_PROXY=http://127.0.0.1:1", "HTTPS_PROXY=http://127.0.0.1:1", "TZ=America/New_York",
	}, "demo", "--script")
	if r.code != exitOK {
		t.Fatalf("exit code %d\n%s%s", r.code, r.out, r.errOut)
	}
	for _, want := range []string{
		"██ ▄▄▄▄▄ █", "已登录：小微", "价目表：https://example.com/price", "丽丽！", "（通过了好友申请）",
		"（设置备注：读者-小红）", "[表情 e68363487d8f0519c4e1047de403b2e7]", "（撤回了：@路人甲", "掷出了",
		"密码是六个八", "周末照常营业，10 点到 18 点。",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("transcript lacks %q", want)
		}
	}
	if strings.Contains(r.out, "\x1b") {
		t.Error("escape sequences in a pipe")
	}
	if r.errOut != "" {
		t.Errorf("standard error: %s", r.errOut)
	}
	left, err := os.ReadDir(tmp)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if t.Failed() {
		t.Log(r.out)
	}
}

func TestDemoFailsWhenAnAnswerIsMissing(t *testing.T) {
	con, out, _ := testConsole(nil)
	d := &demo{con: con, scenes: []scene{{
		title: lang.T("sent"), act: say("小明", "没有规则回答这句话"),
		want: []expectation{{kind: wxtest.RecordSent, chat: "小明", text: "回答"}},
	}}}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := d.run(ctx, false)
	if err == nil || !strings.Contains(err.Error(), `sent in 小明 with "回答"`) {
		t.Errorf("error %v does not name what is missing\n%s", err, out)
	}
}

func TestDemoTalk(t *testing.T) {
	con, out, _ := testConsole(nil)
	con.in = strings.NewReader("/as 客户一群/小明\n/as 客户一群/妈妈\n/as 新朋友\n你好\n/who\n")
	d := &demo{con: con}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := d.run(ctx, true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"客户一群/小明 > ", `"妈妈" is not in 客户一群`, "新朋友 > ", "妈妈 小明 新朋友 老王"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("output lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}
