package bot

import (
	"encoding/json"

	"wxbot/bot/conf"
)

// alertJSON is a JSON value written in YAML, with placeholders in its texts. They
// are filled as data: whatever an alert says, the value keeps its shape.
type alertJSON struct {
	kind    conf.Kind
	literal string        // of a scalar that is a number, true or false
	text    alertTemplate // of any other scalar
	keys    []string      // of a map
	items   []alertJSON   // of a list or map
}

func parseAlertJSON(n *conf.Node) (alertJSON, []conf.Problem) {
	v := alertJSON{kind: n.Kind}
	var problems []conf.Problem
	add := func(child *conf.Node) {
		item, ps := parseAlertJSON(child)
		v.items = append(v.items, item)
		problems = append(problems, ps...)
	}
	switch n.Kind {
	case conf.Null:
	case conf.Scalar:
		if !n.Quoted && json.Valid([]byte(n.Value)) {
			v.literal = n.Value
			break
		}
		v.text, problems = parseAlertTemplate(n)
	case conf.List:
		for _, i := range n.Items {
			add(i)
		}
	case conf.Map:
		for _, e := range n.Entries {
			v.keys = append(v.keys, e.Key.Value)
			add(e.Value)
		}
	}
	return v, problems
}

// templates calls f for every text of the value.
func (v *alertJSON) templates(f func(alertTemplate)) {
	if v.kind == conf.Scalar && v.literal == "" {
		f(v.text)
	}
	for i := range v.items {
		v.items[i].templates(f)
	}
}

// append writes the value, filled.
func (v *alertJSON) append(b []byte, a *alert, secrets map[string]string) []byte {
	switch v.kind {
	case conf.Scalar:
		if v.literal != "" {
			return append(b, v.literal...)
		}
		return appendJSONText(b, v.text.fill(a, secrets))
	case conf.List:
		b = append(b, '[')
		for i := range v.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = v.items[i].append(b, a, secrets)
		}
		return append(b, ']')
	case conf.Map:
		b = append(b, '{')
		for i, k := range v.keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendJSONText(b, k), ':')
			b = v.items[i].append(b, a, secrets)
		}
		return append(b, '}')
	case conf.Null:
	}
	return append(b, "null"...)
}

func appendJSONText(b []byte, s string) []byte {
	text, err := json.Marshal(s)
	if err != nil { // a text can always be encoded
		return append(b, `""`...)
	}
	return append(b, text...)
}

// defaultJSON is what a webhook gets that names no body.
func (a *alert) defaultJSON() ([]byte, error) {
	return json.Marshal(map[string]string{
		"event": a.field("event"), "text": a.text, "account": a.account, "time": a.field("time"),
	})
}
