package rules_test

import (
	"errors"
	"strings"
	"testing"

	"wxbot/bot/conf"
	"wxbot/bot/rules"
)

// problems gives what is wrong with a file, as people see it.
func problems(src string) string {
	_, ps := rules.Parse("rules.yaml", []byte(src), rules.Options{
		Dir: "/etc/wxbot", Size: func(string) (int64, error) { return 0, errors.New("no such file") },
		Calls: func(name string) bool { return name == "weather.report" },
	})
	var out []string
	for _, p := range ps {
		out = append(out, p.String())
	}
	return strings.Join(out, "\n")
}

func TestProblemsAsPeopleSeeThem(t *testing.T) {
	for name, tt := range map[string]struct{ src, want string }{
		"misspelt condition": {
			"- name: 问价格\n  when:\n    contain: [价格, 多少钱]\n  reply: x\n",
			"rules.yaml:3:5: unknown condition \"contain\"\n" +
				"  3 |     contain: [价格, 多少钱]\n" +
				"    |     ^^^^^^^ did you mean \"contains\"?",
		},
		"a rule without its dash": {
			"name: a\ncontains: x\nreply: y\n",
			"rules.yaml:1:1: here is a rule where a list of rules is wanted\n  1 | name: a\n    | ^^^^ begin it with \"- name: …\" and put its other keys below",
		},
		"two rules want one word": {
			"- name: a\n  contains: [价格, 多少]\n  reply: x\n- name: b\n  contains: [多少, 报价]\n  reply: y\n- name: c\n  contains: [多少, 折扣]\n  time: 09:00-18:00\n  reply: y\n",
			"rules.yaml:4:3: warning: rule b gets nothing by \"contains 多少\": rule a (line 1) has the same trigger and comes first\n  4 | - name: b\n    |   ^ another word, another group, or continue: true in the first",
		},
		"full-width quotes": {
			"- name: a\n  contains: x\n  reply: ＂你好＂\n",
			"rules.yaml:3:10: warning: curly quotes are sent as they stand\n  3 |   reply: ＂你好＂\n    |          ^^^^^^^^ use straight ones: \"你好\"",
		},
		"text that looks like a block": {
			"- name: a\n  contains: x\n  reply: >你好\n",
			"rules.yaml:3:10: a text starting with \">\" needs quotes\n  3 |   reply: >你好\n    |          ^ \">你好\"",
		},
		"colon without a space": {
			"- name:a\n  contains:x\n  reply:y\n",
			"rules.yaml:1:3: a rule is a map of keys, here is the text \"name:a contains:x reply:y\"\n  1 | - name:a\n    |   ^^^^^^ a colon is followed by a space",
		},
		"misspelt key": {
			"- name: a\n  contains: x\n  repy: y\n",
			"rules.yaml:3:3: unknown key \"repy\" in rule a\n  3 |   repy: y\n    |   ^^^^ did you mean \"reply\"?",
		},
		"word of another program": {
			"- name: a\n  keyword: x\n  reply: y\n",
			"rules.yaml:2:3: unknown key \"keyword\" in rule a\n  2 |   keyword: x\n    |   ^^^^^^^ did you mean \"contains\"?",
		},
		"misspelt placeholder, marked by display width": {
			"- name: a\n  event: friend_request\n  reply: 欢迎 ${nickame}！\n",
			"rules.yaml:3:15: unknown placeholder \"nickame\"\n" +
				"  3 |   reply: 欢迎 ${nickame}！\n" +
				"    |                 ^^^^^^^ did you mean \"nickname\"?",
		},
		"placeholder of another program": {
			"- name: a\n  event: friend_request\n  reply: 欢迎 {昵称}！\n",
			"rules.yaml:3:13: {昵称} is sent as it stands\n  3 |   reply: 欢迎 {昵称}！\n    |               ^^^^^^ the placeholder is ${昵称}",
		},
		"placeholder of another program and another event": {
			"- name: a\n  event: member_joined\n  group: '*'\n  reply: 欢迎 {昵称}！\n",
			"rules.yaml:4:13: {昵称} is sent as it stands\n  4 |   reply: 欢迎 {昵称}！\n    |               ^^^^^^ placeholders here: ${group} ${at} ${names} ${count} ${inviter}",
		},
		"name between two braces": {
			"- name: a\n  contains: x\n  reply: 你好 {{name}}\n",
			"rules.yaml:3:13: {{name}} is sent as it stands\n  3 |   reply: 你好 {{name}}\n    |               ^^^^^^^^ placeholders here: ${text} ${sender} ${nickname} ${remark} ${group} ${at}",
		},
		"full-width colon of a good text is not blamed": {
			"- contains: x\n  reply_one_of:\n    - 早上好：甲\n    - @乙\n",
			"rules.yaml:4:7: a text starting with \"@\" needs quotes\n  4 |     - @乙\n    |       ^ \"@乙\"",
		},
		"placeholder between braces": {
			"- contains: x\n  reply: {text: ${sender} 你好}\n",
			"rules.yaml:2:17: a text with ${sender} needs quotes between { } or [ ]\n  2 |   reply: {text: ${sender} 你好}\n    |                 ^^^^^^^^^ \"…${sender}…\"",
		},
		"key too far to the right": {
			"- contains: x\n    reply: y\n",
			"rules.yaml:2:5: the line is not in line with the one it belongs to\n  2 |     reply: y\n    |     ^^^^^ begin it in column 3, below \"contains\" of line 1",
		},
		"key too far to the left": {
			"- name: a\n contains: x\n",
			"rules.yaml:2:2: the line is not in line with the one it belongs to\n  2 |  contains: x\n    |  ^^^^^^^^ begin it in column 3, below \"name\" of line 1",
		},
		"list without its end": {
			"- contains: [x, y\n  reply: z\n",
			"rules.yaml:1:13: a list without \"]\"\n  1 | - contains: [x, y\n    |             ^ end it with ]",
		},
		"quote without its end": {
			"- contains: \"x\n  reply: y\n",
			"rules.yaml:1:13: a quote that is not closed\n  1 | - contains: \"x\n    |             ^ end the text with \"",
		},
		"slip after a block text": {
			"- reply: |\n    a: b: c\n  contains: %x\n",
			"rules.yaml:3:13: a text starting with \"%\" needs quotes\n  3 |   contains: %x\n    |             ^ \"%x\"",
		},
		"one of several answers fails the test": {
			"- name: a\n  contains: x\n  reply_one_of: [好的, 收到]\n  tests:\n    - {say: x, expect: 好的}\n",
			"rules.yaml:5:7: test of rule a: expected an answer with \"好的\", got \"收到\"\n  5 |     - {say: x, expect: 好的}\n    |       ^",
		},
		"revoke_after too long": {
			"- name: a\n  contains: x\n  reply: {text: y, revoke_after: 5m}\n",
			"rules.yaml:3:34: revoke_after is 5m; WeChat allows two minutes\n  3 |   reply: {text: y, revoke_after: 5m}\n    |                                  ^^ use at most 110s",
		},
		"revoke_after too long, too soon": {
			"- name: a\n  contains: x\n  reply: {text: y, revoke_after: 1s}\n",
			"rules.yaml:3:34: revoke_after is 1s; nobody reads so fast\n  3 |   reply: {text: y, revoke_after: 1s}\n    |                                  ^^ use at least 10s",
		},
		"full-width colon after a key": {
			"rules:\n  - name：价格\n    reply: x\n",
			"rules.yaml:2:9: full-width colon ： after \"name\"\n  2 |   - name：价格\n    |         ^^ use : and a space",
		},
		"a whole rule with full-width colons": {
			"- name：价格\n",
			"rules.yaml:1:3: a rule is a map of keys, here is the text \"name：价格\"\n  1 | - name：价格\n    |   ^^^^^^^^^^ full-width colon ：, use : and a space",
		},
		"text that starts with a brace": {
			"- contains: x\n  reply: {sender} 你好\n",
			"rules.yaml:2:10: a text starting with \"{\" needs quotes\n  2 |   reply: {sender} 你好\n    |          ^^^^^^^^ the placeholder is ${sender}",
		},
		"text that starts with an at": {
			"- contains: x\n  reply: @小明 你好\n",
			"rules.yaml:2:10: a text starting with \"@\" needs quotes\n  2 |   reply: @小明 你好\n    |          ^ \"@小明 你好\"",
		},
		"text that starts with a star": {
			"- contains: x\n  reply: *hi*\n",
			"rules.yaml:2:10: a text starting with \"*\" needs quotes\n  2 |   reply: *hi*\n    |          ^ \"*hi*\"",
		},
		"text that starts with a face": {
			"- contains: x\n  reply: [微笑]你好\n",
			"rules.yaml:2:10: a text starting with \"[\" needs quotes\n  2 |   reply: [微笑]你好\n    |          ^ \"[微笑]你好\"",
		},
		"colon and blank inside a text": {
			"- contains: x\n  reply: 地址: 北京\n",
			"rules.yaml:2:12: a text with \": \" needs quotes\n  2 |   reply: 地址: 北京\n    |              ^ \"地址: 北京\"",
		},
		"text after a closing quote": {
			"- contains: x\n  reply: \"你好\" 欢迎\n",
			"rules.yaml:2:15: text after a closing quote\n  2 |   reply: \"你好\" 欢迎\n    |                 ^^ put all of the text into the quotes",
		},
		"tab": {
			"rules:\n\t- contains: x\n",
			"rules.yaml:2:1: line 2 is indented with a tab\n  2 |  - contains: x\n    | ^ use blanks",
		},
		"full-width blank": {
			"rules:\n　- contains: x\n",
			"rules.yaml:2:1: line 2 is indented with a full-width blank\n  2 | 　- contains: x\n    | ^^ use blanks",
		},
		"UTF-16": {
			"\xff\xfe-\x00 \x00",
			"rules.yaml:1: the file is UTF-16\n  hint: save it as UTF-8",
		},
		"line separator of a pasted text": {
			"- contains: x\n  reply: \"a\u2028b\"\n",
			"rules.yaml:2:12: an invisible line separator (U+2028) in the line\n  2 |   reply: \"a b\"\n    |            ^ delete it; it often comes along when text is pasted",
		},
		"only the part of a long line around the mistake": {
			"- contains: x\n  reply: " + strings.Repeat("长", 100) + "${nam}" + strings.Repeat("长", 200) + "\n",
			"rules.yaml:2:112: unknown placeholder \"nam\"\n  2 | …" + strings.Repeat("长", 38) + "${nam}" + strings.Repeat("长", 76) + "…\n    | " +
				strings.Repeat(" ", 79) + "^^^",
		},
		"GBK": {
			"- contains: \xbc\xdb\xb8\xf1\n",
			"rules.yaml:1: the file is not UTF-8, it looks like GBK\n  hint: iconv -f GBK -t UTF-8 rules.yaml > new.yaml",
		},
		"nothing but a comment": {
			"- contains: #接龙\n  reply: x\n",
			"rules.yaml:1:12: contains has no value\n  1 | - contains: #接龙\n    |            ^ \"#接龙\" is read as a comment; quote it",
		},
		"two rules of one name": {
			"- {name: a, contains: x, reply: y}\n- {name: a, contains: z, reply: y}\n",
			"rules.yaml:2:10: a second rule named \"a\"\n  2 | - {name: a, contains: z, reply: y}\n    |          ^ the first is in rules.yaml:1",
		},
		"unknown list": {
			"- {contains: $prices, reply: y}\n",
			"rules.yaml:1:14: unknown list \"prices\"\n  1 | - {contains: $prices, reply: y}\n    |              ^^^^^^^ define it under lists:",
		},
		"accept outside a request": {
			"- {name: a, contains: x, do: [accept]}\n",
			"rules.yaml:1:31: accept is for event: friend_request\n  1 | - {name: a, contains: x, do: [accept]}\n    |                               ^^^^^^",
		},
		"mention in private": {
			"- contains: x\n  reply: {text: y, mention: true}\n",
			"rules.yaml:2:29: mention in a private chat\n  2 |   reply: {text: y, mention: true}\n    |                             ^^^^ mentions are for groups",
		},
		"join without a group": {
			"- {name: a, event: member_joined, reply: y}\n",
			"rules.yaml:1:3: member_joined needs a group\n  1 | - {name: a, event: member_joined, reply: y}\n    |   ^ group: \"*\" means all groups",
		},
		"regex": {
			"- regex: 'a(b'\n  reply: x\n",
			"rules.yaml:1:11: regex: missing closing ): `a(b`\n  1 | - regex: 'a(b'\n    |           ^^^",
		},
		"regex that no folded text meets": {
			"- regex: 多少钱？\n  reply: x\n",
			"rules.yaml:1:13: regex: \"？\" becomes \"?\" before matching\n  1 | - regex: 多少钱？\n    |                ^^ write \\?",
		},
		"bad time": {
			"- {contains: x, time: 9-18, reply: y}\n",
			"rules.yaml:1:23: time \"9-18\" is not like 09:00-18:00\n  1 | - {contains: x, time: 9-18, reply: y}\n    |                       ^^^^",
		},
		"bad time zone": {
			"settings: {timezone: Beijing}\n",
			"rules.yaml:1:22: timezone \"Beijing\" is not known\n  1 | settings: {timezone: Beijing}\n    |                      ^^^^^^^ such as Asia/Shanghai",
		},
		"schedule": {
			"- {name: a, at: 8.30, do: [{send: {to: x, text: y}}]}\n",
			"rules.yaml:1:17: at \"8.30\" is not a time of day like 08:30\n  1 | - {name: a, at: 8.30, do: [{send: {to: x, text: y}}]}\n    |                 ^^^^",
		},
		"sticker missing": {
			"- {contains: x, reply: {sticker: a.gif}}\n",
			"rules.yaml:1:34: sticker: no such file\n  1 | - {contains: x, reply: {sticker: a.gif}}\n    |                                  ^^^^^",
		},
		"sticker outside": {
			"- {contains: x, reply: {sticker: ../a.gif}}\n",
			"rules.yaml:1:34: ../a.gif is not below the directory of the rules\n  1 | - {contains: x, reply: {sticker: ../a.gif}}\n    |                                  ^^^^^^^^ use a path relative to this file",
		},
		"both reply and do": {
			"- {name: a, contains: x, reply: y, do: [revoke]}\n",
			"rules.yaml:1:3: rule a has do and reply; one of them is enough\n  1 | - {name: a, contains: x, reply: y, do: [revoke]}\n    |   ^ put all steps in do:",
		},
		"failing test": {
			"- name: a\n  contains: x\n  reply: y\n  tests:\n    - {say: z, expect: reply}\n",
			"rules.yaml:5:7: test of rule a: expected reply, got nothing\n  5 |     - {say: z, expect: reply}\n    |       ^",
		},
		"answer without the text": {
			"- name: a\n  contains: x\n  reply: y\n  tests:\n    - {say: x, expect: zz}\n",
			"rules.yaml:5:7: test of rule a: expected an answer with \"zz\", got \"y\"\n  5 |     - {say: x, expect: zz}\n    |       ^",
		},
		"version": {"version: 2\n", "rules.yaml:1:10: version 2 is not known\n  1 | version: 2\n    |          ^ this wxbot reads version 1"},
		"second document": {
			"- {contains: x, reply: y}\n---\n- a\n",
			"rules.yaml:2:1: a second document begins here\n  2 | ---\n    | ^^^ remove the line \"---\" and what follows",
		},
		"repeated key": {
			"- contains: x\n  reply: y\n  reply: z\n",
			"rules.yaml:3:3: key \"reply\" is here a second time\n  3 |   reply: z\n    |   ^^^^^ the first is in line 2",
		},
		"alias": {
			"- contains: &a x\n  reply: *a\n",
			"rules.yaml:1:13: anchors are not supported here\n  1 | - contains: &a x\n    |             ^ a text starting with \"&\" needs quotes\n" +
				"rules.yaml:2:10: aliases are not supported here\n  2 |   reply: *a\n    |          ^^ a text starting with \"*\" needs quotes",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := problems(tt.src); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestWarningsLeaveTheFileUsable(t *testing.T) {
	for name, tt := range map[string]struct{ src, want string }{
		"several keywords in one":     {"- {name: a, contains: [价格，多少钱], reply: y}\n", "several are written [价格, 多少钱]; quote it if it is one"},
		"keyword in brackets":         {"- {name: a, contains: 【价格】, reply: y}\n", "a list is written [价格]; quote it if they belong to it"},
		"text on several lines":       {"- contains: x\n  reply: 第一行\n    第二行\n", "the lines of this text are joined by blanks"},
		"curly quotes":                {"- contains: x\n  reply: “你好”\n", "curly quotes are sent as they stand"},
		"text cut by a comment":       {"- contains: x\n  reply: 看这里 #1 号\n", `"#1 号" is read as a comment`},
		"backslash n":                 {"- contains: x\n  reply: 第一行\\n第二行\n", `\n is sent as it stands`},
		"a rule that never fires":     {"- {name: 兜底, chat: private, reply: x}\n- {name: 后, contains: x, reply: y}\n", "rule 后 can never fire: rule 兜底 (line 1) takes everything before it"},
		"keywords of an earlier rule": {"- {name: 一, contains: [价格, 报价], reply: x}\n- {name: 二, exact: 价格表, reply: y}\n", "rule 二 can never fire: rule 一 (line 1)"},
		"two earlier rules take all":  {"- {name: 一, contains: 甲, reply: x}\n- {name: 二, contains: 乙, reply: x}\n- {name: 三, when: [{exact: 甲}, {exact: 乙}], reply: y}\n", "rule 三 can never fire"},
		"a call that nobody offers":   {"- {name: a, contains: x, do: [{call: weather.repor}]}\n", "no plugin exports weather.repor"},
		"never after a dry run":       {"- {name: 试, chat: private, dry_run: true, reply: x}\n- {name: 兜底, chat: private, reply: x}\n- {name: 后, contains: x, reply: y}\n", "rule 后 can never fire: rule 兜底 (line 2)"},
		"pace off":                    {"settings: {pace: off}\n", "pace is off"},
	} {
		t.Run(name, func(t *testing.T) {
			set, ps := rules.Parse("rules.yaml", []byte(tt.src), rules.Options{Dir: "/x", Calls: func(string) bool { return false }})
			if set == nil {
				t.Fatalf("no set: %v", ps)
			}
			if len(ps) != 1 || ps[0].Severity != conf.Warning || !strings.Contains(ps[0].String(), tt.want) {
				t.Errorf("problems %v, want %q", ps, tt.want)
			}
		})
	}
}

func TestNoMoreThanTwentyProblems(t *testing.T) {
	src := strings.Repeat("- {contans: x, reply: y}\n", 100)
	if _, ps := rules.Parse("rules.yaml", []byte(src), rules.Options{}); len(ps) != 20 {
		t.Errorf("%d problems", len(ps))
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("- {name: a, contains: x, reply: 'y ${sender}'}\n"))
	f.Add([]byte("settings: {pace: {reply: 2s-6s}}\nlists: {a: [b]}\nrules: [{contains: $a, reply: {one_of: [x, y]}}]\n"))
	f.Add([]byte("- 名称: 甲\n  包含: 乙\n  回复: 丙 ${昵称}\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		set, ps := rules.Parse("rules.yaml", src, rules.Options{Dir: "/x"})
		if set == nil && len(ps) == 0 {
			t.Fatal("neither a set nor a problem")
		}
		lines := strings.Count(strings.ReplaceAll(string(src), "\r", "\n"), "\n") + 1
		for _, p := range ps {
			if p.Line < 0 || p.Line > lines {
				t.Errorf("line %d of %d: %s", p.Line, lines, p)
			}
			if set == nil && p.Severity == conf.Error && p.Text.IsZero() {
				t.Errorf("a problem without words: %+v", p)
			}
		}
	})
}

// check --fix takes a word for another only if it is sure to be meant: a slip by which
// a rule that was switched off is on, or people are accepted, is worse than an error.
func TestOnlySureSlipsInKeysAreMended(t *testing.T) {
	for key, want := range map[string]string{
		"containz": "contains", "keyword": "contains", "关键字": "包含", "text": "reply", "触发": "包含",
		"停用": "", "禁用": "", "disabled": "", "通告": "", "定期": "", "转账": "", "开启": "", "remrk": "remark", "fro": "",
	} {
		src := "- name: a\n  contains: x\n  reply: y\n  " + key + ": 是\n"
		_, ps := rules.Parse("rules.yaml", []byte(src), rules.Options{Dir: "/x"})
		got := ""
		for _, p := range ps {
			if p.Line == 4 && p.Mended != "" {
				got, _, _ = strings.Cut(strings.TrimSpace(p.Mended), ":")
			}
		}
		if got != want {
			t.Errorf("%s is mended to %q, want %q", key, got, want)
		}
	}
	if got := problems("- name: a\n  contains: x\n  reply: y\n  停用: 是\n"); !strings.Contains(got, "write enabled: false") {
		t.Errorf("no hint for 停用: %s", got)
	}
}

func TestListFileMustBeUTF8(t *testing.T) {
	read := func(text string) func(string) ([]byte, error) {
		return func(string) ([]byte, error) { return []byte(text), nil }
	}
	src := "lists: {w: {file: words.txt}}\nrules:\n  - name: a\n    contains: $w\n    reply: x\n"
	_, ps := rules.Parse("/x/rules.yaml", []byte(src), rules.Options{Dir: "/x", ReadFile: read("\xbc\xdb\xb8\xf1\n")})
	if len(ps) == 0 || !strings.Contains(ps[0].String(), "words.txt:1: the file is not UTF-8, it looks like GBK") {
		t.Errorf("GBK: %v", ps)
	}
	src += "    tests: [{say: 价格, expect: reply}]\n"
	if _, ps := rules.Parse("/x/rules.yaml", []byte(src), rules.Options{Dir: "/x", ReadFile: read("\ufeff价格\r\n")}); len(ps) != 0 {
		t.Errorf("with a byte order mark: %v", ps)
	}
}
