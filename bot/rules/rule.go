package rules

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/lang"
	"wxbot/bot/match"
)

func (p *parser) rules(list *conf.Node) {
	if list.Kind != conf.List {
		p.fail(list, lang.T("rules is a list, here is %s", list.Describe()), lang.T(`each rule starts with "- name: …"`))
		return
	}
	if p.nodes == nil {
		p.nodes = map[*rule]*conf.Node{}
	}
	for _, n := range list.Items {
		if len(p.set.rules) >= rulesMost {
			p.fail(n, lang.T("more than %d rules", rulesMost))
			return
		}
		if r := p.rule(n); r != nil {
			p.set.rules = append(p.set.rules, r)
			p.nodes[r] = n
		}
	}
}

// parts are the nodes of a rule before they are compiled.
type parts struct {
	values     map[string]*conf.Node
	conditions []conf.Entry // that stand in the rule itself
	steps      map[string]*conf.Node
	// unknown: there was a key that means nothing, perhaps the one that is missed.
	unknown bool
}

func (p *parser) rule(n *conf.Node) *rule {
	if n.Kind != conf.Map {
		var hint lang.Text
		switch {
		case strings.Contains(n.Value, "："):
			hint = lang.T("full-width colon ：, use : and a space")
		case strings.Contains(n.Value, ":"):
			hint = lang.T("a colon is followed by a space")
		}
		p.fail(n, lang.T("a rule is a map of keys, here is %s", n.Describe()), hint)
		return nil
	}
	before := len(p.problems)
	parts := p.split(n)
	r := &rule{file: n.File, line: n.Line, enabled: true}
	p.nameOf(r, n, parts)
	for _, key := range []string{"enabled", "continue", "dry_run"} {
		v := parts.values[key]
		if v == nil {
			continue
		}
		on, ok := v.Bool()
		if !ok {
			p.fail(v, lang.T("%s is true or false, here is %s", key, v.Describe()))
			continue
		}
		switch key {
		case "enabled":
			r.enabled = on
		case "continue":
			r.goOn = on
		case "dry_run":
			r.dryRun = on
		}
	}
	if v := parts.values["note"]; v != nil {
		if v.Kind != conf.Scalar {
			p.fail(v, lang.T("note is a text, here is %s", v.Describe()), nullHint(v))
		}
		r.note = v.Value
	}
	p.conditions(r, n, parts)
	known := p.placeholdersFor(r)
	p.actions(r, n, parts, known)
	p.brakes(r, parts, known)
	if v := parts.values["tests"]; v != nil {
		p.tests(r, v)
	}
	if conf.HasErrors(p.problems[before:]) {
		return nil
	}
	return r
}

// split sorts the keys of a rule: its own, conditions, and steps in short form.
func (p *parser) split(n *conf.Node) parts {
	out := parts{values: map[string]*conf.Node{}, steps: map[string]*conf.Node{}}
	for _, e := range n.Entries {
		word := e.Key.Value
		if key, ok := conf.Spelled(ruleKeys, word); ok && key != "reply" {
			if out.values[key] != nil {
				p.fail(e.Key, lang.T("%q is here twice, in two spellings", key))
			}
			out.values[key] = e.Value
			continue
		}
		if key, ok := conf.Spelled(stepKeys, word); ok {
			if !slices.Contains(inRule, key) {
				p.fail(e.Key, lang.T("the step %q stands in do:", word), lang.Raw("do: [{"+word+": …}]"))
				continue
			}
			if out.steps[key] != nil {
				p.fail(e.Key, lang.T("%q is here twice, in two spellings", key), lang.T("two of them need do:"))
			}
			out.steps[key] = e.Value
			continue
		}
		if _, ok := conf.Spelled(match.WhenKeys(), word); ok {
			out.conditions = append(out.conditions, e)
			continue
		}
		out.unknown = true
		all := slices.Concat(ruleKeys, match.WhenKeys(), stepKeys)
		where := lang.T("rule")
		if v := n.Lookup(ruleKeys, "name"); v != nil {
			where = lang.T("rule %s", v.Value)
		}
		p.unknown(e.Key, where, all)
	}
	return out
}

