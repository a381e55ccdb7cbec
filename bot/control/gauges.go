package control

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// gauges tells, at each scrape, what the status tells.
type gauges struct {
	daemon Daemon
	list   []gauge
}

// gauge is one metric and how its values are read off the status.
type gauge struct {
	desc   *prometheus.Desc
	kind   prometheus.ValueType
	values func(st *Status, is func(v float64, labels ...string))
}

func newGauge(name, help string, values func(st *Status, is func(float64, ...string)), labels ...string) gauge {
	return gauge{prometheus.NewDesc(name, help, labels, nil), prometheus.GaugeValue, values}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// timestamp tells a time as Prometheus does; what has not happened is left out.
func timestamp(t time.Time, is func(float64, ...string)) {
	if !t.IsZero() {
		is(float64(t.UnixMilli()) / 1000)
	}
}

func newGauges(d Daemon) *gauges {
	g := &gauges{daemon: d}
	add := func(name, help string, values func(st *Status, is func(float64, ...string)), labels ...string) {
		g.list = append(g.list, newGauge(name, help, values, labels...))
	}
	add("wxbot_build_info", "The version that runs.", func(st *Status, is func(float64, ...string)) { is(1, st.Version) }, "version")
	add("wxbot_session_state", "1 for the state of the session, 0 for the others.", func(st *Status, is func(float64, ...string)) {
		for _, s := range Sessions() {
			is(truth(st.Session == s), string(s))
		}
	}, "state")
	add("wxbot_last_heard_timestamp_seconds", "When WeChat last answered anything.", func(st *Status, is func(float64, ...string)) { timestamp(st.Heard, is) })
	add("wxbot_last_poll_timestamp_seconds", "When a poll last said that the session is alive.", func(st *Status, is func(float64, ...string)) { timestamp(st.Polled, is) })
	add("wxbot_last_sync_timestamp_seconds", "When WeChat last let messages be fetched.", func(st *Status, is func(float64, ...string)) { timestamp(st.Synced, is) })
	add("wxbot_last_message_timestamp_seconds", "When that last brought any.", func(st *Status, is func(float64, ...string)) { timestamp(st.Delivered, is) })
	add("wxbot_events_waiting", "Events that are stored and not dealt with.", func(st *Status, is func(float64, ...string)) { is(float64(st.Inbox.Waiting)) })
	add("wxbot_events_poisoned", "Events that are skipped because the daemon died of them.", func(st *Status, is func(float64, ...string)) { is(float64(st.Outbox.Poisoned)) })
	add("wxbot_deliveries_waiting", "Actions that wait in the outbox.", func(st *Status, is func(float64, ...string)) { is(float64(st.Outbox.Waiting)) })
	add("wxbot_trial", "1 while the mode is trial and nothing is sent.", func(st *Status, is func(float64, ...string)) { is(truth(st.Mode == "trial")) })
	add("wxbot_paused", "1 while everything is paused.", func(st *Status, is func(float64, ...string)) { is(truth(st.Brakes.Paused != nil)) })
	add("wxbot_paused_chats", "Chats that are paused.", func(st *Status, is func(float64, ...string)) { is(float64(len(st.Brakes.Chats))) })
	add("wxbot_warned", "1 while a warning of WeChat's holds back what nobody asked for.", func(st *Status, is func(float64, ...string)) { is(truth(st.Brakes.Warning != "")) })
	add("wxbot_throttled", "1 for a kind of action that WeChat has stopped.", func(st *Status, is func(float64, ...string)) {
		for _, t := range st.Brakes.Throttled {
			is(1, t.Action)
		}
	}, "action")
	add("wxbot_rules", "Rules in force.", func(st *Status, is func(float64, ...string)) { is(float64(st.Rules)) })
	add("wxbot_plugins", "Plugins, by how they are.", func(st *Status, is func(float64, ...string)) {
		n := map[string]int{}
		for _, p := range st.Plugins {
			switch {
			case p.Paused != "":
				n["paused"]++
			case p.Running:
				n["running"]++
			default:
				n["off"]++
			}
		}
		for _, state := range []string{"running", "paused", "off"} {
			is(float64(n[state]), state)
		}
	}, "state")
	add("wxbot_files_invalid", "1 while newer rules or plugins are invalid and older ones run.", func(st *Status, is func(float64, ...string)) { is(truth(st.Broken != "")) })
	add("wxbot_store_failing", "1 while the state cannot be written.", func(st *Status, is func(float64, ...string)) { is(truth(st.Store != nil)) })
	add("wxbot_alerts_total", "Alerts told outside WeChat, by how that went.", func(st *Status, is func(float64, ...string)) {
		is(float64(st.Alerts.Sent), "sent")
		is(float64(st.Alerts.Failed), "failed")
	}, "result")
	g.list[len(g.list)-1].kind = prometheus.CounterValue
	return g
}

// Describe implements prometheus.Collector.
func (g *gauges) Describe(out chan<- *prometheus.Desc) {
	for _, x := range g.list {
		out <- x.desc
	}
}

// collectMost is how long a scrape waits for the daemon's status.
const collectMost = 5 * time.Second

// Collect implements prometheus.Collector. The interface gives it no context.
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectMost) //nolint:forbidigo // there is none to derive from
	defer cancel()
	st, err := g.daemon.Status(ctx)
	for _, x := range g.list {
		if err != nil {
			out <- prometheus.NewInvalidMetric(x.desc, err)
			return
		}
		x.values(&st, func(v float64, labels ...string) {
			out <- prometheus.MustNewConstMetric(x.desc, x.kind, v, labels...)
		})
	}
}
