package store

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

func TestTroubleIsToldWhileTheDiskTakesNoWrites(t *testing.T) {
	s, err := Open(t.Context(), Options{Dir: t.TempDir(), Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Fail(t.Context()); err == nil {
		t.Fatal("the bad write went well")
	}
	if _, err := s.Trouble(); err != nil {
		t.Errorf("a mistake of whoever writes is told as trouble of the disk: %v", err)
	}
	if err := s.LimitPages(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	long := make([]byte, 1<<20)
	if err := s.SetMeta(t.Context(), "k", string(long)); err == nil {
		t.Fatal("a write on a full disk went well")
	}
	if since, err := s.Trouble(); !IsFull(err) || time.Since(since) > time.Minute || strings.Count(err.Error(), "the disk is full") != 1 {
		t.Errorf("trouble = %v since %v", err, since)
	}
}

func TestTroubleIsOverAMinuteAfterTheLastFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Store{}
		full := &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
		told := func() bool { _, err := s.Trouble(); return err != nil }
		s.noteTrouble(nil)
		s.noteTrouble(errors.New("not of the disk"))
		if told() {
			t.Error("trouble without any")
		}
		began := time.Now()
		s.noteTrouble(full)
		time.Sleep(time.Hour) //nolint:forbidigo // the bubble's clock
		if !told() {
			t.Error("nothing was written since, and the trouble is gone")
		}
		s.noteTrouble(nil)
		if told() {
			t.Error("something was written long after the last failure, and the trouble stays")
		}
		s.noteTrouble(full)
		if since, _ := s.Trouble(); since == began {
			t.Error("another trouble bears the time of the first")
		}
		again := time.Now()
		s.noteTrouble(nil) // a small write finds room
		if !told() {
			t.Error("the trouble flaps")
		}
		time.Sleep(30 * time.Second) //nolint:forbidigo // the bubble's clock
		s.noteTrouble(full)
		if since, _ := s.Trouble(); since != again {
			t.Errorf("one trouble has two beginnings: %v, %v", since, again)
		}
	})
}
