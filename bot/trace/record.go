package trace

import (
	"fmt"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// Record is one line of a stream: an event that was decided about, or an action that
// has ended. One without either only says that the stream is alive.
type Record struct {
	Trace  *View `json:"trace,omitempty"`
	Action *Done `json:"action,omitempty"`
}

// Done is an action that has ended, in the words of one language.
type Done struct {
	Event  string    `json:"event"` // the id of what it answers
	Time   time.Time `json:"time"`
	Chat   string    `json:"chat"` // where it went
	By     string    `json:"by"`   // "rule:NAME", "plugin:NAME"
	Action string    `json:"action"`
	Status string    `json:"status"`
	Fate   string    `json:"fate"`
	Said   string    `json:"said,omitempty"`
	// Title is what happened in one line, without what was said.
	Title string `json:"title"`
}

// DoneIn puts an action that has ended into words. chat is the name of where it went,
// zone the reader's.
func DoneIn(d event.Delivery, chat string, zone *time.Location, l lang.Language) Done {
	w := words{l: l, facts: &Facts{Zone: zone}}
	m := d.Action.Message
	said := m.Text
	for _, media := range []string{m.Image, m.File, m.Video, m.Sticker, m.Card} {
		if said == "" {
			said = media
		}
	}
	done := Done{
		Event: d.Event, Time: d.Receipt.Time, Chat: chat, By: d.Handler, Action: d.Action.Kind.Text().In(l),
		Status: string(d.Status), Fate: w.fate(Answer{Delivery: d}).In(l), Said: short(said),
	}
	done.Title = fmt.Sprintf("%s %s ← %s: %s (%s)", done.Time.In(w.facts.zone()).Format("15:04:05"), chat, done.By, done.Action, done.Fate)
	return done
}
