package event

import (
	"time"

	"wxbot/bot/lang"
)

// Decision is what the rules make of one event.
type Decision struct {
	Firings []Firing
	// Ended: a rule fired without "continue", so nothing later is tried. True
	// also for a rule that matched but is in cooldown, at its limit, or
	// gathering.
	Ended bool
	// Gather names the rules that matched and want to wait for more of the
	// same in this chat before they fire.
	Gather []Gather
	// Verdicts tell, for the trace, of the rules whose conditions held.
	Verdicts []Verdict
	// Rev is the version of the rules.
	Rev string
}

// Gather asks to hold an event back and merge it with later ones.
type Gather struct {
	Rule string
	For  time.Duration
}

// Verdict tells what became of one rule.
type Verdict struct {
	Rule   string `json:"rule"`
	Fired  bool   `json:"fired,omitempty"`
	DryRun bool   `json:"dry_run,omitempty"` // it fired and is only tried out
	// Why it did not fire: the first condition that failed, or what held it back.
	Why lang.Text `json:"why,omitzero"`
	// Failed: its conditions do not hold. Else it was not asked, or something held it
	// back.
	Failed bool `json:"failed,omitempty"`
	// Steps are what it does. Ends: no later rule is tried.
	Steps []ActionKind `json:"steps,omitempty"`
	Ends  bool         `json:"ends,omitempty"`
}

// Memory keeps recent messages, so that a recalled one can be shown.
type Memory struct {
	Keep time.Duration
	Max  int
	// Media: the content of pictures, voices, videos and files is fetched and kept.
	Media bool
}

// Claim says what a plugin's handler made of an event.
type Claim int

// The claims. Claimed: a handler dealt with the event and queued nothing. Answered:
// it queued something, which marked the event done. Held: it took the event and has
// decided nothing yet, as while it sleeps; the event is not done until the handler
// queues something or ends.
const (
	Unclaimed Claim = iota
	Claimed
	Answered
	Held
)
