package event

import (
	"cmp"
	"time"

	"wxbot/bot/lang"
)

// Mode says whether decisions are carried out.
type Mode string

// The modes.
const (
	ModeLive  Mode = "live"
	ModeTrial Mode = "trial"
)

// Settings are the values of rules.yaml's "settings" that the delivery of
// answers obeys. The rules fill in their defaults.
type Settings struct {
	Mode   Mode
	Admins []string // remarks
	// AdminInGroups lets admins command the daemon in groups as well.
	AdminInGroups bool
	Handover      Handover
	Never         []string // people and groups
	Notify        []string // "filehelper", people, groups; empty for none
	Pace          Pace
	LoopGuard     LoopGuard
	Recall        Memory
	Trace         TraceLimits
	Location      *time.Location
	Prefixes      []string      // that may stand before a command
	Words         Words         // instead of the daemon's own texts
	Language      lang.Language // of what Words do not hold; "" is Chinese
}

// Speaks is the language of what is said in WeChat.
func (s *Settings) Speaks() lang.Language { return cmp.Or(s.Language, lang.Chinese) }

// Handover is how long rules and plugins stay silent in a chat after the account's
// owner wrote there from the phone; 0 is not at all.
type Handover struct {
	Private, Group time.Duration
}

// Pace limits sending.
type Pace struct {
	Off               bool
	Reply             Range // pause before an answer
	Unsolicited       Range
	UnsolicitedPerDay int
	Accept            Rate
	AcceptPerDay      int
	InvitePerDay      int
	PerChat           Rate
	Total             Rate
	Quiet             DayWindow
	Stale             time.Duration
	SplitAt           int // runes; longer texts are split at line ends
}

// Rate is N per window. N 0 is no limit.
type Rate struct {
	N   int
	Per time.Duration
}

// DayWindow is a time of day, from From (included) to To (not), as durations
// after midnight; it may pass midnight. Equal ends are an empty window.
type DayWindow struct {
	From, To time.Duration
}

// Contains reports whether the time of day of t, in t's location, is in the
// window.
func (w DayWindow) Contains(t time.Time) bool {
	h, m, s := t.Clock()
	at := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
	if w.From <= w.To {
		return w.From <= at && at < w.To
	}
	return at >= w.From || at < w.To
}

// LoopGuard mutes a person after many quick answers, each to a message that
// came soon after ours or repeats one: two bots talking.
type LoopGuard struct {
	Off     bool
	Answers int
	Within  time.Duration
	Mute    time.Duration
}
