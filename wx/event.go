package wx

import "time"

// Event is something the client tells its sink. The set is closed: QRReady,
// QRScanned, PushSent, QRCancelled, QRExpired, LoggedIn, StateChanged, MessageReceived,
// ContactsChanged, MembersChanged, Stalled, StallOver, LoggedOut and Refused.
type Event interface{ isEvent() }

// QRReady asks for a scan. Payload is the text to encode as a QR code; the phone
// must scan it with its camera.
type QRReady struct {
	Payload Secret
	// Picture is the server's own JPEG of the code, nil if it could not be
	// fetched.
	Picture []byte
	// Attempt counts the codes of this round from 1; at Max the round ends.
	Attempt, Max int
}

// QRScanned tells that a phone has scanned the code and is asked to confirm.
type QRScanned struct {
	Avatar []byte // JPEG, nil if none came
}

// PushSent tells that a push login is under way: the phone of the account asks
// its owner to confirm, and there is nothing to scan. What follows is LoggedIn or
// Refused, or else QRCancelled or QRExpired and then QR codes.
type PushSent struct{}

// QRCancelled tells that the person pressed Cancel; a new code follows unless the
// round is over.
type QRCancelled struct{}

// QRExpired tells that the code, or the question of a push login, is no longer
// valid; a new one follows unless the round is over.
type QRExpired struct{}

// LoggedIn tells that webwxinit was answered.
type LoggedIn struct {
	Self Contact
	// Fresh: by a scan or push login, so all user names are new. False if a
	// stored session was taken up again.
	Fresh bool
	// ServerTime is the server's clock (SystemTime) when it answered.
	ServerTime time.Time
	// Restored sessions keep their position; a fresh login starts a new one.
}

// StateChanged tells observers how the connection is doing.
type StateChanged struct {
	From, To State
	Cause    error // nil if all went as it should
}

// MessageReceived is one new message.
type MessageReceived struct{ Message Message }

// ContactsChanged tells which contacts are new or different, and which are gone.
// It also follows contact list pages and batch answers, so that a daemon can
// keep its own keys.
type ContactsChanged struct {
	Changed []Contact
	Deleted []string // user names
	// Complete: with this event the whole contact list has been loaded once.
	Complete bool
}

// MembersChanged tells who came into a group and who is in it no longer, by leaving
// or by being removed: WeChat sends no message of that. It is found by comparing
// two whole lists of members, and only so: the first list of a session, one that
// is not complete, and one without the account itself tell nothing. Lists come
// when WeChat says that a group has changed, then without names, and by
// Client.Refresh.
type MembersChanged struct {
	Group string // user name
	// Who joined may have no name yet; ContactsChanged brings it.
	Joined, Left []Member
}

// Stalled tells that the session seems undead: for 15 minutes at least the server
// has announced news again and again and handed out none. That is what happens
// when the phone, or WeChat on it, has been offline for about two days; opening
// WeChat on the phone revives the session and brings what has waited. Messages
// can still be sent meanwhile. The state stays StateOnline and the client goes on
// asking, more slowly. A quiet account, whose polls say that nothing is waiting,
// is never told to be stalled.
type Stalled struct {
	Since time.Time // of the first announcement without anything behind it
}

// StallOver follows Stalled once the server hands something out, or no longer
// announces anything. It may be missing if the session ends first.
type StallOver struct {
	Since, Until time.Time
}

// LoggedOut is the last event of a session that ended.
type LoggedOut struct{ Reason error }

// Refused is the last event of a login that WeChat refused, with its own words.
type Refused struct {
	Code int
	Text string
}

func (QRReady) isEvent()         {}
func (QRScanned) isEvent()       {}
func (PushSent) isEvent()        {}
func (QRCancelled) isEvent()     {}
func (QRExpired) isEvent()       {}
func (LoggedIn) isEvent()        {}
func (StateChanged) isEvent()    {}
func (MessageReceived) isEvent() {}
func (ContactsChanged) isEvent() {}
func (MembersChanged) isEvent()  {}
func (Stalled) isEvent()         {}
func (StallOver) isEvent()       {}
func (LoggedOut) isEvent()       {}
func (Refused) isEvent()         {}

// Batch is what one answer of the server means. The position of the sync loop
// advances only after the sink has returned nil for it.
type Batch struct {
	Events []Event
	// Session is the state to store with these events, in one transaction; nil
	// if nothing of it changed.
	Session *Session
}

// State is how far the client is.
type State int

// The states. LoggedOut and Refused are final for a Run.
const (
	StateOffline State = iota
	StateAwaitingScan
	StateAwaitingConfirm
	StateStarting
	StateOnline
	StateRetrying
	StateLoggedOut
	StateRefused
)

func (s State) String() string {
	switch s {
	case StateOffline:
		return "offline"
	case StateAwaitingScan:
		return "awaiting scan"
	case StateAwaitingConfirm:
		return "awaiting confirm"
	case StateStarting:
		return "starting"
	case StateOnline:
		return "online"
	case StateRetrying:
		return "retrying"
	case StateLoggedOut:
		return "logged out"
	case StateRefused:
		return "refused"
	}
	return "unknown"
}
