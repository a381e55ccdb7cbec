package rules_test

import (
	"strings"
	"testing"

	"wxbot/bot/event"
	"wxbot/bot/rules"
)

// Every key that is given something it cannot be says so, at its line.
func TestMistakesAreErrors(t *testing.T) {
	rule := func(rest string) string { return "- name: r\n  contains: x\n  " + rest + "\n" }
	for src, want := range map[string]string{
		"just text\n":                                 "the file is plain text",
		"rules: x\n":                                  "rules is a list",
		"ruls: []\n":                                  `did you mean "rules"?`,
		"rules: []\n规则: []\n":                         "in two spellings",
		"settings: x\n":                               "settings is a map",
		"settings: {mode: fast}\n":                    "mode is live or trial",
		"settings: {admins: {a: b}}\n":                "admins is a text or a list",
		"settings: {pace: fast}\n":                    "pace is a map of keys, or off",
		"settings: {pace: {reply: x}}\n":              "reply is a range like 2s-6s",
		"settings: {pace: {reply: 6s-2s}}\n":          "reply is a range like 2s-6s",
		"settings: {pace: {total: 5}}\n":              "total is a rate like 12/min",
		"settings: {pace: {stale: soon}}\n":           "stale is a duration like 30m",
		"settings: {pace: {quiet: night}}\n":          "quiet is like 23:00-07:30",
		"settings: {pace: {split_at: -1}}\n":          "split_at is a number",
		"settings: {pace: {spead: 1}}\n":              `unknown key "spead" in pace`,
		"settings: {loop_guard: x}\n":                 "loop_guard is a map of keys, or off",
		"settings: {recall: x}\n":                     "recall is a map",
		"settings: {recall: {media: maybe}}\n":        "media is true or false",
		"settings: {words: x}\n":                      "words is a map",
		"settings: {words: {pausd: x}}\n":             `did you mean "paused"?`,
		"settings: {words: {paused: '${wher}'}}\n":    `did you mean "where"?`,
		"settings: {words: {paused: '${where|x}'}}\n": "words have no fallbacks",
		"settings: {words: {paused: }}\n":             "here is a text wanted",
		"settings: {trace: x}\n":                      "trace is a map such as {keep: 7d, max: 50000}, or off",
		"settings: {trace: {keep: 7}}\n":              "keep is a duration like 30m",
		"settings: {trace: {max: -1}}\n":              "max is a number",
		"settings: {trace: {kep: 7d}}\n":              `did you mean "keep"?`,
		"settings: {match: x}\n":                      "match is a map",
		"settings: {match: {width: maybe}}\n":         "width is true or false",
		"settings: {match: {traditional: maybe}}\n":   "traditional is true or false",
		"settings: {match: {traditional: true}}\nrules: [{name: r, regex: 價格, reply: x}]\n": `"價" becomes "价" before matching`,
		"lists: [a]\n":                                "lists is a map",
		"lists: {a: {b: c}}\n":                        "a list is [a, b",
		"lists: {a: {file: nope.txt}}\n":              "no other files can be read here",
		"lists: {a: {file: /etc/passwd}}\n":           "is not below the directory",
		"lists: {a: {file: ../x}}\n":                  "is not below the directory",
		"lists: {a: [{b: c}]}\n":                      "a list has texts only",
		"include: {a: b}\n":                           "include is a list of files",
		"include: more.yaml\n":                        "no other files can be read here",
		"rules: [x]\n":                                "a rule is a map of keys",
		rule("reply:"):                                "reply has no value",
		rule("reply: [a, b]"):                         "a message is a text, or a map",
		rule("reply: {}"):                             "the message is empty",
		rule("reply: {txt: y}"):                       `did you mean "text"?`,
		rule("reply: {text: y, to: z}"):               "reply goes to the chat of the event",
		rule("reply: {text: y, header: z}"):           "header is for forward",
		rule("reply: {image: a.pdf}"):                 "image is a file ending in .jpg",
		rule("reply: {sticker: md5:xyz}"):             "32 hexadecimal digits",
		rule("reply: {sticker: a.png}"):               "sticker is a file ending in .gif",
		rule("reply: {sticker: 'http://x/a.gif'}"):    "only https URLs are fetched",
		rule("reply: {sticker: [a]}"):                 "sticker is a gif file or md5:",
		rule("reply: {text: y, mention: maybe}"):      "mention is true, or a list",
		rule("reply: {text: y, revoke_after: x}"):     "revoke_after is a duration",
		rule("reply: {one_of: x}"):                    "one_of is a list of messages",
		rule("reply_one_of: [{text: a, weight: 0}]"):  "weight is a number above 0",
		rule("reply: '${'"):                           `"${" without "}"`,
		rule("reply: '${names}'"):                     "it has no meaning for this event",
		rule("reply: 欢迎 {{sender}}"):                  "is sent as it stands",
		rule("do: x"):                                 "do is a list of steps",
		rule("do: [replay: y]"):                       `did you mean "reply"?`,
		rule("do: [jump]"):                            `unknown key "jump" in do`,
		rule("do: [reply]"):                           "reply has no value",
		rule("do: [[a]]"):                             "a step is a key with its value",
		rule("do: [{reply: a, wait: 1s}]"):            "two steps in one item",
		rule("do: [{wait: long}]"):                    "wait is a range",
		rule("do: [{send: hi}]"):                      "a message is a text, or a map",
		rule("do: [{send: {text: hi}}]"):              "send needs to: whom",
		rule("do: [{send: {to: $nobody, text: hi}}]"): `unknown list "nobody"`,
		rule("do: [{forward: {header: x}}]"):          "forward needs to: whom",
		rule("do: [{revoke: no}]"):                    "revoke is true",
		rule("do: [{call: weather}]"):                 "call names plugin.function",
		rule("do: [{call: {args: {a: b}}}]"):          "call needs name:",
		rule("do: [{call: {name: a.b, args: x}}]"):    "args is a map",
		rule("do: [{webhook: x}]"):                    "webhook is a map",
		rule("do: [{webhook: {json: {a: b}}}]"):       "webhook needs url:",
		rule("do: [{webhook: {url: ftp://x}}]"):       "url is like https://",
		"- name: r\n  when: {event: member_joined, group: g}\n  do: [{invite: g}]\n": "there is nobody to invite",
		rule("send: x"):                                                         `the step "send" stands in do:`,
		rule("reply: y\n  回复: z"):                                               "in two spellings",
		rule("reply: y\n  cooldown: soon"):                                      "cooldown is a duration",
		rule("reply: y\n  cooldown: {per: day, every: 1m}"):                     "per is chat, sender or rule",
		rule("reply: y\n  cooldown: {per: chat}"):                               "cooldown needs every:",
		rule("reply: y\n  limit: 3"):                                            "limit is a rate like 30/day",
		rule("reply: y\n  enabled: maybe"):                                      "enabled is true or false",
		rule("reply: y\n  when: {contains: y}"):                                 "in when: or in the rule itself",
		rule("reply: y\n  name2: z"):                                            `did you mean "name"?`,
		rule("reply: y\n  tests: x"):                                            "tests is a list",
		rule("reply: y\n  tests: [x]"):                                          "a test is a map",
		rule("reply: y\n  tests: [{say: x}]"):                                   "a test needs expect:",
		rule("reply: y\n  tests: [{expect: reply}]"):                            "a test has one of say",
		rule("reply: y\n  tests: [{say: x, expect: reply, at: noon}]"):          "at is like",
		rule("reply: y\n  tests: [{say: x, expect: [a]}]"):                      "expect is a step",
		rule("reply: y\n  tests: [{say: x, expect: nothing}]"):                  "expected nothing, but rule r fired",
		"- {name: r, event: logout, reply: y}\n":                                "there is no chat to reply to",
		"- {name: r, event: login, cooldown: 1m, do: [{notify: y}]}\n":          "allow only {per: rule}",
		"- {name: [a], contains: x, reply: y}\n":                                "name is a text",
		"- {name: r, when: [x, y], reply: y}\n":                                 `unknown event "x"`,
		"- {name: r, when: {contains: []}, unless: 5, reply: y}\n":              `unknown event "5"`,
		"- {name: r, exact: '！', reply: y}\n":                                   "nothing is left of",
		"- {name: r, contains: x, chat: friends, reply: y}\n":                   "unknown chat",
		"- {name: r, contains: x, chat: private, group: g, reply: y}\n":         "chat: leaves groups out",
		"- {name: r, contains: x, type: photo, reply: y}\n":                     "unknown type",
		"- {name: r, contains: x, mentioned: maybe, reply: y}\n":                "mentioned is true or false",
		"- {name: r, contains: x, days: someday, reply: y}\n":                   "is no day",
		"- {name: r, contains: x, probability: 2, reply: y}\n":                  "from 0 to 1",
		"- {name: r, contains: x, gather: 5s, reply: y}\n":                      "gather is for member_joined",
		"- {name: r, contains: x, via: qrcode, reply: y}\n":                     "via is for member_joined",
		"- {name: r, event: member_joined, group: '*', gather: 3h, reply: y}\n": "gather is a duration up to 1h",
		"- {name: r, contains: x, fold: maybe, reply: y}\n":                     "fold is yes or no",
		"- {name: r, contains: x, group: {name: g}, reply: y}\n":                "or {regex: …}",
		"- {name: r, command: {aliases: [a]}, reply: y}\n":                      "command needs a name",
		"- {name: r, command: {name: a, space: never}, reply: y}\n":             "space is auto or required",
		rule("reply: {text: y, weight: 3}"):                                     "weight is for one of several messages",
		rule("reply: {text: y, one_of: [a]}"):                                   "one_of stands for the whole message",
		rule("reply: y\n  note: [z]"):                                           "note is a text",
		rule("reply: y\n  unless: {}"):                                          "the rule can never fire",
		rule("reply: y\n  tests: [{say: [x], expect: reply}]"):                  "say is a text",
		rule("reply: y\n  tests: [{say: x, in: , expect: reply}]"):              "in is a text",
		rule("do: []"):                                                         "do has no steps",
		"- {name: r, when: [], reply: y}\n":                                    "no conditions here",
		"- {name: r, contains: [], reply: y}\n":                                "contains is an empty list",
		"- {name: r, contains: x, chat: [], reply: y}\n":                       "chat is an empty list",
		"- {name: r, event: [], reply: y}\n":                                   "event is an empty list",
		rule("reply: ''"):                                                      "is an empty text",
		rule("reply: {text: ' '}"):                                             "text is an empty text",
		rule("notify: ''"):                                                     "notify is an empty text",
		rule("remark: ''"):                                                     "remark is an empty text",
		rule("reply: y\n  cooldown: {every: 1m, max: 0}"):                      "would never let the rule answer",
		rule("do: [{send: {to: [], text: y}}]"):                                "to: names nobody",
		rule("do: [{forward: []}]"):                                            "to: names nobody",
		rule("do: [{forward: '${sender}'}]"):                                   "is no name of a person or group",
		rule("do: [{webhook: {url: 'https://${text}/x'}}]"):                    "url is like https://",
		rule("do: [{webhook: {url: 'https://x.cn${text}'}}]"):                  "url is like https://",
		rule("do: [{webhook: {url: 'https://x.cn/?q=${txt}'}}]"):               "unknown placeholder",
		"settings: {timezone: ''}\n":                                           "is not known",
		"lists: {a: [$b], b: [x]}\n":                                           "a list cannot hold another list",
		"lists: {admins: [x]}\n":                                               "give the list another name",
		"- {reply: x}\n":                                                       "rule in line 1 has no condition",
		"- {name: r, regex: '', reply: y}\n":                                   "it would match everything",
		"- {name: r, contains: x, time: 09:00-09:00, reply: y}\n":              "the whole day is 00:00-24:00",
		"- {name: r, event: member_joined, group: g, contains: x, reply: y}\n": "member_joined has no text",
		"- {name: r, event: friend_request, group: g, accept: true}\n":         "friend_request does not happen in groups",
		"- {name: r, at: 08:30, reply: y}\n":                                   "there is no chat to reply to",
		"- {name: r, at: 08:30, reply_one_of: [y]}\n":                          "there is no chat to reply to",
		"- {name: r, at: 08:30, do: [{log: y}]}\n":                             "a scheduled rule needs send",
		"- {name: r, at: 08:30, forward: filehelper}\n":                        "has no message to forward",
		"- {name: r, at: 08:30, cooldown: 1m, notify: y}\n":                    "allow only {per: rule}",
		"- {name: r, at: 08:30, notify: '${sender}'}\n":                        "unknown placeholder",
		"- {name: r, contains: x, unless: {at: 08:30}, reply: y}\n":            "a schedule is no condition",
		rule("reply: y\n  tests: [{tick: true, expect: reply}]"):               "the rule has no schedule",
		rule("reply: y\n  tests: [{tickled: 3, expect: reply}]"):               "tickled is true",
		rule("reply: y\n  tests: [{say: x, expect: {}}]"):                      "expect is an empty map",
		rule("reply: y\n  tests: [{say: x, expect: {txt: y}}]"):                `did you mean "text"?`,
		rule("reply: y\n  tests: [{say: x, expect: {text: z}}]"):               "expected an answer with",
		rule("reply: y\n  tests: [{say: x, expect: {rule: z}}]"):               "expected rule z, fired: r",
		rule("reply: y\n  tests: [{say: x, expect: {steps: [notify]}}]"):       "expected the steps notify, got reply",
		rule("reply: y\n  tests: [{say: x, expect: {steps: [replay]}}]"):       `did you mean "reply"?`,
		"- {name: r, contains: x, 包含: y, reply: y}\n":                          "in two spellings",
	} {
		set, ps := rules.Parse("rules.yaml", []byte(src), rules.Options{Dir: "/x"})
		if set != nil {
			t.Errorf("%q: accepted, want %q", src, want)
			continue
		}
		found := false
		for _, p := range ps {
			found = found || strings.Contains(p.String(), want) && p.Line > 0
		}
		if !found {
			t.Errorf("%q:\n%v\nwant %q", src, ps, want)
		}
	}
}

