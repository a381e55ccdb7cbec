package wx

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestStall(t *testing.T) {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		name  string
		every time.Duration
		times int
		want  int // the note that tells of it, counted from 1; 0 is none
	}{
		{name: "a run of minutes", every: 2 * time.Second, times: 400},
		{name: "a quarter of an hour", every: 2 * time.Second, times: 500, want: 451},
		{name: "few announcements in a long time", every: 10 * time.Minute, times: 49},
		{name: "enough of them", every: 10 * time.Minute, times: 60, want: 50},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s stall
			got := 0
			for i := range tt.times {
				if s.empty(began.Add(time.Duration(i) * tt.every)) {
					if got != 0 {
						t.Fatalf("told at %d and again at %d", got, i+1)
					}
					got = i + 1
				}
			}
			if got != tt.want {
				t.Errorf("told at %d, want %d", got, tt.want)
			}
			since, told := s.end()
			if told != (tt.want > 0) || !since.Equal(began) {
				t.Errorf("ended with %s, %t", since, told)
			}
			if _, told := s.end(); told {
				t.Error("a run that is over ended again")
			}
		})
	}
}

// One poll that says nothing is waiting ends a run of empty announcements, told
// or not.
func TestStallEndsWhenNothingIsAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		began := time.Now()
		// Quiet at 14 and 28 minutes, then not before an hour has passed.
		quiet := []time.Duration{14 * time.Minute, 28 * time.Minute, time.Hour}
		s.answer("synccheck", func(int, *http.Request, []byte) reply {
			if len(quiet) > 0 && time.Since(began) >= quiet[0] {
				quiet = quiet[1:]
				return reply{body: check(0, 0)}
			}
			return reply{body: check(0, 2)}
		})
		r := run(t, s)
		elapse(t, 40*time.Minute)
		if got := events[Stalled](r); len(got) != 0 {
			t.Errorf("told within runs of 14 minutes: %v", got)
		}
		elapse(t, 10*time.Minute)
		told := events[Stalled](r)
		if len(told) != 1 || told[0].Since.Before(began.Add(28*time.Minute)) {
			t.Fatalf("after a run of 20 minutes: %v", told)
		}
		if h := r.Health(); !h.Stalled.Equal(told[0].Since) {
			t.Errorf("health: %+v", h)
		}
		elapse(t, 11*time.Minute)
		over := events[StallOver](r)
		if len(over) != 1 || !over[0].Since.Equal(told[0].Since) || over[0].Until.Before(began.Add(time.Hour)) {
			t.Errorf("after a poll without news: %v", over)
		}
		if h := r.Health(); !h.Stalled.IsZero() {
			t.Errorf("health: %+v", h)
		}
		r.stop()
	})
}
