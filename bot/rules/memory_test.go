package rules_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/rules"
)

// disk keeps the notes of firings, as the daemon does.
type disk map[string]string

func (d disk) decide(set *rules.Set, m *rules.Memory, text string, now time.Time) string {
	dec := set.Decide(rules.Input{Event: private(text), Now: now, Memory: m})
	got := ""
	for _, f := range dec.Firings {
		got += f.Steps[0].Message.Text
		for _, n := range f.Notes {
			d[n.Key] = n.Value
		}
	}
	return got
}

// restart gives a memory that knows the notes alone.
func (d disk) restart(now time.Time) *rules.Memory {
	var notes []event.Note
	for _, key := range slices.Sorted(maps.Keys(d)) {
		notes = append(notes, event.Note{Key: key, Value: d[key]})
	}
	m := rules.NewMemory()
	for _, n := range m.Restore(notes, now) {
		if d[n.Key] == n.Value {
			delete(d, n.Key)
		}
	}
	return m
}

func TestBrakesSurviveARestart(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		src   string
		want  []string      // one answer after the other, with a restart before each
		after time.Duration // then it answers again, and nothing is left of before
	}{
		"cooldown": {
			"- {name: 冷/却, contains: x, reply: y, cooldown: {every: 10m, max: 2, notice: wait}}",
			[]string{"y", "y", "wait", "", ""},
			10 * time.Minute,
		},
		"limit of a day": {
			"- {name: r, contains: x, reply: y, limit: 2/day}",
			[]string{"y", "y", "规则「r」到了上限 2/day，暂时不再执行。", ""},
			12 * time.Hour,
		},
		"limit of a sliding window": {
			"- {name: r, contains: x, reply: y, limit: 2/10m}",
			[]string{"y", "y", "规则「r」到了上限 2/10m，暂时不再执行。", ""},
			10 * time.Minute,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, d := parse(t, tt.src), disk{}
			var got []string
			for range tt.want {
				got = append(got, d.decide(set, d.restart(wednesday), "x", wednesday))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("answers %q, want %q", got, tt.want)
			}
			later := wednesday.Add(tt.after)
			if got := d.decide(set, d.restart(later), "x", later); got != "y" {
				t.Errorf("answer %q when it is over", got)
			}
			gone := later.AddDate(0, 2, 0)
			if d.restart(gone); len(d) != 0 {
				t.Errorf("left after two months: %v", d)
			}
		})
	}
}

func TestForgetNamesWhatIsOver(t *testing.T) {
	t.Parallel()
	set, d, m := parse(t, "- {name: r, contains: x, reply: y, cooldown: 10m}"), disk{}, rules.NewMemory()
	d.decide(set, m, "x", wednesday)
	if notes := m.Forget(wednesday.Add(9 * time.Minute)); len(notes) != 0 {
		t.Errorf("forgot %q before it was over", notes)
	}
	if notes := m.Forget(wednesday.Add(10 * time.Minute)); len(notes) != 1 || d[notes[0].Key] != notes[0].Value {
		t.Errorf("forgot %q, stored %v", notes, d)
	}
}

func TestNotesThatMakeNoSenseAreDropped(t *testing.T) {
	t.Parallel()
	for _, n := range []event.Note{{Key: "rule/cool/r", Value: "{}"}, {Key: "rule/cool/r/%zz", Value: "{}"}, {Key: "rule/fired/r", Value: "x"}, {Key: "rule/x", Value: "{}"}} {
		if got := rules.NewMemory().Restore([]event.Note{n}, wednesday); len(got) != 1 || got[0] != n {
			t.Errorf("%+v: useless %q", n, got)
		}
	}
}