func TestStepsCarryWhatTheySay(t *testing.T) {
	set := parse(t, `
- name: r
  regex: '(?P<city>北京|上海)天气'
  do:
    - call: {name: weather.report, args: {city: "${city}"}}
    - webhook: {url: https://example.com/hook, json: {who: "${sender}"}, timeout: 3s}
    - webhook: {url: "https://example.com/hook?q=${text}", form: {what: "${text}"}}
    - wait: 1s-3s
    - remark: 朋友${nickname}一二三四五六七八九十十一十二
    - revoke
`)
	dec := set.Decide(rules.Input{Event: private("上海天气"), Now: wednesday})
	if len(dec.Firings) != 1 || len(dec.Firings[0].Steps) != 6 {
		t.Fatalf("%+v", dec)
	}
	s := dec.Firings[0].Steps
	if s[0].Call.Name != "weather.report" || s[0].Call.Args["city"] != "上海" {
		t.Errorf("call %+v", s[0].Call)
	}
	if s[1].Webhook.JSON["who"] != "小明" || s[1].Webhook.Timeout.Seconds() != 3 || s[2].Webhook.Form["what"] != "上海天气" ||
		s[1].Webhook.URL != "https://example.com/hook" || s[2].Webhook.URL != "https://example.com/hook?q=%E4%B8%8A%E6%B5%B7%E5%A4%A9%E6%B0%94" {
		t.Errorf("webhooks %+v, %+v", s[1].Webhook, s[2].Webhook)
	}
	if s[3].Wait.Min.Seconds() != 1 || s[3].Wait.Max.Seconds() != 3 {
		t.Errorf("wait %+v", s[3].Wait)
	}
	if n := len([]rune(s[4].Remark)); n != 16 || s[4].Person != "p1" {
		t.Errorf("remark %q of %d characters, person %q", s[4].Remark, n, s[4].Person)
	}
	if s[5].Kind != event.ActRevoke {
		t.Errorf("last %+v", s[5])
	}
}

