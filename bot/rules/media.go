package rules

import (
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// mediaLimit is what WeChat takes of a kind of file.
type mediaLimit struct {
	exts []string // with the dot, in lower case; nil takes any
	most int64    // bytes
}

func limitOf(key string) mediaLimit {
	const mb = 1 << 20
	switch key {
	case "image":
		return mediaLimit{[]string{".jpg", ".jpeg", ".png", ".bmp", ".gif"}, 20 * mb}
	case "video":
		return mediaLimit{[]string{".mp4"}, 20*mb - 1}
	case "sticker":
		return mediaLimit{[]string{".gif"}, 5 * mb}
	}
	return mediaLimit{nil, 50 * mb}
}

// file reads what is to be sent: a path below the directory of the rules, whose
// kind and size are checked, or an https URL.
func (c *stepCompiler) file(key string, v *conf.Node) string {
	if v.Kind != conf.Scalar || v.Value == "" {
		c.fail(v, lang.T("%s is a file beside the rules, or an https URL, here is %s", key, v.Describe()), nullHint(v))
		return ""
	}
	if strings.Contains(v.Value, "${") {
		c.fail(v, lang.T("%s is taken as written: no placeholder is filled in", key))
		return ""
	}
	if u, err := url.Parse(v.Value); err == nil && u.Scheme != "" && u.Host != "" {
		if u.Scheme != "https" {
			c.fail(v, lang.T("%s: only https URLs are fetched", key))
			return ""
		}
		return v.Value
	}
	path, ok := c.p.path(v, v.Value)
	if !ok {
		return ""
	}
	limit := limitOf(key)
	if limit.exts != nil && !slices.Contains(limit.exts, strings.ToLower(filepath.Ext(path))) {
		c.fail(v, lang.T("%s is a file ending in %s", key, strings.Join(limit.exts, ", ")))
	}
	if c.p.opt.Size == nil {
		return path
	}
	switch size, err := c.p.opt.Size(path); {
	case err != nil:
		c.fail(v, lang.T("%s: %s", key, lang.Cause(err)))
	case size == 0:
		c.fail(v, lang.T("%s: %s is empty", key, v.Value))
	case size > limit.most:
		c.fail(v, lang.T("%s: %s has %d MB; WeChat takes %d MB at most", key, v.Value, (size-1)>>20+1, limit.most>>20))
	}
	return path
}

// forwardAction fills in what is forwarded: text as it is, other messages as they
// came, with a text that stands for them where that cannot be.
func forwardAction(a *event.Action, ev *event.Event) {
	m, id := ev.Message, ev.ID
	if ev.Recalled != nil {
		m, id = ev.Recalled.Message, ev.Recalled.MessageID
	}
	if m == nil || m.Type == event.TypeText || id == "" {
		a.Message.Text = strings.TrimSpace(a.Message.Text + "\n" + forwarded(ev))
		return
	}
	a.Forward, a.Message.Header, a.Message.Text = id, a.Message.Text, forwarded(ev)
}
