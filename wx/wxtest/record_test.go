package wxtest_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/wx/wxtest"
)

func kinds(list []wxtest.Record) []wxtest.RecordKind {
	var out []wxtest.RecordKind
	for _, r := range list {
		out = append(out, r.Kind)
	}
	return out
}

func TestJournalTellsWhatTheClientDid(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	friend := s.AddFriend(wxtest.Person{NickName: "小明"})
	records, stop := s.Subscribe(16)
	c := newClient(t, s).online()
	friend.Say("hi")
	c.syncCheck()
	c.send(friend.UserName(), "selber hi", localID)
	want := []wxtest.RecordKind{wxtest.RecordLoggedIn, wxtest.RecordOnline, wxtest.RecordSent}
	if got := kinds(s.Records()); !slices.Equal(got, want) {
		t.Errorf("records: %v, want %v", got, want)
	}
	stop()
	var heard []wxtest.Record
	for r := range records {
		heard = append(heard, r)
	}
	if got := kinds(heard); !slices.Equal(got, want) {
		t.Errorf("subscription: %v, want %v", got, want)
	}
	// The function may ask the server: it is called without its lock.
	r, err := s.Await(t.Context(), func(r wxtest.Record) bool { return r.Account != nil && r.Account.NickName() == "小明" })
	if err != nil || r.Seq != 3 || r.Text != "selber hi" {
		t.Errorf("Await: %+v, %v", r, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.AwaitAfter(ctx, r.Seq, func(wxtest.Record) bool { return true }); !errors.Is(err, context.Canceled) {
		t.Errorf("AwaitAfter the newest: %v", err)
	}
}

func TestWaitingEndsWithClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := wxtest.NewBubble(t, wxtest.Config{})
		done := make(chan error, 3)
		go func() { done <- s.Login(t.Context()) }()
		go func() { _, err := s.AwaitSent(t.Context(), 1); done <- err }()
		go func() {
			_, err := s.Await(t.Context(), func(wxtest.Record) bool { return true })
			done <- err
		}()
		pass(time.Hour)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		for range 3 {
			if err := <-done; !errors.Is(err, wxtest.ErrClosed) {
				t.Errorf("err = %v, want ErrClosed", err)
			}
		}
	})
}

// recorder is a TB that keeps what a test would have said.
type recorder struct {
	errors   []string
	cleanups []func()
}

func (*recorder) Helper()                          {}
func (r *recorder) Cleanup(f func())               { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, _ ...any) { r.errors = append(r.errors, format) }
func (r *recorder) Fatalf(format string, _ ...any) { r.errors = append(r.errors, format) }

func TestProblemsFailTheTest(t *testing.T) {
	for _, tt := range []struct {
		name    string
		lenient bool
		bad     bool
		want    int
	}{{"bad request", false, true, 1}, {"bad request, lenient", true, true, 0}, {"good requests", false, false, 0}} {
		t.Run(tt.name, func(t *testing.T) {
			var r recorder
			s := wxtest.NewServer(&r, wxtest.Config{Lenient: tt.lenient})
			c := newClient(t, s).online()
			if tt.bad {
				c.get(c.base + "/nowhere")
				c.get(c.base + "/nowhere")
			}
			for _, f := range r.cleanups {
				f()
			}
			if len(r.errors) != tt.want {
				t.Errorf("%d errors, want %d", len(r.errors), tt.want)
			}
			if got := s.Problems(); tt.bad && (len(got) != 1 || got[0].Count != 2) {
				t.Errorf("problems: %v", got)
			}
		})
	}
}
