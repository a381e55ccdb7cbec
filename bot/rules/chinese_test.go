package rules_test

import (
	"strings"
	"testing"

	"wxbot/bot/lang"
	"wxbot/bot/rules"
)

// Mistakes that beginners make are told in Chinese as well, with the mark below the
// same place.
func TestMistakesInChinese(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		"- name：问价格\n  contains: 价格\n  reply: 十元\n":                                              "rules.yaml:1:7: “name”后面是全角冒号“：”\n  1 | - name：问价格\n    |       ^^ 请改用半角冒号加一个空格“: ”",
		"- name: 问价格\n  when:\n    contain: 价格\n  reply: 十元\n":                                   "rules.yaml:3:5: 没有“contain”这个条件\n  3 |     contain: 价格\n    |     ^^^^^^^ 是不是想写“contains”？",
		"- name: 问价格\n  contains: 价格\n  repyl: 十元\n":                                             "rules.yaml:3:3: 规则“问价格”里没有“repyl”这个键\n  3 |   repyl: 十元\n    |   ^^^^^ 是不是想写“reply”？",
		"- name: 问价格\n  contains: [价格，多少钱]\n  reply: 十元\n":                                       "rules.yaml:2:14: 警告：全角逗号把几个词连成了一个词\n  2 |   contains: [价格，多少钱]\n    |              ^^^^^^^^^^^^ 几个词要写成 [价格, 多少钱]；如果就是一个词，请加引号",
		"- name: 问价格\n  contains: 价格\n  reply: “十元”\n":                                           "警告：弯引号会原样发出去",
		"- name: 问价格\n\tcontains: 价格\n":                                                          "第 2 行开头的缩进用了制表符（Tab）",
		"- name: 问价格\n  contains: 价格\n":                                                          "规则“问价格”什么也不做",
		"- name: 问价格\n  reply: 十元\n":                                                             "规则“问价格”没有写条件",
		"- name: 问价格\n  contains: 价格\n  reply: @小明 十元\n":                                         "以 @ 开头的文字要加引号",
		"- name: 问价格\n  contains: 价格\n  time: 9-18\n  reply: 十元\n":                               "time 要写成 09:00-18:00 这样，这里写的是“9-18”",
		"- 名称: 问价格\n  包含: 价格\n  回答: 十元\n":                                                        "规则“问价格”里没有“回答”这个键",
		"- name: 问价格\n  regex: (价格\n  reply: 十元\n":                                               "正则表达式有误：少了结尾的 )：`(价格`",
		"- name: 问价格\n  contains: 价格\n  reply: ${价格}\n":                                          "没有“价格”这个占位符",
		"- name: 问价格\n  contains: 价格\n  reply: 十元\n- name: 再问价格\n  contains: 价格\n  reply: 二十元\n": "警告：规则“再问价格”永远不会触发：前面的规则“问价格”（第 1 行）已经全部拦下",
		"- name: 问价格\n  contains: 价格\n  reply: 十元\n  tests: [{say: 价格, expect: 二十元}]\n":          "规则“问价格”的测试没有通过：回答里应当有“二十元”，结果是“十元”",
	} {
		_, problems := rules.Parse("rules.yaml", []byte(src), rules.Options{})
		var all []string
		for _, p := range problems {
			all = append(all, p.In(lang.Chinese))
		}
		if got := strings.Join(all, "\n"); !strings.Contains(got, want) {
			t.Errorf("%q:\ngot  %s\nwant %s", src, got, want)
		}
	}
}

func TestVerdictsInChinese(t *testing.T) {
	t.Parallel()
	set := parse(t, "- {name: group, contains: 价格, group: 客户一群, reply: x}\n- {name: word, contains: 报价, reply: x}\n- {name: u, contains: 价格, unless: {from: 小明}, reply: x}\n")
	want := []string{"会话是 private，规则要的是 group", "文字里没有 报价", "unless 的条件成立：from [小明]"}
	for i, v := range set.Explain(rules.Input{Event: private("价格"), Now: wednesday}) {
		if got := v.Why.In(lang.Chinese); got != want[i] {
			t.Errorf("%s: %q, want %q", v.Rule, got, want[i])
		}
	}
}
