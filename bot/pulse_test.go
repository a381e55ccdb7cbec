package bot

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"wxbot/wx/wxtest"
)

func TestPulseEndsWithALoopThatIsStuck(t *testing.T) {
	var log strings.Builder
	turns := map[string]uint64{}
	p := &pulse{log: zerolog.New(&log)}
	stuck := false
	for _, name := range []string{"one", "other"} {
		p.loops = append(p.loops, &loop{name: name, turns: func() uint64 {
			if name != "other" || !stuck {
				turns[name]++
			}
			return turns[name]
		}})
	}
	now := time.Now()
	var got []bool
	for range 3 {
		now = now.Add(time.Hour)
		got = append(got, p.beats(now))
	}
	stuck = true
	for range 3 {
		now = now.Add(stuckAfter / 2)
		got = append(got, p.beats(now))
	}
	stuck = false
	got = append(got, p.beats(now))
	if want := []bool{true, true, true, true, false, false, true}; !slices.Equal(got, want) {
		t.Errorf("beats %v, want %v", got, want)
	}
	if n := strings.Count(log.String(), `"task":"other"`); n != 1 {
		t.Errorf("told %d times:\n%s", n, &log)
	}
}

func TestPulseBeatsWithTheLoopsOfADaemon(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	srv := wxtest.NewServer(t, wxtest.Config{})
	ming := srv.AddFriend(wxtest.Person{NickName: "小明"})
	b, err := New(Options{Config: Config{State: t.TempDir(), Server: srv.URL(), Mode: ModeWeb}})
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- b.Run(running) }()
	if _, err := srv.AwaitQR(ctx); err != nil {
		t.Fatal(err)
	}
	if err := srv.Login(ctx); err != nil {
		t.Fatal(err)
	}
	if err := srv.AwaitOnline(ctx); err != nil {
		t.Fatal(err)
	}
	<-b.ready
	p := b.newPulse()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for _, l := range p.loops {
		first := l.turns()
		for l.turns() == first {
			ming.Say("hello") // ends a poll
			select {
			case <-tick.C:
			case <-ctx.Done():
				t.Fatalf("%s makes no turn", l.name)
			}
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}
