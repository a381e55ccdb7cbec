package bot_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"wxbot/bot"
	"wxbot/wx/wxtest"
)

// BenchmarkAnswer measures from a message handed to the simulator to the answer
// received there: poll, sync, inbox, rules, outbox and send, over loopback, with
// pacing off and every step durable.
func BenchmarkAnswer(b *testing.B) {
	srv, err := wxtest.Start(wxtest.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer srv.Close()
	ming := srv.AddFriend(wxtest.Person{NickName: "小明"})
	dir := b.TempDir()
	rules := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(rules, []byte(baseRules), 0o600); err != nil {
		b.Fatal(err)
	}
	d, err := bot.New(bot.Options{Config: bot.Config{Rules: rules, State: filepath.Join(dir, "state"), Server: srv.URL(), Mode: bot.ModeWeb}})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	}()
	if err := srv.Login(ctx); err != nil {
		b.Fatal(err)
	}
	if err := srv.AwaitOnline(ctx); err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	cursor := srv.Cursor()
	for b.Loop() {
		began := time.Now()
		ming.Say("ping")
		r, err := srv.AwaitAfter(ctx, cursor, func(r wxtest.Record) bool { return r.Kind == wxtest.RecordSent })
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
		cursor = r.Seq
	}
	slices.Sort(took)
	for _, p := range []int{50, 99} {
		b.ReportMetric(float64(took[len(took)*p/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", p))
	}
}
