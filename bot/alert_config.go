package bot

import (
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"wxbot/bot/conf"
	"wxbot/bot/lang"
)

// Alerts are the targets of `alerts:` in wxbot.yaml. LoadConfig fills it; the zero
// value has none. Secrets that it names are read when a daemon starts, or is
// checked, and not by other commands.
type Alerts struct {
	specs  []*alertSpec
	getenv func(string) string
}

// alertSpec is one target as the file has it.
type alertSpec struct {
	node    *conf.Node
	url     alertTemplate // of a webhook
	json    *alertJSON    // at most one of json, form and body; else the default JSON
	form    []alertPair
	body    *alertTemplate
	headers []alertPair
	command []alertTemplate // argv of a command
	on      []alertKind     // empty for all
	timeout time.Duration
}

type alertPair struct {
	name  string
	value alertTemplate
}

func (s *alertSpec) isCommand() bool { return len(s.command) > 0 }

const (
	alertsKey           = "alerts"
	alertTargetsMost    = 20
	alertWebhookTimeout = 10 * time.Second
	alertCommandTimeout = 30 * time.Second
	alertTimeoutMost    = time.Minute
)

// alertReader reads `alerts:` and gathers what is wrong with it.
type alertReader struct {
	dir      string // of the file
	problems []conf.Problem
}

// readAlerts reads a list of targets, or one target.
func readAlerts(n *conf.Node, dir string) ([]*alertSpec, []conf.Problem) {
	r := &alertReader{dir: dir}
	items := n.Items
	switch n.Kind {
	case conf.Null:
		return nil, nil
	case conf.Map:
		items = []*conf.Node{n}
	case conf.Scalar:
		r.wrong(n, lang.T("alerts is a list of targets, here is a text"), lang.T("as in %s", "\n    alerts:\n      - webhook: https://example.com/hook"))
	case conf.List:
	}
	if len(items) > alertTargetsMost {
		r.wrong(n, lang.T("more than %d alert targets", alertTargetsMost))
		return nil, r.problems
	}
	var specs []*alertSpec
	for _, i := range items {
		if i.Kind != conf.Map {
			r.wrong(i, lang.T("an alert target is a map with webhook or command, here is %s", kindOf(i)))
			continue
		}
		specs = append(specs, r.target(i))
	}
	return specs, r.problems
}

func (r *alertReader) wrong(n *conf.Node, text lang.Text, hint ...lang.Text) {
	r.problems = append(r.problems, alertProblem(n, text, hint...))
}

// kindOf names the kind of a node without its text.
func kindOf(n *conf.Node) lang.Text {
	if n.Kind == conf.Scalar {
		return lang.T("a text")
	}
	return n.Describe()
}

func (r *alertReader) target(n *conf.Node) *alertSpec {
	s := &alertSpec{node: n}
	webhook, command := n.Get("webhook"), n.Get("command")
	switch {
	case webhook == nil && command == nil:
		r.wrong(n, lang.T("an alert target needs webhook or command"))
	case webhook != nil && command != nil:
		r.wrong(command, lang.T("webhook and command are two targets"), lang.T("begin a new item with - before command"))
	}
	s.timeout = alertWebhookTimeout
	if command != nil {
		s.timeout = alertCommandTimeout
	}
	for _, e := range n.Entries {
		r.key(s, e, command != nil)
	}
	bodies := 0
	for _, k := range []string{"json", "form", "body"} {
		v := n.Get(k)
		if v == nil {
			continue
		}
		if bodies++; bodies > 1 {
			r.wrong(v, lang.T("only one of json, form and body"))
		}
	}
	return s
}

// alertWebhookOnly are the keys that a command does not take.
func alertWebhookOnly() []string { return []string{"json", "form", "body", "headers"} }

func (r *alertReader) key(s *alertSpec, e conf.Entry, command bool) {
	key, v := e.Key.Value, e.Value
	if command && slices.Contains(alertWebhookOnly(), key) {
		r.wrong(e.Key, lang.T("%s goes with webhook", key), lang.T("a command gets the text in WXBOT_ALERT_TEXT, or as ${text} in its arguments"))
		return
	}
	switch key {
	case "webhook":
		s.url = r.url(v)
	case "command":
		s.command = r.command(v)
	case "json":
		if v.Kind != conf.Map && v.Kind != conf.List {
			r.wrong(v, lang.T("json is a map or a list, here is %s", kindOf(v)))
			return
		}
		j, ps := parseAlertJSON(v)
		s.json = &j
		r.problems = append(r.problems, ps...)
	case "form":
		s.form = r.pairs(e)
	case "body":
		if t, ok := r.text(e.Key.Value, v); ok {
			s.body = &t
		}
	case "headers":
		s.headers = r.headers(e)
	case "on":
		s.on = r.on(v)
	case "timeout":
		d, ok := v.Duration()
		if !ok || d < time.Second || d > alertTimeoutMost {
			r.wrong(v, lang.T("timeout is a time from 1s to 1m"))
			return
		}
		s.timeout = d
	default:
		r.wrong(e.Key, lang.T("unknown key %q", key), conf.DidYouMean(conf.Suggest(key, conf.Names(alertWords()))))
	}
}

