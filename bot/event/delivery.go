package event

import (
	"strconv"
	"time"
)

// Delivery is one action on its way: a row of the outbox. Deliveries of one
// event and handler form a sequence in which number n+1 is due when n has ended
// well.
type Delivery struct {
	// ID is the daemon's own id of it, given by the store.
	ID int64 `json:"id"`
	// Event, Handler and N are the key: a handler that runs again after a crash
	// cannot queue the same thing twice. Handler is "rule:NAME", "plugin:NAME",
	// "notice" or "revoke".
	Event   string `json:"event"`
	Handler string `json:"handler"`
	N       int    `json:"n"`
	// Step is the step of the handler's list that it belongs to: one to several
	// chats is several deliveries, and if one fails, the others are still done.
	Step int `json:"step,omitempty"`
	// Owner: the account's owner asked for it.
	Owner bool `json:"owner,omitempty"`

	// Chat is the chat of the event, and Kind its kind; a Reply goes there.
	Chat   Chat   `json:"chat"`
	Action Action `json:"action"`
	// ClientID is the client message id, fixed for ever when the row is made.
	ClientID string `json:"client_id"`

	Status  Status    `json:"status"`
	Created time.Time `json:"created"`
	// Asked is when the event happened, in the daemon's time; what answers an
	// event older than the stale limit expires.
	Asked time.Time `json:"asked"`
	// NotBefore is the earliest time to do it; zero is at once.
	NotBefore time.Time `json:"not_before"`
	// Tries counts attempts so far, First is when the first was made.
	Tries int       `json:"tries,omitempty"`
	First time.Time `json:"first"`

	// Receipt and Reason tell the end.
	Receipt Receipt `json:"receipt"`
	Reason  string  `json:"reason,omitempty"`
	// Held is the last brake that held it back noticeably, or that ended it.
	Held Brake `json:"held,omitempty"`
}

// Sequence names the sequence that the delivery is a step of.
func (d Delivery) Sequence() string { return d.Event + "/" + d.Handler }

// Follow gives the deliveries that follow from the server's having accepted this
// one: the withdrawal of a message that says when. They are to be stored together
// with the outcome.
func (d Delivery) Follow(r Receipt) []Delivery {
	if d.Action.Message.RevokeAfter <= 0 || r.MsgID == "" {
		return nil
	}
	chat := d.Chat
	if r.Chat != "" && r.Chat != chat.Key {
		chat = Chat{Key: r.Chat}
	}
	return []Delivery{{
		Event: d.Event, Handler: "revoke:" + d.Handler + "#" + strconv.Itoa(d.N), Chat: chat,
		Action:   Action{Kind: ActRevoke, Revoke: strconv.FormatInt(d.ID, 10)},
		ClientID: d.ClientID, Created: r.Time, Asked: r.Time, NotBefore: r.Time.Add(d.Action.Message.RevokeAfter),
	}}
}

// Result is what became of a delivery.
type Result struct {
	ID      int64
	Status  Status
	Receipt Receipt
	Reason  string
	Held    Brake
	Tries   int
	First   time.Time
	// NotBefore, for StatusPending: when to try again.
	NotBefore time.Time
	// Follow are deliveries that come of it, committed with it: the revocation
	// that revoke_after asks for.
	Follow []Delivery
	// Rest are the ids of the later steps of the sequence, which fail in the
	// same transaction because this one did not end well, with RestReason.
	Rest       []int64
	RestReason string
}