func TestRulesDescribeThemselves(t *testing.T) {
	infos := parse(t, `
- {name: a, note: 说明, contains: x, group: 客户*, reply: y}
- {name: b, event: friend_request, do: [accept, {wait: 1s}, {reply: hi}], enabled: false}
- {name: c, contains: z, reply_one_of: [1, 2]}
`).Rules()
	want := []rules.Info{
		{Name: "a", Note: "说明", Enabled: true, File: "rules.yaml", Line: 2, Scope: "group 客户*", Trigger: "contains x", Steps: "reply"},
		{Name: "b", File: "rules.yaml", Line: 3, Scope: "friend_request, private", Trigger: "friend_request", Steps: "accept, wait, reply"},
		{Name: "c", Enabled: true, File: "rules.yaml", Line: 4, Scope: "private", Trigger: "contains z", Steps: "reply (one of 2)"},
	}
	for i := range want {
		if infos[i] != want[i] {
			t.Errorf("got %+v, want %+v", infos[i], want[i])
		}
	}
}

func TestPlaceholdersOfEvents(t *testing.T) {
	set := parse(t, `
- {name: j, event: member_joined, group: '*', gather: off, reply: '${inviter}|${count}|${group}|${at|}'}
- {name: q, event: friend_request, do: [{notify: '${nickname}|${text}|${source|?}'}]}
- {name: o, event: logout, do: [{notify: '${reason}|${bot_name}'}]}
- {name: m, contains: x, reply: '${remark}|${nickname}|${at}|${self}'}
`)
	join := inGroup("群", "")
	join.Kind, join.Message = event.KindMemberJoined, nil
	join.Members = &event.Members{People: []event.Person{{Nickname: "甲"}}, Inviter: event.Person{Nickname: "乙"}}
	for _, tt := range []struct {
		ev   *event.Event
		want string
	}{
		{join, "j: reply 乙|1|群|@甲\u2005 (unsolicited)"},
		{&event.Event{Kind: event.KindFriendRequest, Chat: event.Chat{Kind: event.ChatPrivate}, Sender: event.Person{Nickname: "新"}, Request: &event.Request{Text: "hi"}}, "q: notify 新|hi|?"},
		{&event.Event{Kind: event.KindLogout, Reason: "1101"}, "o: notify 1101|机器人"},
		{private("x"), "m: reply 小明|明明||机器人"},
	} {
		if got := decide(set, rules.Input{Event: tt.ev, BotNames: []string{"机器人"}}); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestEmptyFileIsAMistake(t *testing.T) {
	for _, src := range []string{"", "\n", "# only a comment\n"} {
		if set, ps := rules.Parse("rules.yaml", []byte(src), rules.Options{}); set != nil || len(ps) != 1 || !strings.Contains(ps[0].String(), "the file is empty") {
			t.Errorf("%q: %v", src, ps)
		}
	}
	if set, ps := rules.Parse("rules.yaml", []byte("rules: []\n"), rules.Options{}); set == nil {
		t.Errorf("no rules on purpose: %v", ps)
	}
}
