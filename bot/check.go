package bot

import (
	"context"
	"fmt"
	"os"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/lang"
	"wxbot/bot/luahost"
)

// Report is what `wxbot check` found: everything that `wxbot run` would load.
type Report struct {
	// Problems of rules, plugins and alerts, errors and warnings, in the order of
	// their places.
	Problems []conf.Problem
	Rules    []RuleReport
	Plugins  []luahost.Info
	Mode     string // of settings
	// Capabilities is what the mode of login can do.
	Capabilities event.Capabilities
}

// RuleReport is one rule and whom it would answer.
type RuleReport struct {
	Name    string
	Enabled bool
	File    string
	Line    int
	Scope   string // where it applies, in words
	Trigger string // what it waits for, in the words of the file
	Steps   string // what it does, by the names of the steps
}

// Errors counts the problems that keep a file from being used.
func (r *Report) Errors() int { return len(onlyErrors(r.Problems)) }

// Check loads rules and plugins exactly as Run does, and runs nothing. Its error
// tells of files that could not be read at all.
func Check(ctx context.Context, o Options) (*Report, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	r := &Report{Capabilities: capabilities(o.Config.Mode), Problems: o.Config.risks()}
	r.checkAlerts(o.Config.Alerts)
	exports, err := r.checkPlugins(ctx, o)
	if err != nil {
		return nil, err
	}
	if o.Config.Rules == "" {
		return r, nil
	}
	set, _, problems, err := readBundle(o.Config.Rules, exports)
	if err != nil {
		return nil, err
	}
	r.Problems = append(r.Problems, problems...)
	if set != nil {
		r.Problems = append(r.Problems, set.Unfit(r.Capabilities)...)
	}
	conf.Sort(r.Problems)
	if set == nil {
		return r, nil
	}
	r.Mode = string(set.Settings().Mode)
	for _, i := range set.Rules() {
		r.Rules = append(r.Rules, RuleReport{
			Name: i.Name, Enabled: i.Enabled, File: i.File, Line: i.Line, Scope: i.Scope, Trigger: i.Trigger, Steps: i.Steps,
		})
	}
	return r, nil
}

// checkPlugins gives a function that knows what the plugins export; nil without
// plugins.
func (r *Report) checkPlugins(ctx context.Context, o Options) (func(string) bool, error) {
	if o.Config.Plugins == "" {
		return nil, nil
	}
	if _, err := os.Stat(o.Config.Plugins); err != nil {
		return nil, fmt.Errorf("plugins: %w", err)
	}
	infos, problems := luahost.Check(ctx, luahost.Options{Dir: o.Config.Plugins, Clock: o.Clock, Logger: o.Logger, Capabilities: r.Capabilities})
	r.Plugins = infos
	r.Problems = append(r.Problems, unfitPlugins(o.Config.Plugins, infos)...)
	exports := map[string]bool{}
	for _, i := range infos {
		for _, e := range i.Exports {
			exports[i.Name+"."+e] = true
		}
	}
	for _, p := range problems {
		severity := conf.Error
		if p.Off {
			severity = conf.Warning
		}
		text := lang.T("plugin %s: %s", p.Plugin, p.Text)
		if p.Plugin == luahost.EveryPlugin {
			text = p.Text
		}
		r.Problems = append(r.Problems, conf.Problem{
			File: p.File, Line: p.Line, Severity: severity, Text: text,
		})
	}
	return func(name string) bool { return exports[name] }, nil
}
