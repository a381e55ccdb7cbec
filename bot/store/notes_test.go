package store_test

import (
	"slices"
	"testing"

	"wxbot/bot/event"
)

func TestNotesAreWrittenWithTheEndOfAnEvent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	for _, n := range []event.Note{{Key: "rule/a", Value: "1"}, {Key: "rule/b", Value: "2"}, {Key: "rule/a", Value: "3"}, {Key: "rule0", Value: "4"}, {Key: "rul/e", Value: "5"}} {
		if _, err := s.FinishNoting(t.Context(), nil, "", nil, []event.Note{n}); err != nil {
			t.Fatal(err)
		}
	}
	want := []event.Note{{Key: "rule/a", Value: "3"}, {Key: "rule/b", Value: "2"}}
	got, err := s.Notes(t.Context(), "rule/")
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("notes %v, %v; want %v", got, err, want)
	}
	if err := s.DropNotes(t.Context(), []event.Note{{Key: "rule/a", Value: "3"}, {Key: "rule/b", Value: "old"}}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Notes(t.Context(), "rule/"); err != nil || !slices.Equal(got, want[1:]) {
		t.Errorf("notes %v, %v; want %v", got, err, want[1:])
	}
}
