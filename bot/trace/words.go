package trace

import (
	"strings"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// outcome sums a trace up in a few words.
func outcome(t *event.Trace) lang.Text {
	if name, ok := strings.CutPrefix(t.Outcome, event.OutcomeRule); ok {
		return lang.T("rule %s", name)
	}
	switch t.Outcome {
	case event.OutcomePlugin, event.OutcomeCommand, event.OutcomeAnswer:
		for _, p := range t.Plugins {
			if p.Claim != event.Unclaimed && p.Handler != "filter" && !strings.HasPrefix(p.Handler, "observe ") {
				return lang.T("plugin %s", p.Plugin)
			}
		}
		return lang.T("a plugin")
	case event.OutcomeNothing:
		for _, v := range t.Held {
			if v.Ends {
				return lang.T("rule %s, silently", v.Rule)
			}
		}
		return lang.T("nothing answered")
	}
	if text := gate(t.Outcome); !text.IsZero() {
		return text
	}
	return lang.Raw(t.Outcome)
}

// answered tells whether anything took the event.
func answered(t *event.Trace) bool {
	switch t.Outcome {
	case event.OutcomePlugin, event.OutcomeCommand, event.OutcomeAnswer, event.OutcomeAdmin:
		return true
	}
	return strings.HasPrefix(t.Outcome, event.OutcomeRule)
}

// gate says what let nothing answer; the zero text if that was not so.
func gate(outcome string) lang.Text {
	switch outcome {
	case event.OutcomeUnknown:
		return lang.T("chat unknown: nothing answers where the chat or the sender cannot be looked up")
	case event.OutcomeBeforeLogin:
		return lang.T("before the login: nothing answers what is older than that")
	case event.OutcomeStale:
		return lang.T("expired: older than pace.stale")
	case event.OutcomeNever:
		return lang.T("in settings.never: nothing answers")
	case event.OutcomeMuted:
		return lang.T("loop guard: the sender is muted here for a while")
	case event.OutcomePaused:
		return lang.T("paused")
	case event.OutcomeHandover:
		return lang.T("handover: the owner has just written here")
	case event.OutcomeAdmin:
		return lang.T("an admin's command")
	case event.OutcomeAnswer:
		return lang.T("the answer to a plugin's question")
	case event.OutcomeNotice:
		return lang.T("a notice of WeChat's own")
	case event.OutcomePanic:
		return lang.T("a defect of wxbot ended it: see the log")
	case event.OutcomePoisoned:
		return lang.T("poisoned: the daemon died each time it was handled")
	case event.OutcomeFiltered:
		return lang.T("dropped by a filter")
	case event.OutcomeForgotten:
		return lang.T("forgotten")
	case event.OutcomeGathered:
		return lang.T("waits for others like it")
	}
	return lang.Text{}
}

// fate tells how far an action has come.
func (w *words) fate(a Answer) lang.Text {
	switch a.Status {
	case event.StatusPending:
		return w.waits(a.Waiting)
	case event.StatusSent:
		took := span(a.Receipt.Time.Sub(a.Created))
		if a.Held != "" {
			return lang.T("sent after %s, held by %s", took, brake(a.Held))
		}
		return took
	case event.StatusTrial:
		return lang.T("not sent: trial mode")
	case event.StatusFailed:
		return lang.T("not done: %s", because(a.Delivery))
	case event.StatusUnknown:
		return lang.T("unclear whether it was done: %s", because(a.Delivery))
	case event.StatusExpired:
		return lang.T("given up: %s", because(a.Delivery))
	}
	return lang.Raw(string(a.Status))
}

func because(d event.Delivery) lang.Text {
	switch d.Held {
	case event.BrakeNever, event.BrakeHandover, event.BrakeStale:
		return brake(d.Held)
	case event.BrakeStep:
		return lang.T("the step before it did not end well")
	default:
	}
	if d.Reason == event.ReasonForgotten {
		return lang.T("forgotten")
	}
	return lang.Raw(d.Reason)
}

func (w *words) waits(x event.Waiting) lang.Text {
	switch {
	case x.Brake == "":
		return lang.T("on its way")
	case x.Brake == event.BrakeRetry:
		return lang.T("tried again until it works: %s", lang.Raw(x.Why))
	case x.Until.IsZero():
		return lang.T("waits: %s", brake(x.Brake))
	}
	until := x.Until.In(w.facts.zone()).Format("15:04:05")
	if x.Until.Sub(w.facts.Now) > 12*time.Hour {
		until = x.Until.In(w.facts.zone()).Format("01-02 15:04")
	}
	return lang.T("waits until %s: %s", until, brake(x.Brake))
}

// brake names what holds an action back.
func brake(b event.Brake) lang.Text {
	switch b {
	case event.BrakeTrial:
		return lang.T("trial mode")
	case event.BrakeNever:
		return lang.T("settings.never")
	case event.BrakeHandover:
		return lang.T("handover: the owner has just written here")
	case event.BrakeStale:
		return lang.T("it waited longer than pace.stale")
	case event.BrakePace:
		return lang.T("the pace")
	case event.BrakeQuiet:
		return lang.T("quiet hours")
	case event.BrakeCap:
		return lang.T("the cap of the day")
	case event.BrakeThrottled:
		return lang.T("WeChat said too often")
	case event.BrakePaused:
		return lang.T("a pause")
	case event.BrakeWarned:
		return lang.T("WeChat's warning")
	case event.BrakeLogin:
		return lang.T("there is no session")
	case event.BrakeContacts:
		return lang.T("contacts are being loaded")
	case event.BrakeFriend:
		return lang.T("the new friend is not known yet")
	case event.BrakeTime:
		return lang.T("its own time")
	case event.BrakeStep:
		return lang.T("the step before it")
	case event.BrakeTurn:
		return lang.T("its turn")
	case event.BrakeRetry:
		return lang.T("another try")
	}
	return lang.Raw(string(b))
}

// span writes how long something took.
func span(d time.Duration) lang.Text {
	switch {
	case d < 0:
		return lang.Raw("0 ms")
	case d < 10*time.Millisecond:
		return lang.T("%.1f ms", float64(d.Microseconds())/1000)
	case d < time.Second:
		return lang.T("%d ms", d.Milliseconds())
	case d < time.Minute:
		return lang.T("%.1f s", d.Seconds())
	}
	return lang.Raw(d.Round(time.Second).String())
}
