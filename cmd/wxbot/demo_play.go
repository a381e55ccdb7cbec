package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"wxbot/bot/lang"
	"wxbot/wx/wxtest"
)

// patience is how long, in real time, the play waits: for each step of the login
// and each scene, and at the end for what may come late.
const patience = 5 * time.Second

// breath is the pause between scenes, for a person to follow.
const breath = 150 * time.Millisecond

// missing tells what did not come.
type missing struct{ left []*expectation }

func (m *missing) Error() string {
	var b strings.Builder
	b.WriteString("demo: expected, but did not come:")
	for _, e := range m.left {
		b.WriteString("\n  " + e.String())
	}
	return b.String()
}

// play logs in and plays the scenes.
func (st *stage) play(ctx context.Context, scenes []scene) error {
	st.cast()
	st.paper.remark(lang.T("a simulated WeChat at %s; it is %s there, and time goes %d times as fast",
		st.srv.URL(), demoStart().Format("2006-01-02 15:04"), demoRate).In(st.lang))
	if err := st.login(ctx); err != nil {
		return err
	}
	for _, s := range scenes {
		if err := st.scene(ctx, s); err != nil {
			return err
		}
	}
	if err := st.await(ctx, func() bool { return len(st.open) == 0 }); err != nil {
		return err
	}
	st.paper.title(lang.T("all %d expected answers came", st.answers).In(st.lang))
	return nil
}

// login shows the code and lets the simulated phone scan it.
func (st *stage) login(ctx context.Context) error {
	if err := st.await(ctx, func() bool { return st.code.Payload != "" }); err != nil {
		return lang.Errorf("demo: no login code: %s", err)
	}
	m, err := encodeQR(st.code.Payload.Reveal())
	if err != nil {
		return err
	}
	fmt.Fprintf(st.paper.w, "\n%s\n", m.draw(st.paper.colour))
	uuid, err := st.srv.AwaitQR(ctx)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if got, want := st.code.Payload.Reveal(), wxtest.QRPayload(uuid); got != want {
		return lang.Errorf("demo: the code drawn is not the one that WeChat made")
	}
	st.paper.remark(lang.T("the simulated phone scans the code").In(st.lang))
	st.srv.Scan()
	if err := st.await(ctx, func() bool { return st.scanned }); err != nil {
		return lang.Errorf("demo: scan not seen: %s", err)
	}
	st.paper.remark(lang.T("… and confirms").In(st.lang))
	st.srv.Confirm()
	if err := st.await(ctx, func() bool { return st.loggedIn && st.online }); err != nil {
		return lang.Errorf("demo: not logged in: %s", err)
	}
	return nil
}

// scene plays one scene and waits for what must come before the next.
func (st *stage) scene(ctx context.Context, s scene) error {
	if !s.title.IsZero() {
		st.paper.title(s.title.In(st.lang))
	}
	for _, e := range s.want {
		st.open = append(st.open, &e)
	}
	if err := s.act(ctx, st); err != nil {
		return err
	}
	if err := st.await(ctx, func() bool { return !st.waiting() }); err != nil {
		return err
	}
	return st.pause(ctx, breath)
}

// await is until, but running out of time names what is missing.
func (st *stage) await(ctx context.Context, done func() bool) error {
	err := st.until(ctx, patience, done)
	if errors.Is(err, context.DeadlineExceeded) && len(st.open) > 0 && ctx.Err() == nil {
		return &missing{left: st.open}
	}
	return err
}
