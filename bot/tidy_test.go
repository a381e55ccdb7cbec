package bot

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestMemoryIsGivenBackOnceContactsHaveCome(t *testing.T) {
	type load struct {
		after time.Duration
		n     int
	}
	for name, tt := range map[string]struct {
		loads []load
		want  []time.Duration // since the start
	}{
		"few":                    {loads: []load{{0, tidyFrom - 1}}},
		"many at once":           {loads: []load{{0, 5000}}, want: []time.Duration{tidyAfter}},
		"many, little by little": {loads: []load{{0, 600}, {time.Second, 600}}, want: []time.Duration{time.Second + tidyAfter}},
		"batches": {
			loads: []load{{0, 5000}, {2 * time.Second, 5000}, {2 * time.Second, 1}},
			want:  []time.Duration{4*time.Second + tidyAfter},
		},
		"again after a new login": {
			loads: []load{{0, 5000}, {time.Hour, 5000}, {time.Hour, 10}},
			want:  []time.Duration{tidyAfter, time.Hour + tidyAfter},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				var got []time.Duration
				td := newTidier()
				td.free = func() { got = append(got, time.Since(began)) }
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error, 1)
				go func() { done <- td.run(ctx) }() // waited for at the end
				for _, l := range tt.loads {
					pause(ctx, l.after)
					td.note(l.n)
				}
				pause(ctx, time.Minute)
				cancel()
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				if len(got) != len(tt.want) {
					t.Fatalf("memory given back at %v, want %v", got, tt.want)
				}
				for i := range got {
					if got[i] != tt.want[i] {
						t.Errorf("memory given back at %v, want %v", got, tt.want)
					}
				}
			})
		})
	}
}
