package bot

import (
	"context"
	"maps"
	"slices"
	"time"

	"wxbot/bot/event"
)

// ruleOff tells where an admin switched a rule off.
type ruleOff struct {
	Since      time.Time `json:"since"`
	Everywhere bool      `json:"everywhere,omitempty"`
	// Chats are groups, by key, with their names for people.
	Chats map[string]string `json:"chats,omitempty"`
}

// rulesOffMost bounds the rules that are off, and the groups of each.
const rulesOffMost = 10_000

// switchOff switches a rule off in a chat, or everywhere if that has no key.
func (b *brakes) switchOff(ctx context.Context, rule string, chat event.Chat) error {
	return b.change(ctx, func(s *brakeState, now time.Time) {
		off, was := s.Rules[rule]
		if !was {
			off.Since = now
		}
		if chat.Key == "" {
			off.Everywhere = true
		} else if len(off.Chats) < rulesOffMost {
			chats := map[string]string{chat.Key: chat.Name}
			maps.Copy(chats, off.Chats)
			off.Chats = chats
		}
		s.setRule(rule, off)
	})
}

// switchOn lets a rule work again in a chat, or everywhere if that has no key.
func (b *brakes) switchOn(ctx context.Context, rule string, chat event.Chat) error {
	return b.change(ctx, func(s *brakeState, _ time.Time) {
		off := s.Rules[rule]
		if chat.Key == "" {
			off = ruleOff{}
		}
		off.Chats = maps.Clone(off.Chats)
		delete(off.Chats, chat.Key)
		s.setRule(rule, off)
	})
}

// setRule replaces the map: others may be reading the one of before.
func (s *brakeState) setRule(rule string, off ruleOff) {
	rules := map[string]ruleOff{}
	maps.Copy(rules, s.Rules)
	if !off.Everywhere && len(off.Chats) == 0 {
		delete(rules, rule)
	} else if len(rules) < rulesOffMost {
		rules[rule] = off
	}
	s.Rules = rules
}

// rulesOff tells of the rules that are off in the chat of a key; nil if none is off
// anywhere. For "" it is those that are off everywhere.
func (b *brakes) rulesOff(chat string) func(rule string) bool {
	b.mu.Lock()
	rules := b.state.Rules
	b.mu.Unlock()
	if len(rules) == 0 {
		return nil
	}
	return func(rule string) bool {
		off, is := rules[rule]
		if !is {
			return false
		}
		_, here := off.Chats[chat]
		return off.Everywhere || here
	}
}

// groups are the names of the groups where the rule is off, in order; none if it is
// off everywhere.
func (r ruleOff) groups() []string {
	if r.Everywhere {
		return nil
	}
	return slices.Sorted(maps.Values(r.Chats))
}
