package bot

import (
	"fmt"
	"path/filepath"

	"wxbot/bot/conf"
	"wxbot/bot/control"
	"wxbot/bot/lang"
)

// fill takes over what wxbot.yaml says. Paths are relative to the file.
func (c *Config) fill(root *conf.Node) []conf.Problem {
	if root == nil || root.Kind == conf.Null {
		return nil
	}
	if root.Kind != conf.Map {
		return []conf.Problem{root.At(conf.Error, lang.T("the configuration is a map of keys, here is %s", root.Describe()))}
	}
	byName := map[string]configKey{}
	for _, k := range configKeys(c) {
		byName[k.yaml()] = k
	}
	var problems []conf.Problem
	for _, e := range root.Entries {
		c.origins[e.Key.Value] = origin{control.SourceFile, fmt.Sprintf("%s:%d", c.File, e.Key.Line)}
		switch e.Key.Value {
		case alertsKey:
			specs, ps := readAlerts(e.Value, filepath.Dir(c.File))
			c.Alerts.specs = specs
			problems = append(problems, ps...)
			continue
		case historyKey:
			problems = append(problems, c.History.fill(e.Value)...)
			continue
		}
		k, ok := byName[e.Key.Value]
		if !ok {
			problems = append(problems, e.Key.At(conf.Error, lang.T("unknown key %q", e.Key.Value), conf.DidYouMean(conf.Suggest(e.Key.Value, conf.Names(configWords())))))
			continue
		}
		if e.Value.Kind != conf.Scalar {
			problems = append(problems, e.Value.At(conf.Error, lang.T("%s is a text, here is %s", e.Key.Value, e.Value.Describe())))
			continue
		}
		if e.Value.Value == "" { // as if it were not there
			delete(c.origins, e.Key.Value)
			continue
		}
		if text, hint := k.wrong(e.Value.Value); !text.IsZero() {
			problems = append(problems, e.Value.At(conf.Error, lang.T("%s is %q: %s", e.Key.Value, e.Value.Value, text), hint))
			continue
		}
		*k.value = e.Value.Value
		if k.path {
			*k.value = absolute(filepath.Dir(c.File), e.Value.Value)
		}
	}
	return problems
}
