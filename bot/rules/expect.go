package rules

import (
	"slices"
	"strings"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// expectation is what a test wants: any of the parts that are set.
type expectation struct {
	nothing bool
	step    string   // that some rule does
	text    string   // that some answer contains
	rule    string   // that fires
	steps   []string // all that is done, in order
}

const expectNothing = "nothing"

// expectation reads a step's name, "nothing", a text that the answer contains, or a
// map of these.
func (p *parser) expectation(v *conf.Node) expectation {
	var x expectation
	if v.Kind == conf.Map {
		p.entries(v, lang.Raw("expect"), expectKeys, func(key string, _, v *conf.Node) {
			if key == "steps" {
				x.steps = p.expectedSteps(v)
				return
			}
			if v.Kind != conf.Scalar || v.Value == "" {
				p.fail(v, lang.T("%s is a text, here is %s", key, v.Describe()), nullHint(v))
			}
			if key == "text" {
				x.text = v.Value
			} else {
				x.rule = v.Value
			}
		})
		if len(v.Entries) == 0 {
			p.fail(v, lang.T("expect is an empty map"), lang.Raw("{text: …, rule: …, steps: […]}"))
		}
		return x
	}
	if v.Kind != conf.Scalar || v.Value == "" {
		p.fail(v, lang.T("expect is a step, nothing, or a text that the answer contains"))
		return x
	}
	switch step, isStep := conf.Spelled(stepKeys, v.Value); {
	case v.Value == expectNothing || v.Value == "无":
		x.nothing = true
	case isStep:
		x.step = step
	default:
		x.text = v.Value
	}
	return x
}

func (p *parser) expectedSteps(v *conf.Node) []string {
	out := []string{}
	if v.Kind != conf.List {
		p.fail(v, lang.T("steps is a list of steps, here is %s", v.Describe()), lang.Raw("[reply, notify]"))
		return out
	}
	for _, i := range v.Items {
		step, ok := conf.Spelled(stepKeys, i.Value)
		if !ok || i.Kind != conf.Scalar {
			p.unknown(i, lang.Raw("steps"), stepKeys)
			continue
		}
		out = append(out, step)
	}
	return out
}

// judge compares what was decided with what the test expects.
func (x *expectation) judge(dec event.Decision) (problem lang.Text, ok bool) {
	var did, texts, fired []string
	for _, f := range dec.Firings {
		fired = append(fired, f.Rule)
		for _, a := range f.Steps {
			did = append(did, string(a.Kind))
			texts = append(texts, a.Message.Text)
		}
	}
	if x.nothing {
		if len(did) > 0 {
			return lang.T("expected nothing, but rule %s fired: %s", dec.Firings[0].Rule, strings.Join(did, ", ")), false
		}
		return lang.Text{}, true
	}
	if x.rule != "" && !slices.Contains(fired, x.rule) {
		return lang.T("expected rule %s, fired: %s", x.rule, orNothing(fired)), false
	}
	if x.step != "" && !slices.Contains(did, x.step) {
		return lang.T("expected %s, got %s", x.step, orNothing(did)), false
	}
	if x.steps != nil && !slices.Equal(did, x.steps) {
		return lang.T("expected the steps %s, got %s", orNothing(x.steps), orNothing(did)), false
	}
	if x.text != "" && !slices.ContainsFunc(texts, func(got string) bool { return strings.Contains(got, x.text) }) {
		return lang.T("expected an answer with %q, got %q", x.text, strings.Join(texts, "\n")), false
	}
	return lang.Text{}, true
}

func orNothing(did []string) string {
	if len(did) == 0 {
		return expectNothing
	}
	return strings.Join(did, ", ")
}
