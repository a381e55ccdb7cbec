package event

import "time"

// Brake is what holds a delivery back, for a while or for good.
type Brake string

// The brakes. The first ones end the delivery, the others make it wait.
const (
	BrakeTrial    Brake = "trial"
	BrakeNever    Brake = "never"
	BrakeHandover Brake = "handover"
	BrakeStale    Brake = "stale" // it came too late

	BrakePace      Brake = "pace"  // the pauses between messages, and rates
	BrakeQuiet     Brake = "quiet" // quiet hours
	BrakeCap       Brake = "cap"   // of the day
	BrakeThrottled Brake = "throttled"
	BrakePaused    Brake = "paused"
	BrakeWarned    Brake = "warned"
	BrakeLogin     Brake = "login"    // there is no session
	BrakeContacts  Brake = "contacts" // they are still being loaded
	BrakeFriend    Brake = "friend"   // who was accepted is not known yet
	BrakeTime      Brake = "time"     // a time of its own: a wait step, revoke_after
	BrakeStep      Brake = "step"     // the step before it
	BrakeTurn      Brake = "turn"     // others of its chat
	BrakeRetry     Brake = "retry"    // it failed and is tried again
)

// Waiting tells what a delivery waits for.
type Waiting struct {
	Brake Brake
	Until time.Time // zero if that is not known
	Why   string    // of BrakeRetry: the error
}
