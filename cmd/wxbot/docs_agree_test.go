package main

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"

	"wxbot/bot"
	"wxbot/bot/conf"
	"wxbot/bot/luahost"
	"wxbot/bot/rules"
)

func loadRules(name, src string) error {
	_, problems := rules.Parse(name, []byte(src), rules.Options{
		Dir:      "/r",
		ReadFile: func(string) ([]byte, error) { return []byte("a\n"), nil },
		Glob:     func(string) ([]string, error) { return nil, nil },
		Size:     func(string) (int64, error) { return 1, nil },
	})
	return asError(problems)
}

func asError(problems []conf.Problem) error {
	for _, p := range problems {
		if p.Severity == conf.Error {
			return errors.New(p.String())
		}
	}
	return nil
}

func TestSchemaOfRulesAndLoaderAgree(t *testing.T) {
	answer := "reply: y}\n"
	agree(t, "rules", []keyPlace{
		{"file", nil, "{%s}\n"},
		{"list", nil, "lists: {l: {%s}}\n"},
		{"rule", []string{"when"}, "- {%s, " + answer},
		{"rule", []string{"reply", "reply_one_of", "do", "invite", "notify", "forward", "remark"}, "- {contains: x, %s}\n"},
		{"rule", []string{"accept"}, "- {event: friend_request, %s}\n"},
		{"rule", []string{"event"}, "- {group: g, %s, " + answer},
		{"rule", []string{"gather", "via"}, "- {event: member_joined, group: g, %s, " + answer},
		{"rule", []string{"at", "cron"}, "- {%s, notify: y}\n"},
		{"rule", []string{"spread", "catch_up"}, "- {at: '08:30', %s, notify: y}\n"},
		{"rule", []string{"tests"}, "- {enabled: false, contains: x, %s, " + answer},
		{"rule", []string{"contains"}, "- {%s, " + answer},
		{"rule", nil, "- {contains: x, %s, " + answer},
		{"when", []string{"event"}, "- {when: {group: g, %s}, " + answer},
		{"when", []string{"gather", "via"}, "- {when: {event: member_joined, group: g, %s}, " + answer},
		{"when", []string{"at", "cron"}, "- {when: {%s}, notify: y}\n"},
		{"when", []string{"spread", "catch_up"}, "- {when: {at: '08:30', %s}, notify: y}\n"},
		{"when", nil, "- {when: {%s}, " + answer},
		{"conditions", []string{"event"}, "- {contains: x, unless: {group: g, %s}, " + answer},
		{"conditions", []string{"gather", "via"}, "- {contains: x, unless: {event: member_joined, group: g, %s}, " + answer},
		{"conditions", nil, "- {contains: x, unless: {%s}, " + answer},
		{"command", []string{"name"}, "- {command: {%s}, " + answer},
		{"command", nil, "- {command: {name: x, %s}, " + answer},
		{"pattern", nil, "- {group: {%s}, " + answer},
		{"step", []string{"accept"}, "- {event: friend_request, do: [{%s}]}\n"},
		{"step", nil, "- {contains: x, do: [{%s}]}\n"},
		{"message", []string{"mention", "revoke_after"}, "- {group: g, reply: {text: x, %s}}\n"},
		{"message", nil, "- {group: g, reply: {%s}}\n"},
		{"send", []string{"mention", "revoke_after"}, "- {group: g, do: [{send: {to: a, text: x, %s}}]}\n"},
		{"send", []string{"to"}, "- {group: g, do: [{send: {text: x, %s}}]}\n"},
		{"send", nil, "- {group: g, do: [{send: {to: a, %s}}]}\n"},
		{"variant", []string{"weight", "mention", "revoke_after"}, "- {group: g, reply_one_of: [{text: x, %s}]}\n"},
		{"variant", nil, "- {group: g, reply_one_of: [{%s}]}\n"},
		{"forward", []string{"to"}, "- {contains: x, forward: {%s}}\n"},
		{"forward", nil, "- {contains: x, forward: {to: a, %s}}\n"},
		{"accept", nil, "- {event: friend_request, accept: {%s}}\n"},
		{"call", []string{"name"}, "- {contains: x, do: [{call: {%s}}]}\n"},
		{"call", nil, "- {contains: x, do: [{call: {name: a.b, %s}}]}\n"},
		{"webhook", []string{"url"}, "- {event: logout, do: [{webhook: {%s}}]}\n"},
		{"webhook", nil, "- {event: logout, do: [{webhook: {url: 'https://example.com/', %s}}]}\n"},
		{"cooldown", []string{"every"}, "- {contains: x, reply: y, cooldown: {%s}}\n"},
		{"cooldown", nil, "- {contains: x, reply: y, cooldown: {every: 1m, %s}}\n"},
		{"test", []string{"expect"}, "- {enabled: false, contains: x, reply: y, tests: [{say: x, %s}]}\n"},
		{"test", []string{"tick"}, "- {enabled: false, at: '08:30', notify: y, tests: [{expect: notify, %s}]}\n"},
		{"test", []string{"in", "from", "mentioned", "at", "zzz"}, "- {enabled: false, contains: x, reply: y, tests: [{say: x, expect: reply, %s}]}\n"},
		{"test", nil, "- {enabled: false, contains: x, reply: y, tests: [{expect: reply, %s}]}\n"},
		{"expect", nil, "- {enabled: false, contains: x, reply: y, tests: [{say: x, expect: {%s}}]}\n"},
		{"settings", nil, "settings: {%s}\n"},
		{"pace", nil, "settings: {pace: {%s}}\n"},
		{"handover", nil, "settings: {handover: {%s}}\n"},
		{"loop_guard", nil, "settings: {loop_guard: {%s}}\n"},
		{"trace", nil, "settings: {trace: {%s}}\n"},
		{"recall", nil, "settings: {recall: {%s}}\n"},
		{"match", nil, "settings: {match: {%s}}\n"},
		{"words", nil, "settings: {words: {%s}}\n"},
	}, func(src string) error { return loadRules("rules.yaml", src) })
}