func (p *parser) nameOf(r *rule, n *conf.Node, parts parts) {
	at := n
	if v := parts.values["name"]; v != nil {
		at = v
		r.name = strings.TrimSpace(v.Value)
		if v.Kind != conf.Scalar || r.name == "" {
			p.fail(v, lang.T("name is a text"))
			return
		}
	} else {
		r.name = firstTrigger(parts)
	}
	if r.name == "" {
		r.name = nameless + fmt.Sprint(n.Line)
	}
	if first := p.names[r.name]; first != nil {
		p.fail(at, lang.T("a second rule named %q", r.name), lang.T("the first is in %s:%d", first.File, first.Line))
		return
	}
	p.names[r.name] = at
}

// nameless begins the name of a rule that has neither a name nor a trigger.
const nameless = "rule in line "

// title names the rule in a message.
func (r *rule) title() lang.Text {
	if line, ok := strings.CutPrefix(r.name, nameless); ok {
		return lang.T("rule in line %s", line)
	}
	return lang.T("rule %s", r.name)
}

// firstTrigger names a rule without a name.
func firstTrigger(parts parts) string {
	entries := parts.conditions
	if w := parts.values["when"]; w != nil {
		if w.Kind == conf.Scalar {
			return w.Value
		}
		if w.Kind == conf.List && len(w.Items) > 0 {
			w = w.Items[0]
		}
		entries = append(slices.Clone(entries), w.Entries...)
	}
	for _, e := range entries {
		v := e.Value
		if v.Kind == conf.List && len(v.Items) > 0 {
			v = v.Items[0]
		}
		if v.Kind == conf.Scalar {
			return v.Value
		}
	}
	return ""
}

func (p *parser) conditions(r *rule, n *conf.Node, parts parts) {
	o := match.Options{Folding: p.set.folding, Rule: true, Lists: p.listNamed}
	when := parts.values["when"]
	switch {
	case when != nil && len(parts.conditions) > 0:
		p.fail(parts.conditions[0].Key, lang.T("conditions stand in when: or in the rule itself, not in both"))
		return
	case len(parts.conditions) > 0:
		short := *n
		short.Entries = parts.conditions
		r.when = p.blocks(&short, o)
	case when != nil:
		r.when = p.blocks(when, o)
	case !parts.unknown:
		p.fail(n, lang.T("%s has no condition", r.title()), lang.T("say when: it fires, such as contains: 价格"))
	}
	if v := parts.values["unless"]; v != nil {
		o.Rule, o.Unless = false, true
		r.unless = p.blocks(v, o)
	}
}

func (p *parser) blocks(n *conf.Node, o match.Options) []*match.When {
	list := []*conf.Node{n}
	if n.Kind == conf.List {
		list = n.Items
	}
	if len(list) == 0 {
		p.fail(n, lang.T("no conditions here"), lang.T("such as contains: 价格"))
	}
	var out []*match.When
	for _, b := range list {
		// An empty block holds always; in unless it would stop the rule for ever.
		if o.Unless && b.Kind == conf.Map && len(b.Entries) == 0 {
			p.fail(b, lang.T("unless without conditions: the rule can never fire"))
			continue
		}
		w, problems := match.Compile(b, o)
		p.problems = append(p.problems, problems...)
		if w != nil {
			out = append(out, w)
		}
	}
	return out
}

// placeholdersFor are the placeholders of a rule. Most rules of a file have the same,
// and share them.
func (p *parser) placeholdersFor(r *rule) map[string]string {
	var b strings.Builder
	for _, w := range r.when {
		_, _ = fmt.Fprint(&b, w.Events, w.HasCommand(), w.GroupNames())
	}
	key := b.String()
	if p.known[key] == nil {
		p.known[key] = placeholders(r)
	}
	return p.known[key]
}

