package rules

import (
	"slices"

	"wxbot/bot/match"
)

// Named is somebody, or a group, that the rules call by a name.
type Named struct {
	Rule string // "" for a setting
	Name string // as written
	// Group: groups alone are meant.
	Group bool

	pattern *match.Pattern
}

// Means reports whether the name is that of an account.
func (n *Named) Means(account string) bool {
	if n.pattern != nil {
		return n.pattern.Match(account)
	}
	return n.Name == account
}

// Named lists the names that lead nowhere unless somebody, or a group, is called so:
// groups of enabled rules, and whom messages are sent to. Senders may be strangers.
func (s *Set) Named() []Named {
	var out []Named
	for _, name := range slices.Concat(s.settings.Admins, s.settings.Notify) {
		out = appendTarget(out, Named{Name: name})
	}
	for _, r := range s.rules {
		if !r.enabled {
			continue
		}
		for _, w := range r.when {
			for _, p := range w.GroupPatterns() {
				out = append(out, Named{Rule: r.name, Name: p.Written, Group: true, pattern: &p})
			}
		}
		for _, step := range r.steps {
			for _, name := range step.to {
				out = appendTarget(out, Named{Rule: r.name, Name: name})
			}
		}
	}
	return out
}

func appendTarget(list []Named, n Named) []Named {
	if n.Name == "filehelper" || n.Name == "文件传输助手" || n.Name == "$admins" {
		return list
	}
	return append(list, n)
}
