package bot

import (
	"net/url"
	"strconv"
	"time"

	"wxbot/bot/control"
)

// origin is where a setting came from.
type origin struct{ source, where string }

// Settings are the keys of wxbot.yaml in the order of the documentation, with what
// is in force of each and where it came from.
func (c Config) Settings() []control.Setting {
	var out []control.Setting
	for _, k := range configKeys(&c) {
		s := control.Setting{Key: k.yaml(), Source: control.SourceDefault}
		if o, ok := c.origins[s.Key]; ok {
			s.Source, s.Where = o.source, o.where
		}
		switch {
		case s.Key == alertsKey:
			s.Value = c.Alerts.names()
		case s.Key == historyKey:
			s.Value = c.History.setting()
		case s.Key == "server":
			s.Value = withoutPassword(c.Server)
		default:
			s.Value = *k.value
		}
		out = append(out, s)
	}
	return out
}

// names tells the targets apart without what is secret of them.
func (c *Alerts) names() []string {
	out := make([]string, len(c.specs))
	for i, s := range c.specs {
		out[i] = s.name(nil)
	}
	return out
}

func (h History) setting() control.HistorySetting {
	h = h.withDefaults()
	return control.HistorySetting{Keep: string(h.Keep), Days: inDays(h.Days), Max: inBytes(h.MaxBytes)}
}

// inDays writes a duration as wxbot.yaml takes it.
func inDays(d time.Duration) string {
	const day = 24 * time.Hour
	if d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	return d.String()
}

// inBytes writes a size as wxbot.yaml takes it.
func inBytes(n int64) string {
	unit := 0
	for units := []string{"B", "KB", "MB", "GB"}; ; unit++ {
		if n%1024 != 0 || n == 0 || unit == len(units)-1 {
			return strconv.FormatInt(n, 10) + units[unit]
		}
		n /= 1024
	}
}

func withoutPassword(server string) string {
	if u, err := url.Parse(server); err == nil {
		return u.Redacted()
	}
	return server
}
