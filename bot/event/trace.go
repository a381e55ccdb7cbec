package event

import "time"

// Trace tells what became of one event at each stage. What became of the actions
// tell their deliveries, which bear the event's id.
type Trace struct {
	// Seq is the event's position in the inbox; of a gathered one, that of the first
	// that it was merged from.
	Seq int64 `json:"-"`
	// Time is when it was handled, Took for how long it held its chat's lane.
	Time time.Time     `json:"time"`
	Took time.Duration `json:"took,omitempty"`
	// Event is as it was handled, without what is secret. Its texts are gone after a
	// day, and with them Errors.
	Event   Event  `json:"event"`
	Outcome string `json:"outcome"`
	// Rules is the version of the rules that decided, "" if none were asked; Command
	// the rule whose command the message called. Held are the rules whose conditions
	// held: of all others, what keeps them can be told from these and the event.
	Rules    string    `json:"rules,omitempty"`
	Command  string    `json:"command,omitempty"`
	Gathered string    `json:"gathered,omitempty"` // the rule whose gather time was over
	Held     []Verdict `json:"held,omitempty"`
	Plugins  []Ran     `json:"plugins,omitempty"`
	// Errors are what plugins' handlers failed with; Ran.Failed counts into it.
	Errors []string `json:"errors,omitempty"`
}

// Ran is one handler of a plugin that was called for an event.
type Ran struct {
	Plugin  string `json:"plugin"`
	Handler string `json:"handler"` // such as "on message", "filter", "command 天气"
	Claim   Claim  `json:"claim,omitempty"`
	// Took is how long it has taken: until its end, or until it claimed the event
	// and went on.
	Took time.Duration `json:"took,omitempty"`
	// Failed, if above 0, is the place in Trace.Errors of what it failed with,
	// counted from 1.
	Failed int `json:"failed,omitempty"`
}

// TraceRun is what the host of plugins tells of a handler's call.
type TraceRun struct {
	Event string // its id
	Ran   Ran
	Err   error // that it ended with
}

// TraceLimits say how many traces are kept, and for how long. Max 0 keeps none.
type TraceLimits struct {
	Keep time.Duration
	Max  int
}
