package bot

import (
	"regexp"
	"slices"
	"strings"

	"wxbot/bot/conf"
	"wxbot/bot/lang"
)

// alertTemplate is a text of wxbot.yaml with placeholders: ${event} and the other
// fields of an alert, ${env:NAME} and ${cred:NAME}.
type alertTemplate struct {
	node  *conf.Node
	parts []alertPart
}

// alertPart is a literal text, or a placeholder if it has a name.
type alertPart struct {
	literal string
	name    string // "text", "env:TOKEN"
}

func (p alertPart) secret() bool { return strings.Contains(p.name, ":") }

var (
	alertName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	alertCred = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
)

// alertProblem is a problem without the line it is in: that line may hold a token.
func alertProblem(n *conf.Node, text lang.Text, hint ...lang.Text) conf.Problem {
	p := n.At(conf.Error, text, hint...)
	p.Excerpt = ""
	return p
}

// parseAlertTemplate reads the placeholders of a scalar.
func parseAlertTemplate(n *conf.Node) (alertTemplate, []conf.Problem) {
	t := alertTemplate{node: n}
	var problems []conf.Problem
	wrong := func(from, length int, text, hint lang.Text) {
		p := n.Inside(conf.Error, from, length, text, hint)
		p.Excerpt = ""
		problems = append(problems, p)
	}
	for rest := n.Value; rest != ""; {
		before, after, found := strings.Cut(rest, "${")
		if before != "" {
			t.parts = append(t.parts, alertPart{literal: before})
		}
		if !found {
			break
		}
		from := len(n.Value) - len(after) - len("${")
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			wrong(from, len("${"), lang.T("a placeholder is not closed"), lang.T("write } after its name"))
			break
		}
		rest = tail
		if text, hint := checkPlaceholder(name); !text.IsZero() {
			wrong(from, len("${")+len(name)+len("}"), text, hint)
			continue
		}
		t.parts = append(t.parts, alertPart{name: name})
	}
	return t, problems
}

// checkPlaceholder tells what is wrong with the name of a placeholder.
func checkPlaceholder(name string) (text, hint lang.Text) {
	kind, rest, colon := strings.Cut(name, ":")
	switch {
	case !colon && slices.Contains(alertFields(), name):
		return lang.Text{}, lang.Text{}
	case kind == "env" && alertName.MatchString(rest), kind == "cred" && alertCred.MatchString(rest):
		return lang.Text{}, lang.Text{}
	case colon && (kind == "env" || kind == "cred"):
		return lang.T("${%s:…} holds no name", kind), lang.T("as in %s", "${env:TOKEN} or ${cred:token}")
	case colon:
		return lang.T("unknown placeholder"), lang.T("a secret is ${env:NAME} or ${cred:NAME}")
	case !alertName.MatchString(name):
		return lang.T("unknown placeholder"), lang.T("known are %s", "${"+strings.Join(alertFields(), "}, ${")+"}")
	}
	text = lang.T("unknown placeholder ${%s}", name)
	if s := conf.Suggest(name, alertFields()); s != "" {
		return text, lang.T("did you mean ${%s}?", s)
	}
	if name == strings.ToUpper(name) {
		return text, lang.T("did you mean ${%s}?", "env:"+name)
	}
	return text, lang.T("known are %s", "${"+strings.Join(alertFields(), "}, ${")+"}")
}

// fill puts an alert and secrets into the text, as they are.
func (t alertTemplate) fill(a *alert, secrets map[string]string) string {
	var b strings.Builder
	for _, p := range t.parts {
		switch {
		case p.name == "":
			b.WriteString(p.literal)
		case p.secret():
			b.WriteString(secrets[p.name])
		default:
			b.WriteString(a.field(p.name))
		}
	}
	return b.String()
}

// holdsSecret tells whether the text names a secret.
func (t alertTemplate) holdsSecret() bool { return slices.ContainsFunc(t.parts, alertPart.secret) }

// constant tells whether the text holds no placeholder.
func (t alertTemplate) constant() bool {
	return !slices.ContainsFunc(t.parts, func(p alertPart) bool { return p.name != "" })
}
