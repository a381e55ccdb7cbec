package main

import (
	"os"
	"strings"
	"testing"
)

const slips = "\ufeff- name：问价格\r\n" +
	"  cntains: [价格，多少钱]\r\n" +
	"  reply： “十元”\r\n" +
	"- name: b\r\n" +
	"\tcontains: 【你好】\r\n" +
	"  response: @小明 # 打招呼\r\n" +
	"- name: c\r\n" +
	"  contains: #接龙\r\n" +
	"  reply: {昵称} 你好\r\n" +
	"- name: d\r\n" +
	"  contains: 地址、在哪\r\n" +
	"  reply: 地址: 北京\\n朝阳\r\n" +
	"- name: e\r\n" +
	"  keyword: 号\r\n" +
	"  reply: 看这里 #1 号\r\n"

const mendedSlips = "\ufeff- name: 问价格\r\n" +
	"  contains: [价格, 多少钱]\r\n" +
	"  reply: \"十元\"\r\n" +
	"- name: b\r\n" +
	"  contains: [你好]\r\n" +
	"  reply: \"@小明\" # 打招呼\r\n" +
	"- name: c\r\n" +
	"  contains: \"#接龙\"\r\n" +
	"  reply: \"${昵称} 你好\"\r\n" +
	"- name: d\r\n" +
	"  contains: [地址, 在哪]\r\n" +
	"  reply: \"地址: 北京\\n朝阳\"\r\n" +
	"- name: e\r\n" +
	"  contains: 号\r\n" +
	"  reply: \"看这里 #1 号\"\r\n"

func TestFixMendsSlipsAndKeepsTheOldFile(t *testing.T) {
	t.Parallel()
	path := write(t, "rules.yaml", slips)
	r := runBinary(t, nil, "check", "--fix", "--rules", path)
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != mendedSlips {
		t.Errorf("mended:\n%s\nwant:\n%s", got, mendedSlips)
	}
	old, err := os.ReadFile(path + ".old")
	if err != nil || string(old) != slips {
		t.Errorf("the old file: %v\n%s", err, old)
	}
	for _, want := range []string{"lines mended, the old file is " + path + ".old\n", "  1\n  - \ufeff- name：问价格\n  + \ufeff- name: 问价格\n", "0 errors"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("output lacks %q:\n%s%s", want, r.out, r.errOut)
		}
	}
	again := runBinary(t, nil, "check", "--fix", "--rules", path)
	if !strings.Contains(again.out, "nothing to mend") || again.code != exitOK {
		t.Errorf("again: exit code %d\n%s", again.code, again.out)
	}
	if _, err := os.Stat(path + ".old2"); err == nil {
		t.Error("a second old file, though nothing was mended")
	}
}

func TestFixLeavesDoubtAlone(t *testing.T) {
	t.Parallel()
	const src = "- name: a\n  contains: x\n  reply: 你好{昵称}\n- name: b\n  cotnains_smth: x\n  accept: true\n"
	path := write(t, "rules.yaml", src)
	r := runBinary(t, nil, "check", "--fix", "--rules", path)
	got, err := os.ReadFile(path)
	if err != nil || string(got) != src || r.code != exitFailure {
		t.Errorf("exit code %d, %v:\n%s", r.code, err, got)
	}
}
