package event

import "time"

// ActionKind says what is to be done.
type ActionKind string

// The kinds of action. Reply goes to the event's chat, Send to the chats named in
// Action.To; both carry a Message.
const (
	ActReply   ActionKind = "reply"
	ActSend    ActionKind = "send"
	ActForward ActionKind = "forward"
	ActAccept  ActionKind = "accept"
	ActRemark  ActionKind = "remark"
	ActInvite  ActionKind = "invite"
	ActRevoke  ActionKind = "revoke"
	ActRename  ActionKind = "rename" // a group
	ActPin     ActionKind = "pin"
	ActRead    ActionKind = "mark_read"
	ActNotify  ActionKind = "notify"
	ActWait    ActionKind = "wait"
	ActCall    ActionKind = "call"
	ActWebhook ActionKind = "webhook"
	ActLog     ActionKind = "log"
)

// Action is one step decided by a rule or a plugin, with every placeholder filled
// in: nothing in it is looked at again except the targets, which are resolved at
// the moment of sending.
type Action struct {
	Kind ActionKind `json:"kind"`
	// To names people and groups (remark, else nickname; group name), or the
	// words "filehelper" and "$admins". ToKey names one chat by its key and
	// wins over To. For Invite, To holds the groups to try in order.
	To    []string `json:"to,omitempty"`
	ToKey string   `json:"to_key,omitempty"`
	// Person is whom Accept, Remark and Invite act on, by key.
	Person string `json:"person,omitempty"`
	// Message is what Reply, Send, Notify and Log say; for Forward its Text is
	// the header.
	Message Outgoing `json:"message"`
	// Forward is the id of the event whose message Forward sends on as it came;
	// Message.Text stands for it where that cannot be. "" forwards the text alone.
	Forward string `json:"forward,omitempty"`
	// Remark is the name to give (Accept, Remark, Rename); "" gives none.
	Remark string `json:"remark,omitempty"`
	// Unpin has Pin do the opposite.
	Unpin bool `json:"unpin,omitempty"`
	// User and Ticket of the friend request, for Accept.
	User   string `json:"user,omitempty"`
	Ticket string `json:"ticket,omitempty"`
	// Wait is how long Wait lasts; a random duration in the range if Max > Min.
	Wait Range `json:"wait"`
	// Call names plugin.function and its arguments.
	Call CallSpec `json:"call"`
	// Revoke names what to withdraw: the delivery id of a sent message, in
	// decimal; "" is the daemon's own last message in the event's chat.
	Revoke string `json:"revoke,omitempty"`
	// URL, Form and Timeout of a Webhook.
	Webhook *Webhook `json:"webhook,omitempty"`
	// Unsolicited: nobody asked for it (welcomes, scheduled messages); quiet
	// hours and the daily cap apply.
	Unsolicited bool `json:"unsolicited,omitempty"`
}

// Range is a duration, or a range to draw one from. Max 0 means Min exactly.
type Range struct {
	Min time.Duration `json:"min,omitempty"`
	Max time.Duration `json:"max,omitempty"`
}

// Outgoing is a message to send. Any of the parts may be set; they are sent in
// the order text, image, file, video, sticker, card.
type Outgoing struct {
	Text string `json:"text,omitempty"`
	// Header is said before a message that is forwarded as it came.
	Header  string `json:"header,omitempty"`
	Image   string `json:"image,omitempty"` // absolute path or https URL
	File    string `json:"file,omitempty"`
	Video   string `json:"video,omitempty"`
	Sticker string `json:"sticker,omitempty"` // absolute path of a gif, https URL, or "md5:…"
	// Card names the friend or official account whose card is sent, by remark, else
	// nickname.
	Card string `json:"card,omitempty"`
	// Mention names people to address with @ in front of the text. A web
	// client cannot make their phones ring.
	Mention []string `json:"mention,omitempty"`
	// RevokeAfter withdraws the message that long after it was sent; 0 never.
	RevokeAfter time.Duration `json:"revoke_after,omitempty"`
}

// Empty reports whether there is nothing to send.
func (o Outgoing) Empty() bool {
	return o.Text == "" && o.Image == "" && o.File == "" && o.Video == "" && o.Sticker == "" && o.Card == ""
}

// CallSpec names an exported plugin function.
type CallSpec struct {
	Name string         `json:"name,omitempty"`
	Args map[string]any `json:"args,omitempty"`
}

// Webhook is an HTTP request of a rule.
type Webhook struct {
	URL     string            `json:"url"`
	JSON    map[string]any    `json:"json,omitempty"`
	Form    map[string]string `json:"form,omitempty"`
	Timeout time.Duration     `json:"timeout,omitempty"`
}

// Firing is one rule that fired and what it decided: one sequence, in which step
// n+1 is due when n has ended well.
type Firing struct {
	Rule   string   `json:"rule"`
	Steps  []Action `json:"steps"`
	DryRun bool     `json:"dry_run,omitempty"`
	// Handler is what the outbox calls its sequence; "" is "rule:" and the rule.
	Handler string `json:"handler,omitempty"`
	// Notes are what the rule remembers of it: committed with it, or not at all.
	Notes []Note `json:"-"`
}

// Note is something small to be remembered under a key.
type Note struct{ Key, Value string }

// Receipt tells the outcome of a send that the server accepted.
type Receipt struct {
	MsgID string    `json:"msg_id"` // the server's id, needed to revoke
	Time  time.Time `json:"time"`   // when it was accepted
	// Chat is the key of the chat that it went to.
	Chat string `json:"chat,omitempty"`
	// Withdrawn is the id of the delivery that a revocation withdrew.
	Withdrawn int64 `json:"withdrawn,omitempty"`
}

// Status is how far an action has come.
type Status string

// The states of an action. Unknown: the server may or may not have done it, and
// it is not repeated.
const (
	StatusPending Status = "pending"
	StatusSent    Status = "sent"
	StatusFailed  Status = "failed"
	StatusUnknown Status = "unknown"
	StatusExpired Status = "expired"
	StatusTrial   Status = "trial" // decided in trial mode, not sent
)