func (r *alertReader) text(key string, n *conf.Node) (alertTemplate, bool) {
	if n.Kind != conf.Scalar {
		r.wrong(n, lang.T("%s is a text, here is %s", key, kindOf(n)))
		return alertTemplate{}, false
	}
	t, ps := parseAlertTemplate(n)
	r.problems = append(r.problems, ps...)
	return t, len(ps) == 0
}

// url checks as much of an address as is known before its secrets are.
func (r *alertReader) url(n *conf.Node) alertTemplate {
	t, ok := r.text("webhook", n)
	if !ok || len(t.parts) > 0 && t.parts[0].secret() {
		return t
	}
	const anything = "x"
	guess := map[string]string{}
	for _, p := range t.parts {
		if p.secret() {
			guess[p.name] = anything
		}
	}
	if text := checkAlertURL(t.beforeFields(guess)); !text.IsZero() {
		r.wrong(n, text, lang.T("want https://HOST/PATH"))
	}
	return t
}

func (r *alertReader) command(n *conf.Node) []alertTemplate {
	texts, bad := n.Texts()
	if bad != nil || n.Kind != conf.List || len(texts) == 0 {
		if bad == nil {
			bad = n
		}
		r.wrong(bad, lang.T("command is a list of a program and its arguments"), lang.T(`as in [/usr/local/bin/tell, "${event}"]; there is no shell`))
		return nil
	}
	var argv []alertTemplate
	for i, text := range texts {
		t, _ := r.text("command", text)
		switch {
		case t.holdsSecret():
			r.wrong(text, lang.T("a secret in an argument can be seen in the list of processes"),
				lang.T("let the program read it: it gets the daemon's environment, with CREDENTIALS_DIRECTORY"))
		case i == 0 && (text.Value == "" || !t.constant()):
			r.wrong(text, lang.T("the program is a fixed path"))
		case i == 0 && strings.ContainsRune(text.Value, '/'):
			t.parts = []alertPart{{literal: absolute(r.dir, filepath.FromSlash(text.Value))}}
		}
		argv = append(argv, t)
	}
	return argv
}

func (r *alertReader) pairs(e conf.Entry) []alertPair {
	if e.Value.Kind != conf.Map {
		r.wrong(e.Value, lang.T("%s is a map of names and texts, here is %s", e.Key.Value, kindOf(e.Value)))
		return nil
	}
	pairs := []alertPair{}
	for _, i := range e.Value.Entries {
		t, _ := r.text(i.Key.Value, i.Value)
		pairs = append(pairs, alertPair{name: i.Key.Value, value: t})
	}
	return pairs
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// headers reads header lines; those that net/http sets by itself are not for a
// file to say.
func (r *alertReader) headers(e conf.Entry) []alertPair {
	pairs := r.pairs(e)
	for i, p := range pairs {
		key := e.Value.Entries[i].Key
		switch http.CanonicalHeaderKey(p.name) {
		case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Upgrade":
			r.wrong(key, lang.T("header %q cannot be set", p.name))
			continue
		}
		if !headerName.MatchString(p.name) {
			r.wrong(key, lang.T("%q is no name of a header", p.name))
		}
	}
	return pairs
}

func (r *alertReader) on(n *conf.Node) []alertKind {
	texts, bad := n.Texts()
	if bad != nil || len(texts) == 0 {
		r.wrong(n, lang.T("on is a list of events"), lang.T("known are %s", strings.Join(alertKinds(), ", ")))
		return nil
	}
	var kinds []alertKind
	for _, t := range texts {
		if !slices.Contains(alertKinds(), t.Value) {
			hint := lang.T("known are %s", strings.Join(alertKinds(), ", "))
			if s := conf.Suggest(t.Value, alertKinds()); s != "" {
				hint = conf.DidYouMean(s)
			}
			if t.Value == string(alertTest) {
				hint = lang.T("a test goes to every target by itself")
			}
			r.wrong(t, lang.T("unknown event"), hint)
			continue
		}
		kinds = append(kinds, alertKind(t.Value))
	}
	return kinds
}

// hideAlertLines takes the lines of `alerts:` out of problems that the YAML parser
// found: it knows nothing of tokens.
func hideAlertLines(problems []conf.Problem, src string) {
	hidden := map[int]bool{}
	inside := false
	for i, line := range strings.Split(src, "\n") {
		if word := strings.TrimLeft(line, "\"'"); word != "" && !strings.ContainsAny(word[:1], " \t-#") {
			inside = strings.HasPrefix(word, "alerts")
		}
		hidden[i+1] = inside
	}
	for i := range problems {
		if hidden[problems[i].Line] {
			problems[i].Excerpt = ""
		}
	}
}
