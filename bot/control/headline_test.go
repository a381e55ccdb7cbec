package control

import (
	"testing"

	"wxbot/bot/lang"
)

func TestHeadlineSaysWhatKeepsAnswersBack(t *testing.T) {
	quiet := Status{State: "online", Mode: "live"}
	if got := quiet.Headline().String(); got != "online" {
		t.Errorf("of a daemon that works: %q", got)
	}
	all := Status{
		State: "online", Mode: "trial", Store: &StoreTrouble{Error: "the disk is full"},
		Brakes:  Brakes{Paused: &Pause{}, Warning: "外挂"},
		Plugins: []Plugin{{Name: "a", Paused: "10 errors"}, {Name: "b"}},
		Outbox:  Outbox{Poisoned: 2}, Broken: "rules.yaml:3:1: unknown key\nand more",
	}
	const want = "online; the state cannot be written: the disk is full; everything is paused; " +
		"WeChat warned: nothing unsolicited is sent; mode trial: nothing is sent; 1 plugins are paused after errors; " +
		"2 messages are skipped: the daemon died of them; newer file invalid: rules.yaml:3:1: unknown key"
	if got := all.Headline().String(); got != want {
		t.Errorf("headline\n%q, want\n%q", got, want)
	}
	const chinese = "在线；状态无法写入：the disk is full；全部已暂停；微信有警告：不主动发送；试运行：什么都不发送；" +
		"1 个插件因出错而暂停；跳过 2 条消息：处理它们时守护进程崩溃；新文件无效：rules.yaml:3:1: unknown key"
	if got := all.Headline().In(lang.Chinese); got != chinese {
		t.Errorf("headline\n%q, want\n%q", got, chinese)
	}
}