func TestSchemaOfPluginsAndLoaderAgree(t *testing.T) {
	dir := t.TempDir()
	writeIn(t, dir, "a.lua", "")
	writeIn(t, dir, "dice.lua", "")
	agree(t, "plugins", []keyPlace{
		{"file", nil, "{%s}\n"},
		{"plugin", nil, "plugins: {a: {%s}}\n"},
		{"grant", nil, "plugins: {a: {grant: {%s}}}\n"},
		{"limits", nil, "plugins: {a: {limits: {%s}}}\n"},
		{"limits_of_all", nil, "limits: {%s}\n"},
		{"conditions", []string{"event"}, "plugins: {a: {only: {group: g, %s}}}\n"},
		{"conditions", []string{"gather", "via"}, "plugins: {a: {only: {event: member_joined, group: g, %s}}}\n"},
		{"conditions", nil, "plugins: {a: {only: {%s}}}\n"},
		{"command", []string{"name"}, "plugins: {a: {only: {command: {%s}}}}\n"},
		{"command", nil, "plugins: {a: {only: {command: {name: x, %s}}}}\n"},
		{"pattern", nil, "plugins: {a: {only: {group: {%s}}}}\n"},
	}, func(src string) error {
		writeIn(t, dir, "plugins.yaml", src)
		_, problems := luahost.Check(t.Context(), luahost.Options{Dir: dir, Logger: zerolog.Nop()})
		for _, p := range problems {
			return errors.New(p.String())
		}
		return nil
	})
}

func TestSchemaOfTheConfigurationAndLoaderAgree(t *testing.T) {
	dir := t.TempDir()
	writeIn(t, dir, "rules.yaml", "rules: []\n")
	writeIn(t, dir, "plugins", "")
	agree(t, "wxbot", []keyPlace{
		{"file", nil, "{%s}\n"},
		{"history", nil, "history: {%s}\n"},
		{"alert", []string{"webhook", "command"}, "alerts: [{%s}]\n"},
		{"alert", nil, "alerts: [{webhook: 'https://example.com/', %s}]\n"},
	}, func(src string) error {
		path := filepath.Join(dir, "wxbot.yaml")
		writeIn(t, dir, "wxbot.yaml", src)
		_, err := bot.LoadConfig(bot.Config{File: path}, bot.Environment{Getenv: func(string) string { return "" }, Dir: dir, Home: dir})
		return err
	})
}
