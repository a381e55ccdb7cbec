package bot

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/clock"
	"wxbot/bot/event"
	"wxbot/wx"
)

func TestKeepsakesGoInTheirTime(t *testing.T) {
	t.Parallel()
	recall := event.Memory{Keep: 10 * time.Minute, Max: 3, Media: true}
	k := newKeepsakes(t.TempDir(), clock.Clock{}, zerolog.Nop(), func() event.Settings { return event.Settings{Recall: recall} }, nil)
	now := time.Now()
	put := func(name string, until time.Time) {
		dir := filepath.Join(k.dir, name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "x"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(dir, time.Time{}, until); err != nil {
			t.Fatal(err)
		}
	}
	left := func() string {
		t.Helper()
		if err := k.sweepOnce(); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(k.dir)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return strings.Join(names, " ")
	}
	put("1.image", now.Add(-time.Second))
	put("2.image", now.Add(1*time.Minute))
	put("3.video", now.Add(2*time.Minute))
	put("4.file", now.Add(3*time.Minute))
	put(".making-5", now.Add(time.Hour))
	if got := left(); got != "2.image 3.video 4.file" {
		t.Errorf("left %s", got)
	}
	k.want("2")
	put("6.file", now.Add(4*time.Minute))
	if got := left(); got != "2.image 4.file 6.file" {
		t.Errorf("what was withdrawn went before the others: left %s", got)
	}
	if m, ok := k.of("2"); !ok || m.Image != filepath.Join(k.dir, "2.image", "x") {
		t.Errorf("of 2: %+v, %v", m, ok)
	}
	for _, id := range []string{"7", "", "../2", "2.image/../2"} {
		if m, ok := k.of(id); ok {
			t.Errorf("of %q: %+v", id, m)
		}
	}
	recall.Media = false
	if got := left(); got != "" {
		t.Errorf("left %s without the setting", got)
	}
}

func TestKeepsakesHaveHarmlessNames(t *testing.T) {
	t.Parallel()
	file := func(name string) *wx.Message { return &wx.Message{Type: wx.MsgApp, File: &wx.File{Name: name}} }
	got := map[string]string{}
	for _, name := range []string{"价目表.pdf", "../../etc/passwd", `..\win.ini`, "..", "", "a\nb", strings.Repeat("长", 100)} {
		kind, called := keepsakeName(file(name))
		if kind != keptFile || called != filepath.Base(called) || called == ".." || len(called) > keepsakeNameMost {
			t.Errorf("%q is kept as %s %q", name, kind, called)
		}
		got[called] = kind
	}
	want := []string{"file", "passwd", "win.ini", "价目表.pdf"}
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
}
