package wx

import (
	"testing"
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
