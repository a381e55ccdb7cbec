package bot

import (
	"fmt"
	"time"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/rules"
	"wxbot/bot/trace"
)

// RulesZone is the time zone of the rules of a configuration; the system's without
// rules, or if they have errors.
func RulesZone(c Config) (*time.Location, error) {
	if c.Rules == "" {
		return time.Local, nil
	}
	set, _, _, err := readBundle(c.Rules, nil)
	if err != nil || set == nil {
		return time.Local, err
	}
	return set.Settings().Location, nil
}

// Question is a message of which Explain tells what the rules would make.
type Question struct {
	Text      string
	Group     string // "" is a private chat
	From      string // the sender's remark, or nickname; "" is somebody unknown
	Mentioned bool
	// Event is what happens; "" is a message. Of friend_request and recalled, Text is
	// the greeting or what was withdrawn; of member_joined, the newcomer's name.
	Event event.Kind
	// At is when, as 2006-01-02 15:04 in the zone of the rules; "" is now.
	At string
}

// Explanation is what every rule makes of a question.
type Explanation struct {
	trace.Facts
	// Problems are the warnings of the file.
	Problems []conf.Problem
}

// Explain asks the rules of a configuration, by the daemon's own walk, and does
// nothing. Cooldowns and limits do not count. A file with errors gives them as the
// error.
func Explain(o Options, q Question) (*Explanation, error) {
	if o.Config.Rules == "" {
		return nil, fmt.Errorf("explain: there is no rules.yaml")
	}
	set, _, problems, err := readBundle(o.Config.Rules, nil)
	if err != nil {
		return nil, err
	}
	if set == nil {
		return nil, &rulesError{onlyErrors(problems)}
	}
	zone := set.Settings().Location
	out := &Explanation{Problems: problems}
	now := o.Clock.Now().In(zone)
	at := now
	if q.At != "" {
		if at, err = time.ParseInLocation("2006-01-02 15:04", q.At, zone); err != nil {
			return nil, fmt.Errorf("explain: time %q is not like 2026-01-05 20:00", q.At)
		}
	}
	ev, err := q.event(at)
	if err != nil {
		return nil, err
	}
	in := rules.Input{Event: &ev, Now: at}
	in.Command, _, _ = set.CommandOf(in)
	out.Facts = trace.Facts{Supposed: true, Rules: set.Explain(in), Now: now, Zone: zone}
	out.Trace = event.Trace{Time: at, Event: ev, Rules: set.Rev(), Command: in.Command, Outcome: event.OutcomeNothing}
	for _, v := range out.Rules {
		if v.Fired {
			out.Trace.Outcome = event.OutcomeRule + v.Rule
		}
	}
	if never(set.Settings().Never, q.Group, q.From) {
		out.Trace.Outcome = event.OutcomeNever
	}
	return out, nil
}

func (q *Question) event(at time.Time) (event.Event, error) {
	ev := event.Event{ID: "question", Kind: event.KindMessage, Time: at, Sender: event.Person{Key: "p-question", Nickname: q.From, Remark: q.From, IsFriend: true}}
	ev.Chat = event.Chat{Kind: event.ChatPrivate, Key: "p-question", Name: q.From}
	if q.Group != "" {
		ev.Chat = event.Chat{Kind: event.ChatGroup, Key: "g-question", Name: q.Group}
	}
	m := &event.Message{Type: event.TypeText, Raw: q.Text, Text: q.Text, Mentioned: q.Mentioned || q.Group == ""}
	switch q.Event {
	case "", event.KindMessage:
		ev.Message = m
		return ev, nil
	case event.KindFriendRequest:
		ev.Request = &event.Request{Text: q.Text}
	case event.KindRecalled:
		ev.Recalled = &event.Recalled{Message: m}
	case event.KindMemberJoined:
		ev.Members = &event.Members{People: []event.Person{{Nickname: q.Text}}}
	case event.KindTickled:
		ev.Tickled = &event.Tickled{Me: true}
	default:
		return ev, fmt.Errorf("explain: event %q is not among message, friend_request, recalled, member_joined, tickled", q.Event)
	}
	ev.Kind = q.Event
	return ev, nil
}
