package rules

import (
	"fmt"
	"slices"
	"strings"

	"wxbot/bot/conf"
	"wxbot/bot/event"
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
		p.entries(v, "expect", expectKeys, func(key string, _, v *conf.Node) {
			if key == "steps" {
				x.steps = p.expectedSteps(v)
				return
			}
			if v.Kind != conf.Scalar || v.Value == "" {
				p.fail(v, fmt.Sprintf("%s is a text, here is %s", key, v.Describe()), nullHint(v))
			}
			if key == "text" {
				x.text = v.Value
			} else {
				x.rule = v.Value
			}
		})
		if len(v.Entries) == 0 {
			p.fail(v, "expect is an empty map", "{text: …, rule: …, steps: […]}")
		}
		return x
	}
	if v.Kind != conf.Scalar || v.Value == "" {
		p.fail(v, "expect is a step, nothing, or a text that the answer contains", "")
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
		p.fail(v, "steps is a list of steps, here is "+v.Describe(), "[reply, notify]")
		return out
	}
	for _, i := range v.Items {
		step, ok := conf.Spelled(stepKeys, i.Value)
		if !ok || i.Kind != conf.Scalar {
			p.unknown(i, "steps", stepKeys)
			continue
		}
		out = append(out, step)
	}
	return out
}

// judge compares what was decided with what the test expects.
func (x *expectation) judge(dec event.Decision) (problem string, ok bool) {
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
			return fmt.Sprintf("expected nothing, but rule %s fired: %s", dec.Firings[0].Rule, strings.Join(did, ", ")), false
		}
		return "", true
	}
	if x.rule != "" && !slices.Contains(fired, x.rule) {
		return fmt.Sprintf("expected rule %s, fired: %s", x.rule, orNothing(fired)), false
	}
	if x.step != "" && !slices.Contains(did, x.step) {
		return fmt.Sprintf("expected %s, got %s", x.step, orNothing(did)), false
	}
	if x.steps != nil && !slices.Equal(did, x.steps) {
		return fmt.Sprintf("expected the steps %s, got %s", orNothing(x.steps), orNothing(did)), false
	}
	if x.text != "" && !slices.ContainsFunc(texts, func(got string) bool { return strings.Contains(got, x.text) }) {
		return fmt.Sprintf("expected an answer with %q, got %q", x.text, strings.Join(texts, "\n")), false
	}
	return "", true
}

func orNothing(did []string) string {
	if len(did) == 0 {
		return expectNothing
	}
	return strings.Join(did, ", ")
}
