package main

import (
	"strings"
	"testing"
)

// The configuration chooses the language; without it the locale does, in the order
// of POSIX.
func TestCheckSpeaksTheLanguageOfItsReader(t *testing.T) {
	path := write(t, "rules.yaml", "rules:\n  - name: 问价格\n    when:\n      contain: 价格\n    reply: 十元\n")
	const english, chinese = `did you mean "contains"`, "是不是想写“contains”？"
	zh, en := write(t, "zh.yaml", "language: zh\n"), write(t, "en.yaml", "language: en\n")
	for name, tc := range map[string]struct {
		env  []string
		args []string
		want string
	}{
		"no locale":                  {nil, nil, english},
		"LANG=zh_CN.UTF-8":           {[]string{"LANG=zh_CN.UTF-8"}, nil, chinese},
		"LANG=C":                     {[]string{"LANG=C"}, nil, english},
		"LC_ALL before LANG":         {[]string{"LANG=zh_CN.UTF-8", "LC_ALL=C"}, nil, english},
		"LC_MESSAGES before LANG":    {[]string{"LANG=C", "LC_MESSAGES=zh_TW"}, nil, chinese},
		"an empty one says nothing":  {[]string{"LC_ALL=", "LANG=zh_CN.UTF-8"}, nil, chinese},
		"wxbot.yaml says zh":         {[]string{"LANG=C"}, []string{"--config", zh}, chinese},
		"wxbot.yaml says en":         {[]string{"LANG=zh_CN.UTF-8"}, []string{"--config", en}, english},
		"the variable before a file": {[]string{"WXBOT_LANGUAGE=zh"}, []string{"--config", en}, chinese},
		"the flag before everything": {[]string{"WXBOT_LANGUAGE=zh"}, []string{"--language", "en"}, english},
	} {
		r := runBinary(t, tc.env, append([]string{"check", "--rules", path}, tc.args...)...)
		if !strings.Contains(r.out, tc.want) || r.code != exitFailure {
			t.Errorf("%s: exit code %d, output lacks %q:\n%s%s", name, r.code, tc.want, r.out, r.errOut)
		}
	}
}

// What a broken wxbot.yaml says, and that nobody answers, is told in the language too.
func TestErrorsSpeakTheLanguageOfTheirReader(t *testing.T) {
	broken := write(t, "wxbot.yaml", "language: zh\nmodee: web\n")
	if r := runBinary(t, nil, "check", "--config", broken); !strings.Contains(r.errOut, "没有“modee”这个键") {
		t.Errorf("broken wxbot.yaml: %s", r.errOut)
	}
	r := runBinary(t, []string{"LANG=zh_CN.UTF-8"}, "status")
	if r.code != exitNobody || !strings.Contains(r.errOut, "没有正在运行的守护进程应答") || !strings.Contains(r.errOut, "提示：") {
		t.Errorf("no daemon: exit code %d, %s", r.code, r.errOut)
	}
}
