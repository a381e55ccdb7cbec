package event

// What the inbox keeps as the outcome of an event.
const (
	OutcomeNothing     = "nothing answered"
	OutcomeFiltered    = "dropped by a filter"
	OutcomeMuted       = "loop guard"
	OutcomePlugin      = "plugin"
	OutcomeCommand     = "plugin command"
	OutcomeAnswer      = "answer to a plugin"
	OutcomeNotice      = "notice of WeChat"
	OutcomePanic       = "handler panicked"
	OutcomeStale       = "expired"
	OutcomeAdmin       = "admin command"
	OutcomePoisoned    = "poisoned"
	OutcomeUnknown     = "chat unknown"
	OutcomeBeforeLogin = "before the login"
	OutcomeNever       = "in settings.never"
	OutcomePaused      = "paused"
	OutcomeHandover    = "handover: the owner writes here"
	OutcomeForgotten   = ReasonForgotten

	// OutcomeRule stands before the name of the rule that fired.
	OutcomeRule = "rule "
	// OutcomeGathered stands in traces alone: the event waits for others like it.
	OutcomeGathered = "gathered"
)