// placeholdersOf are the placeholders that an event has beside the common ones.
func placeholdersOf(k event.Kind) []string {
	switch k {
	case event.KindMessage:
		return []string{"text", "sender", "nickname", "remark", "group", "at"}
	case event.KindFriendRequest:
		return []string{"nickname", "text", "source", "sender"}
	case event.KindMemberJoined:
		return []string{"names", "count", "inviter", "group", "at"}
	case event.KindRecalled:
		return []string{"sender", "group", "text", "type", "nickname", "remark"}
	case event.KindTick:
		return nil
	case event.KindLogin, event.KindLogout, event.KindRestricted, event.KindExpired:
		return []string{"reason"}
	default:
		return []string{"sender", "nickname", "remark", "group", "names", "count", "inviter", "text", "at"}
	}
}

// placeholders are the names that have a meaning for all events of a rule.
func placeholders(r *rule) map[string]string {
	names := slices.Clone(commonWords)
	kinds := map[event.Kind]bool{}
	command := false
	groups := map[string]int{}
	for _, w := range r.when {
		for _, k := range w.Events {
			kinds[k] = true
		}
		command = command || w.HasCommand()
		for _, g := range w.GroupNames() {
			groups[g]++
		}
	}
	counts := map[string]int{}
	for k := range kinds {
		for _, name := range placeholdersOf(k) {
			counts[name]++
		}
	}
	for name, n := range counts {
		if n == len(kinds) {
			names = append(names, name)
		}
	}
	if command {
		names = append(names, "args")
	}
	for g, n := range groups {
		if n > 0 {
			names = append(names, g)
		}
	}
	all := conf.Spellings(placeholderWords)
	out := map[string]string{}
	for _, name := range names {
		out[name] = name
	}
	for spelling, name := range all {
		if slices.Contains(names, name) {
			out[spelling] = name
		}
	}
	return out
}

func (p *parser) brakes(r *rule, parts parts, known map[string]string) {
	if v := parts.values["cooldown"]; v != nil {
		r.cooldown = p.cooldown(v, known)
		if r.cooldown != nil && r.cooldown.per != "rule" && !hasChat(r) {
			p.fail(v, lang.T("events without a chat allow only {per: rule}"))
		}
	}
	if v := parts.values["limit"]; v != nil {
		n, per, day, ok := v.Rate()
		if !ok {
			p.fail(v, lang.T("limit is a rate like 30/day, here is %s", v.Describe()))
			return
		}
		r.limit = &limit{n: n, per: per, day: day, written: v.Value}
	}
}

func hasChat(r *rule) bool {
	for _, w := range r.when {
		for _, k := range w.Events {
			switch k {
			case event.KindLogin, event.KindLogout, event.KindRestricted, event.KindExpired, event.KindTick:
				return false
			default:
			}
		}
	}
	return true
}

func (p *parser) cooldown(v *conf.Node, known map[string]string) *cooldown {
	c := &cooldown{per: "chat", most: 1}
	if v.Kind != conf.Map {
		p.duration("cooldown", v, &c.every)
		return c
	}
	p.entries(v, lang.Raw("cooldown"), cooldownKeys, func(key string, _, v *conf.Node) {
		switch key {
		case "per":
			w, ok := v.Word(conf.Spellings(perWords))
			if !ok {
				p.fail(v, lang.T("per is chat, sender or rule"))
			}
			c.per = w
		case "every":
			p.duration(key, v, &c.every)
		case "max":
			if p.count(key, v, &c.most); c.most == 0 {
				p.fail(v, lang.T("max: 0 would never let the rule answer"), lang.T("enabled: false switches it off"))
			}
		case "notice":
			c.notice = p.template(v, known)
		}
	})
	if c.every <= 0 {
		p.fail(v, lang.T("cooldown needs every: a duration"))
	}
	return c
}

