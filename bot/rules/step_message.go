package rules

import (
	"regexp"
	"slices"
	"strings"

	"wxbot/bot/conf"
	"wxbot/bot/lang"
)

// place is where a message stands, which decides what it may have.
type place int

const (
	inReply place = iota
	inSend
	inVariant
)

// message reads a text, or a map of parts.
func (c *stepCompiler) message(v *conf.Node, where place) message {
	if v.Kind == conf.Scalar && where != inSend {
		return message{text: c.text("the message", v)}
	}
	var m message
	if v.Kind != conf.Map {
		c.fail(v, lang.T("a message is a text, or a map such as {text: …}, here is %s", v.Describe()), nullHint(v))
		return m
	}
	parts := 0
	c.p.entries(v, lang.Raw("message"), slices.Concat(messageKeys, toKeys, weightKeys, headerKeys), func(key string, k, v *conf.Node) {
		switch key {
		case "text":
			m.text = c.text(key, v)
			parts++
		case "image":
			m.image = c.file(key, v)
			parts++
		case "file":
			m.file = c.file(key, v)
			parts++
		case "video":
			m.video = c.file(key, v)
			parts++
		case "sticker":
			m.sticker = c.sticker(v)
			parts++
		case "card":
			if m.card = v.Value; v.Kind != conf.Scalar || m.card == "" {
				c.fail(v, lang.T("card is the name of a friend or an official account"), lang.T("the remark, else the nickname"))
			}
			parts++
		case "mention":
			c.mention(&m, v)
		case "one_of":
			m.oneOf = c.variants(key, v)
			parts++
		case "revoke_after":
			c.p.duration(key, v, &m.revokeAfter)
			if m.revokeAfter > revokeMost {
				c.fail(v, lang.T("revoke_after is %s; WeChat allows two minutes", v.Value), lang.T("use at most 110s"))
			}
			if d := m.revokeAfter; d > 0 && d < revokeLeast {
				c.fail(v, lang.T("revoke_after is %s; nobody reads so fast", v.Value), lang.T("use at least 10s"))
			}
		case "to":
			if where != inSend {
				c.fail(k, lang.T("reply goes to the chat of the event"), lang.T("send: {to: …} writes elsewhere"))
			}
		case "weight":
			if where != inVariant {
				c.fail(k, lang.T("weight is for one of several messages"), lang.T("one_of: or reply_one_of:"))
			}
		case "header":
			c.fail(k, lang.T("header is for forward"))
		}
	})
	switch {
	case parts == 0:
		c.fail(v, lang.T("the message is empty"), lang.Raw("text: …"))
	case parts > 1 && len(m.oneOf) > 0:
		c.fail(v, lang.T("one_of stands for the whole message"), lang.T("put text and sticker into its items"))
	}
	return m
}

var md5Text = regexp.MustCompile(`^md5:[0-9a-fA-F]{32}$`)

func (c *stepCompiler) sticker(v *conf.Node) string {
	switch {
	case v.Kind != conf.Scalar:
		c.fail(v, lang.T("sticker is a gif file or md5:…"))
		return ""
	case strings.HasPrefix(v.Value, "md5:"):
		if !md5Text.MatchString(v.Value) {
			c.fail(v, lang.T("md5: is followed by 32 hexadecimal digits"))
		}
		return strings.ToLower(v.Value)
	}
	return c.file("sticker", v)
}

func (c *stepCompiler) mention(m *message, v *conf.Node) {
	if v.Kind == conf.List {
		m.names = c.p.texts("mention", v)
	} else if on, ok := v.Bool(); ok {
		m.mention = on
	} else {
		c.fail(v, lang.T("mention is true, or a list of names"))
	}
	for _, w := range c.rule.when {
		if w.PrivateOnly() {
			c.fail(v, lang.T("mention in a private chat"), lang.T("mentions are for groups"))
			return
		}
	}
}

func (c *stepCompiler) variants(key string, v *conf.Node) []variant {
	if v.Kind != conf.List || len(v.Items) == 0 {
		c.fail(v, lang.T("%s is a list of messages", key))
		return nil
	}
	var out []variant
	for _, i := range v.Items {
		x := variant{weight: 1}
		if w := i.Lookup(weightKeys, "weight"); w != nil {
			f, ok := w.Float()
			if !ok || f <= 0 || f > 1e6 {
				c.fail(w, lang.T("weight is a number above 0"))
			} else {
				x.weight = f
			}
		}
		x.message = c.message(i, inVariant)
		out = append(out, x)
	}
	return out
}
