package control

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"wxbot/bot/event"
)

// Metrics counts what the daemon does, for Prometheus; docs/metrics.md describes
// each. Labels are names of rules and plugins and words of the daemon's own, never
// of people. Its methods do not block and may be called concurrently.
type Metrics struct {
	registry *prometheus.Registry

	received *prometheus.CounterVec
	handled  *prometheus.CounterVec
	hits     *prometheus.CounterVec
	calls    *prometheus.CounterVec
	seconds  *prometheus.CounterVec
	faults   *prometheus.CounterVec
	ended    *prometheus.CounterVec
	latency  prometheus.Histogram

	rules, plugins, outcomes names
}

const (
	// namesMost bounds how many names a label takes: others are told together.
	namesMost = 500
	otherName = "(other)"
)

// latencyBuckets reach from an answer at once to one that waits for its turn or for
// the morning.
func latencyBuckets() []float64 {
	return []float64{0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 60, 300, 1800}
}

// NewMetrics makes the metrics. What is no count is asked of d at each scrape.
func NewMetrics(d Daemon) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		received: counter("wxbot_events_received_total", "Events that came from WeChat and were stored.", "kind", "type"),
		handled:  counter("wxbot_events_handled_total", "Events that were dealt with, by what came of them.", "outcome"),
		hits:     counter("wxbot_rule_hits_total", "Times that a rule fired.", "rule"),
		calls:    counter("wxbot_plugin_calls_total", "Calls into a plugin that ended.", "plugin"),
		seconds:  counter("wxbot_plugin_seconds_total", "Time that a plugin ran, waiting left out.", "plugin"),
		faults:   counter("wxbot_plugin_errors_total", "Calls into a plugin that failed.", "plugin", "cause"),
		ended:    counter("wxbot_deliveries_total", "Actions that left the outbox, by how they ended.", "action", "status"),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "wxbot_reply_latency_seconds", Help: "Time from a message to the answer that WeChat accepted.",
			Buckets: latencyBuckets(),
		}),
	}
	m.registry.MustRegister(
		m.received, m.handled, m.hits, m.calls, m.seconds, m.faults, m.ended, m.latency, newGauges(d),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// Received counts an event that was stored.
func (m *Metrics) Received(ev *event.Event) {
	kind := ""
	if ev.Message != nil {
		kind = string(ev.Message.Type)
	}
	m.received.WithLabelValues(string(ev.Kind), kind).Inc()
}

// Handled counts an event that was dealt with.
func (m *Metrics) Handled(outcome string) {
	m.handled.WithLabelValues(m.outcomes.bounded(outcome)).Inc()
}

// RuleFired counts a rule that fired.
func (m *Metrics) RuleFired(rule string) { m.hits.WithLabelValues(m.rules.bounded(rule)).Inc() }

// PluginRan adds to the time that a plugin ran; ended: the call is over.
func (m *Metrics) PluginRan(plugin string, took time.Duration, ended bool) {
	plugin = m.plugins.bounded(plugin)
	m.seconds.WithLabelValues(plugin).Add(max(took, 0).Seconds())
	if ended {
		m.calls.WithLabelValues(plugin).Inc()
	}
}

// PluginFailed counts an error of a plugin; limit: it ran over one of its limits.
func (m *Metrics) PluginFailed(plugin string, limit bool) {
	cause := "error"
	if limit {
		cause = "limit"
	}
	m.faults.WithLabelValues(m.plugins.bounded(plugin), cause).Inc()
}

// Ended counts an action that has ended. took is how long an answer took that was
// sent; 0 for anything else.
func (m *Metrics) Ended(action event.ActionKind, status event.Status, took time.Duration) {
	m.ended.WithLabelValues(string(action), string(status)).Inc()
	if took > 0 {
		m.latency.Observe(took.Seconds())
	}
}

// names are the values that a label has taken.
type names struct {
	mu    sync.RWMutex
	known map[string]bool
}

// bounded gives the name, or the one for all beyond the bound.
func (n *names) bounded(name string) string {
	n.mu.RLock()
	known := n.known[name]
	n.mu.RUnlock()
	if known {
		return name
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case len(n.known) >= namesMost:
		return otherName
	case n.known == nil:
		n.known = map[string]bool{}
	}
	n.known[name] = true
	return name
}