func (p *parser) template(n *conf.Node, known map[string]string) template {
	if n.Kind != conf.Scalar {
		p.fail(n, lang.T("here is a text wanted, not %s", n.Describe()), nullHint(n))
		return nil
	}
	p.slips(n)
	t, problems := readTemplate(n, known)
	p.problems = append(p.problems, problems...)
	return t
}

func nullHint(n *conf.Node) lang.Text {
	if strings.HasPrefix(n.Comment, "#") {
		return lang.T("%q is read as a comment; quote it", n.Comment)
	}
	return lang.Text{}
}

// slips warns of texts that YAML reads otherwise than their writer meant.
func (p *parser) slips(n *conf.Node) {
	if n.Quoted {
		return
	}
	switch {
	case curly(n.Value) != n.Value:
		p.mendable(n.Written(strconv.Quote(curly(n.Value))), n, lang.T("curly quotes are sent as they stand"), lang.T(`use straight ones: "%s"`, curly(n.Value)))
	case n.Joined:
		p.warn(n, lang.T("the lines of this text are joined by blanks"), lang.T("put | before the text to keep its lines"))
	case strings.Contains(n.Value, `\n`):
		p.mendable(n.Written(strings.ReplaceAll(strconv.Quote(n.Value), `\\n`, `\n`)), n, lang.T(`\n is sent as it stands`), lang.T(`put the text in double quotes, or use | and lines of their own`))
	case strings.HasPrefix(n.Comment, "#") && !strings.HasPrefix(n.Comment, "# "):
		p.mendable(n.Uncommented(), n, lang.T("%q is read as a comment and not sent", n.Comment), lang.T("quote the text"))
	}
}

// curly takes a pair of quotes that YAML does not know off a text.
func curly(s string) string {
	for _, pair := range [][2]string{{"“", "”"}, {"‘", "’"}, {"＂", "＂"}, {"＇", "＇"}} {
		if rest, ok := strings.CutPrefix(s, pair[0]); ok {
			if inner, ok := strings.CutSuffix(rest, pair[1]); ok {
				return inner
			}
		}
	}
	return s
}

// mendable warns of what is mended by another line.
func (p *parser) mendable(mended string, n *conf.Node, text, hint lang.Text) {
	problem := n.At(conf.Warning, text, hint)
	problem.Mended = mended
	p.problems = append(p.problems, problem)
}

// exactlyOne checks that a rule says in one way only what it does.
func exactlyOne(parts parts) []string {
	var found []string
	for _, key := range []string{"reply_one_of", "do"} {
		if parts.values[key] != nil {
			found = append(found, key)
		}
	}
	if len(parts.steps) > 0 {
		found = append(found, strings.Join(slices.Sorted(maps.Keys(parts.steps)), ", "))
	}
	return found
}

func (p *parser) actions(r *rule, n *conf.Node, parts parts, known map[string]string) {
	switch found := exactlyOne(parts); len(found) {
	case 0:
		if !parts.unknown {
			p.fail(n, lang.T("%s does nothing", r.title()), lang.T("add reply: or do:"))
		}
		return
	case 1:
	default:
		p.fail(n, lang.T("rule %s has %s; one of them is enough", r.name, strings.Join(found, " and ")), lang.T("put all steps in do:"))
		return
	}
	c := stepCompiler{p: p, rule: r, known: known}
	if v := parts.values["reply_one_of"]; v != nil {
		r.oneOf = c.variants("reply_one_of", v)
	}
	if v := parts.values["do"]; v != nil {
		c.list(v)
	}
	for _, key := range inRule {
		if v := parts.steps[key]; v != nil {
			c.step(key, v, v)
		}
	}
	c.check(n)
}

const (
	revokeMost  = 110 * time.Second
	revokeLeast = 10 * time.Second
)
