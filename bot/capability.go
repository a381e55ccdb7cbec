package bot

import (
	"cmp"
	"net"
	"strconv"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/lang"
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

// risks tells, as warnings, what a mode does to accounts, and who else may look in.
func (c Config) risks() []conf.Problem {
	var out []conf.Problem
	if c.Mode == ModeDesktop {
		out = append(out, conf.Problem{
			File: "mode", Severity: conf.Warning,
			Text: lang.T("desktop: since January 2025 accounts that log in this way have been cut off within seconds and restricted, typically for 15 days"),
			Hint: lang.T("being refused in mode web harms nobody; mode filehelper may be allowed instead"),
		})
	}
	if local, err := loopback(c.Listen); c.Listen != "" && err == nil && !local {
		out = append(out, conf.Problem{
			File: "listen", Severity: conf.Warning,
			Text: lang.T("%s: health and metrics can be read from other machines, by anybody and unencrypted", c.Listen),
			Hint: lang.T("listen on 127.0.0.1, or put a proxy with access control before it"),
		})
	}
	return out
}

// loopback tells whether an address to listen on is reached from this machine alone.
func loopback(addr string) (bool, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false, lang.Errorf("want ADDRESS:PORT")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 && port != "0" {
		return false, lang.Errorf("%q is no port", port)
	}
	ip := net.ParseIP(host)
	if host == "localhost" || ip != nil && ip.IsLoopback() {
		return true, nil
	}
	if host != "" && ip == nil {
		return false, lang.Errorf("%q is no IP address", host)
	}
	return false, nil
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
				File: dir + "/" + p.Name + ".lua", Severity: conf.Warning, Text: lang.T("plugin %s: %s", p.Name, text),
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
