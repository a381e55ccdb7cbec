package event

import "time"

// TableWrite is one change of what a plugin keeps. Value is a float64 or a []byte;
// nil deletes the key. With Add, Value is a number that is added to the one that is
// there, and First is what it is added to where there is none; Expires then counts
// only for a new entry.
type TableWrite struct {
	Key     string
	Value   any
	Add     bool
	First   float64
	Expires time.Time // zero: never
}

// TableBatch is what one stretch of a plugin's handler changed.
type TableBatch struct {
	Plugin string
	Now    time.Time
	Writes []TableWrite

	// Event is the id of the event that the handler was called for; "" for none.
	// Handler tells the handlers of one event apart. Ops is how many operations of
	// this handler for this event have been carried out with this batch, which
	// Applied tells after a kill. With Done the event is not handled again, and
	// nothing is noted.
	Event, Handler string
	Ops            int
	Done           bool
}

// TableEntry is an entry of what a plugin keeps: Value is a float64 or a []byte.
type TableEntry struct {
	Key     string
	Value   any
	Expires time.Time // zero: never
}
