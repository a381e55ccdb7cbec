package bot

import (
	"cmp"
	"fmt"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/luahost"
	"wxbot/bot/rules"
	"wxbot/wx"
)

// The modes of login.
const (
	// ModeWeb logs in as the web page does.
	ModeWeb = "web"
	// ModeDesktop logs in as the desktop client. Accounts that are refused as web
	// clients are let in, and accounts have been restricted for it.
	ModeDesktop = "desktop"
	// ModeFileHelper logs in as the page of the file transfer helper, for accounts
	// that have no web login: only their owner can talk to rules and plugins, in
	// 文件传输助手.
	ModeFileHelper = "filehelper"
)

// loginMode is the mode of a configuration that was found valid.
func (c Config) loginMode() wx.Mode {
	switch c.Mode {
	case ModeDesktop:
		return wx.ModeDesktop
	case ModeFileHelper:
		return wx.ModeFileHelper
	}
	return wx.ModeWeb
}

// risks tells, as warnings, what a mode does to accounts.
func (c Config) risks() []conf.Problem {
	if c.Mode != ModeDesktop {
		return nil
	}
	return []conf.Problem{{
		File: "mode", Severity: conf.Warning,
		Text: "desktop: since January 2025 accounts that log in this way have been cut off within seconds and restricted, typically for 15 days",
		Hint: "being refused in mode web harms nobody; mode filehelper may be allowed instead",
	}}
}

// capabilities describes what a mode of login can do with this version's sender.
func capabilities(mode string) event.Capabilities {
	media := []event.MessageType{event.TypeImage, event.TypeVideo, event.TypeFile, event.TypeSticker}
	if mode == ModeFileHelper {
		return event.Capabilities{
			Mode: mode, Chats: []event.ChatKind{event.ChatSelf}, SelfIsPrivate: true,
			Unsolicited: true, Media: media,
		}
	}
	return event.Capabilities{
		Mode:    cmp.Or(mode, ModeWeb),
		Chats:   []event.ChatKind{event.ChatPrivate, event.ChatGroup, event.ChatOfficial, event.ChatSpecial, event.ChatSelf},
		Friends: true, Groups: true, Revoke: true, Unsolicited: true, Media: append(media, event.TypeCard),
	}
}

// unfitPlugins tells, as warnings, what of the plugins a mode cannot serve.
func unfitPlugins(dir string, plugins []luahost.Info) []conf.Problem {
	var out []conf.Problem
	for _, p := range plugins {
		for _, text := range p.Unfit {
			out = append(out, conf.Problem{
				File: dir + "/" + p.Name + ".lua", Severity: conf.Warning, Text: fmt.Sprintf("plugin %s: %s", p.Name, text),
			})
		}
	}
	return out
}

// unfitFor tells, as warnings, what of rules and plugins a mode cannot serve.
func (c Config) unfitFor(set *rules.Set, plugins []luahost.Info) []conf.Problem {
	caps := capabilities(c.Mode)
	var out []conf.Problem
	if set != nil {
		out = set.Unfit(caps)
	}
	return append(out, unfitPlugins(c.Plugins, plugins)...)
}
