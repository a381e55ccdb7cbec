package rules

import (
	"net/url"
	"slices"
	"strings"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// stepCompiler reads the steps of one rule.
type stepCompiler struct {
	p     *parser
	rule  *rule
	known map[string]string
}

func (c *stepCompiler) fail(n *conf.Node, text lang.Text, hint ...lang.Text) {
	c.p.fail(n, text, hint...)
}

func (c *stepCompiler) list(v *conf.Node) {
	if v.Kind != conf.List {
		c.fail(v, lang.T("do is a list of steps, here is %s", v.Describe()), lang.Raw("- reply: …"))
		return
	}
	if len(v.Items) == 0 {
		c.fail(v, lang.T("do has no steps"), lang.Raw("- reply: …"))
	}
	for _, i := range v.Items {
		switch {
		case i.Kind == conf.Scalar:
			key, ok := conf.Spelled(stepKeys, i.Value)
			if !ok {
				c.p.unknown(i, lang.Raw("do"), stepKeys)
				continue
			}
			c.step(key, i, nil)
		case i.Kind == conf.Map && len(i.Entries) == 1:
			e := i.Entries[0]
			key, ok := conf.Spelled(stepKeys, e.Key.Value)
			if !ok {
				c.p.unknown(e.Key, lang.Raw("do"), stepKeys)
				continue
			}
			c.step(key, e.Key, e.Value)
		case i.Kind == conf.Map && len(i.Entries) > 1:
			c.fail(i, lang.T("two steps in one item"), lang.T(`begin each with "- ": here is %s and %s`, i.Entries[0].Key.Value, i.Entries[1].Key.Value))
		default:
			c.fail(i, lang.T("a step is a key with its value, here is %s", i.Describe()))
		}
	}
}

// step reads one step; v is nil for a bare one.
func (c *stepCompiler) step(key string, at, v *conf.Node) {
	s := step{kind: event.ActionKind(key), at: at}
	if v == nil || v.Kind == conf.Null {
		if key != "accept" && key != "revoke" {
			c.fail(at, lang.T("%s has no value", key), hintOf(v))
			return
		}
		c.rule.steps = append(c.rule.steps, s)
		return
	}
	switch key {
	case "reply":
		s.message = c.message(v, inReply)
	case "send":
		s.message = c.message(v, inSend)
		s.to = c.targets(v)
	case "forward":
		c.forward(&s, v)
	case "notify", "log":
		s.message.text = c.text(key, v)
	case "accept":
		c.accept(&s, v)
	case "remark":
		s.remark = c.text(key, v)
	case "invite":
		s.to = c.p.texts(key, v)
	case "revoke":
		if on, ok := v.Bool(); !ok || !on {
			c.fail(v, lang.T("revoke is true"))
		}
	case "wait":
		c.p.span(key, v, &s.wait)
	case "call":
		c.call(&s, v)
	case "webhook":
		s.webhook = c.webhook(v)
	}
	c.rule.steps = append(c.rule.steps, s)
}

// text reads a text that must say something.
func (c *stepCompiler) text(what string, v *conf.Node) template {
	if v.Kind == conf.Scalar && strings.TrimSpace(v.Value) == "" {
		c.fail(v, lang.T("%s is an empty text", what))
		return nil
	}
	return c.p.template(v, c.known)
}

func hintOf(v *conf.Node) lang.Text {
	if v == nil {
		return lang.Text{}
	}
	return nullHint(v)
}

func (c *stepCompiler) targets(v *conf.Node) []string {
	if to := v.Lookup(toKeys, "to"); to != nil {
		return c.names(to)
	}
	c.fail(v, lang.T("send needs to: whom"), lang.Raw("send: {to: filehelper, text: …}"))
	return nil
}

// names reads people and groups; a list by name is put in.
func (c *stepCompiler) names(v *conf.Node) []string {
	var out []string
	before := len(c.p.problems)
	for _, name := range c.p.texts("to", v) {
		if strings.TrimSpace(name) == "" || strings.Contains(name, "${") {
			c.fail(v, lang.T("to: %q is no name of a person or group", name))
			continue
		}
		list, isList := strings.CutPrefix(name, "$")
		if !isList || list == "admins" {
			out = append(out, name)
			continue
		}
		items, ok := c.p.listNamed(list)
		if !ok {
			c.fail(v, lang.T("unknown list %q", list), lang.T("define it under lists:"))
		}
		out = append(out, items...)
	}
	if len(out) == 0 && len(c.p.problems) == before {
		c.fail(v, lang.T("to: names nobody"))
	}
	return out
}

func (c *stepCompiler) forward(s *step, v *conf.Node) {
	if v.Kind != conf.Map {
		s.to = c.names(v)
		return
	}
	c.p.entries(v, lang.Raw("forward"), slices.Concat(toKeys, headerKeys), func(key string, _, v *conf.Node) {
		switch key {
		case "to":
			s.to = c.names(v)
		case "header":
			s.message.text = c.p.template(v, c.known)
		}
	})
	if v.Lookup(toKeys, "to") == nil {
		c.fail(v, lang.T("forward needs to: whom"))
	}
}

func (c *stepCompiler) accept(s *step, v *conf.Node) {
	if v.Kind != conf.Map {
		if on, ok := v.Bool(); !ok || !on {
			c.fail(v, lang.T("accept is true, or {remark: …}"))
		}
		return
	}
	c.p.entries(v, lang.Raw("accept"), acceptKeys, func(key string, _, v *conf.Node) {
		s.remark = c.text(key, v)
	})
}

func (c *stepCompiler) call(s *step, v *conf.Node) {
	name := v
	if v.Kind == conf.Map {
		name = nil
		c.p.entries(v, lang.Raw("call"), callKeys, func(key string, _, v *conf.Node) {
			switch key {
			case "name":
				name = v
			case "args":
				s.args = c.templates("args", v)
			}
		})
		if name == nil {
			c.fail(v, lang.T("call needs name:"))
			return
		}
	}
	s.call.Name = name.Value
	if name.Kind != conf.Scalar || strings.Count(name.Value, ".") != 1 {
		c.fail(name, lang.T("call names plugin.function"))
		return
	}
	if c.p.opt.Calls != nil && !c.p.opt.Calls(name.Value) {
		c.p.warn(name, lang.T("no plugin exports %s", name.Value), lang.T("the step fails until one does"))
	}
}

func (c *stepCompiler) templates(what string, v *conf.Node) map[string]template {
	if v.Kind != conf.Map {
		c.fail(v, lang.T("%s is a map", what))
		return nil
	}
	out := map[string]template{}
	for _, e := range v.Entries {
		out[e.Key.Value] = c.p.template(e.Value, c.known)
	}
	return out
}

func (c *stepCompiler) webhook(v *conf.Node) *webhook {
	w := &webhook{}
	if v.Kind != conf.Map {
		c.fail(v, lang.T("webhook is a map with url:"))
		return w
	}
	c.p.entries(v, lang.Raw("webhook"), webhookKeys, func(key string, _, v *conf.Node) {
		switch key {
		case "url":
			w.url = c.address(v)
		case "json":
			w.json = c.templates(key, v)
		case "form":
			w.form = c.templates(key, v)
		case "timeout":
			c.p.duration(key, v, &w.timeout)
		}
	})
	if v.Lookup(webhookKeys, "url") == nil {
		c.fail(v, lang.T("webhook needs url:"))
	}
	return w
}

// address reads a URL. Placeholders may stand behind the host only: nobody who
// writes to the account chooses where it calls.
func (c *stepCompiler) address(v *conf.Node) template {
	host, _, _ := strings.Cut(v.Value, "${")
	u, err := url.Parse(host)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" ||
		host != v.Value && u.Path == "" && u.RawQuery == "" && u.Fragment == "" {
		c.fail(v, lang.T("url is like https://example.com/hook"))
		return nil
	}
	return c.p.template(v, c.known)
}

// check looks at the steps as a whole.
func (c *stepCompiler) check(n *conf.Node) {
	kinds := []event.Kind{}
	for _, w := range c.rule.when {
		kinds = append(kinds, w.Events...)
	}
	if len(c.rule.oneOf) > 0 && !hasChat(c.rule) {
		c.fail(n, lang.T("there is no chat to reply to"), lang.T("use send: {to: …, one_of: […]}"))
	}
	if c.rule.scheduled() && len(c.rule.steps) > 0 && !slices.ContainsFunc(c.rule.steps, goesOut) {
		c.fail(n, lang.T("a scheduled rule needs send"), lang.Raw("send: {to: filehelper, text: …}"))
	}
	for _, s := range c.rule.steps {
		switch s.kind {
		case event.ActAccept:
			if slices.ContainsFunc(kinds, func(k event.Kind) bool { return k != event.KindFriendRequest }) {
				c.fail(s.at, lang.T("accept is for event: friend_request"))
			}
		case event.ActReply:
			if !hasChat(c.rule) {
				c.fail(s.at, lang.T("there is no chat to reply to"), lang.T("use send: or notify:"))
			}
		case event.ActForward:
			if slices.Contains(kinds, event.KindTick) {
				c.fail(s.at, lang.T("forward: a scheduled rule has no message to forward"), lang.T("use send:"))
			}
		case event.ActInvite:
			if !hasSender(kinds) {
				c.fail(s.at, lang.T("invite: there is nobody to invite"), lang.T("it is for messages, friend requests and new friends"))
			}
		case event.ActSend, event.ActRemark, event.ActRevoke, event.ActNotify, event.ActWait,
			event.ActCall, event.ActWebhook, event.ActLog, event.ActRename, event.ActPin, event.ActRead:
		}
	}
}

// hasSender tells that every kind of event a rule is for has somebody who did it.
func hasSender(kinds []event.Kind) bool {
	return !slices.ContainsFunc(kinds, func(k event.Kind) bool {
		switch k {
		case event.KindTick, event.KindLogin, event.KindLogout, event.KindRestricted, event.KindExpired, event.KindMemberJoined,
			event.KindMemberLeft, event.KindJoined, event.KindRemoved, event.KindGroupRenamed:
			return true
		default:
			return false
		}
	})
}

// goesOut reports whether a step does something for somebody without an event. Notices,
// webhooks and plugins do so as well as send.
func goesOut(s step) bool {
	switch s.kind {
	case event.ActSend, event.ActNotify, event.ActWebhook, event.ActCall, event.ActReply:
		return true
	default:
		return false
	}
}
