package match_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"wxbot/bot/conf"
	"wxbot/bot/match"
)

func schedule(t *testing.T, src string) *match.Schedule {
	t.Helper()
	n, ps := conf.Parse("x.yaml", []byte(src))
	if len(ps) > 0 {
		t.Fatal(ps[0])
	}
	w, ps := match.Compile(n, match.Options{Rule: true})
	if len(ps) > 0 {
		t.Fatal(ps[0])
	}
	return w.Schedule
}

func TestScheduleNext(t *testing.T) {
	t.Parallel()
	const form = "2006-01-02 15:04 -0700"
	for name, tt := range map[string]struct{ src, zone, from, want string }{
		"later today":                 {`{at: 08:30}`, "UTC", "2026-01-07 08:00 +0000", "2026-01-07 08:30 +0000"},
		"not the same moment":         {`{at: 08:30}`, "UTC", "2026-01-07 08:30 +0000", "2026-01-08 08:30 +0000"},
		"first of several":            {`{at: ["20:00", "08:30"]}`, "UTC", "2026-01-07 09:00 +0000", "2026-01-07 20:00 +0000"},
		"next working day":            {`{at: 08:30, days: mon-fri}`, "Asia/Shanghai", "2026-01-09 09:00 +0800", "2026-01-12 08:30 +0800"},
		"a date":                      {`{at: 08:30, days: 2026-10-01..2026-10-07}`, "Asia/Shanghai", "2026-01-09 09:00 +0800", "2026-10-01 08:30 +0800"},
		"dates that are over":         {`{at: 08:30, days: 2025-10-01}`, "UTC", "2026-01-09 09:00 +0000", ""},
		"cron":                        {`{cron: "*/20 8-10 * * mon-fri"}`, "UTC", "2026-01-09 10:40 +0000", "2026-01-12 08:00 +0000"},
		"cron, names and steps":       {`{cron: "5 0 1 jan,jul *"}`, "UTC", "2026-01-01 00:05 +0000", "2026-07-01 00:05 +0000"},
		"cron, either day":            {`{cron: "0 0 13 * fri"}`, "UTC", "2026-01-10 00:00 +0000", "2026-01-13 00:00 +0000"},
		"cron, sunday is 7":           {`{cron: "0 0 * * 7"}`, "UTC", "2026-01-07 00:00 +0000", "2026-01-11 00:00 +0000"},
		"leap day":                    {`{cron: "0 0 29 2 *"}`, "UTC", "2096-03-01 00:00 +0000", "2104-02-29 00:00 +0000"},
		"left out in spring":          {`{at: 02:30}`, "Europe/Berlin", "2026-03-28 03:00 +0100", "2026-03-29 03:00 +0200"},
		"left out, then as ever":      {`{at: 02:30}`, "Europe/Berlin", "2026-03-29 03:00 +0200", "2026-03-30 02:30 +0200"},
		"left out, west":              {`{at: 02:30}`, "America/New_York", "2026-03-07 03:00 -0500", "2026-03-08 03:00 -0400"},
		"left out midnight":           {`{at: 00:00}`, "Africa/Cairo", "2026-04-23 12:00 +0200", "2026-04-24 01:00 +0300"},
		"twice in autumn, first":      {`{at: 02:30}`, "Europe/Berlin", "2026-10-25 00:00 +0200", "2026-10-25 02:30 +0200"},
		"twice in autumn, but once":   {`{at: 02:30}`, "Europe/Berlin", "2026-10-25 02:30 +0200", "2026-10-26 02:30 +0100"},
		"every hour keeps real time":  {`{cron: "30 * * * *"}`, "Europe/Berlin", "2026-10-25 02:30 +0200", "2026-10-25 02:30 +0100"},
		"every hour over a left out":  {`{cron: "30 * * * *"}`, "Europe/Berlin", "2026-03-29 01:30 +0100", "2026-03-29 03:30 +0200"},
		"full-width signs are folded": {`{at: 8：30}`, "UTC", "2026-01-07 08:00 +0000", "2026-01-07 08:30 +0000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			loc, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			from, err := time.Parse(form, tt.from)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if next := schedule(t, tt.src).Next(from.In(loc)); !next.IsZero() {
				got = next.Format(form)
			}
			if got != tt.want {
				t.Errorf("next after %s: %q, want %q", tt.from, got, tt.want)
			}
		})
	}
}

func TestScheduleLast(t *testing.T) {
	t.Parallel()
	s := schedule(t, `{cron: "0 * * * *"}`)
	noon := time.Date(2026, 1, 7, 12, 0, 0, 0, time.UTC)
	if got := s.Last(noon.Add(-150*time.Minute), noon); !got.Equal(noon) {
		t.Errorf("last until noon: %v", got)
	}
	if got := s.Last(noon, noon.Add(59*time.Minute)); !got.IsZero() {
		t.Errorf("last within less than an hour: %v", got)
	}
}

func TestScheduleMistakes(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		`{at: 25:00}`:                        `at "25:00" is not a time of day`,
		`{at: 24:00}`:                        `at "24:00" is not a time of day`,
		`{at: {x: 1}}`:                       `at is a time of day like 08:30, here is a map`,
		`{cron: "* * * *"}`:                  `cron: has 4 fields, not 5`,
		`{cron: "60 * * * *"}`:               `cron: minute "60"`,
		`{cron: "0 9-5 * * *"}`:              `cron: hour "9-5"`,
		`{cron: "*/0 * * * *"}`:              `cron: minute "*/0"`,
		`{cron: "0 0 * foo *"}`:              `cron: month "foo"`,
		`{cron: "0 0 30 2 *"}`:               `this schedule never comes`,
		`{at: 08:30, cron: "0 0 * * *"}`:     `at: or cron:, not both`,
		`{cron: "0 0 * * *", days: mon}`:     `cron says the days itself`,
		`{spread: 2m}`:                       `spread and catch_up are for at: or cron:`,
		`{at: 08:30, spread: 8d}`:            `spread is a duration up to 7d`,
		`{at: 08:30, catch_up: often}`:       `catch_up is a duration up to 7d`,
		`{at: 08:30, contains: 价格}`:          `contains: a scheduled rule has no event to look at`,
		`{at: 08:30, days: someday}`:         `days: the text "someday" is no day`,
		`{event: friend_request, at: 08:30}`: `event: a scheduled rule has no event`,
	} {
		n, ps := conf.Parse("x.yaml", []byte(src))
		if len(ps) > 0 {
			t.Fatal(ps[0])
		}
		_, ps = match.Compile(n, match.Options{Rule: true})
		if len(ps) != 1 || !strings.Contains(ps[0].String(), want) || ps[0].Line != 1 || ps[0].Col == 0 {
			t.Errorf("%s: got %v, want %q", src, ps, want)
		}
	}
}

// TestCronAgreesWithACalendar compares with a walk over all minutes, in a zone whose
// clocks are never changed.
func TestCronAgreesWithACalendar(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("CST", 8*60*60)
	field := func(lo, hi int) *rapid.Generator[[]int] {
		return rapid.SliceOfNDistinct(rapid.IntRange(lo, hi), 0, 3, rapid.ID)
	}
	rapid.Check(t, func(t *rapid.T) {
		values := [5][]int{}
		var words [5]string
		for i, g := range []*rapid.Generator[[]int]{field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)} {
			values[i] = g.Draw(t, "field")
			words[i] = "*"
			for n, v := range values[i] {
				if n == 0 {
					words[i] = strconv.Itoa(v)
				} else {
					words[i] += "," + strconv.Itoa(v)
				}
			}
		}
		n, ps := conf.Parse("x.yaml", []byte(`{cron: "`+strings.Join(words[:], " ")+`"}`))
		if len(ps) > 0 {
			t.Fatal(ps)
		}
		w, ps := match.Compile(n, match.Options{Rule: true})
		if len(ps) > 0 {
			t.Fatal(ps)
		}
		in := func(i, v int) bool { return len(values[i]) == 0 || slices.Contains(values[i], v) }
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, zone).Add(time.Duration(rapid.IntRange(0, 400*24*60*60).Draw(t, "from")) * time.Second)
		want := from.Truncate(time.Minute).Add(time.Minute)
		for ; ; want = want.Add(time.Minute) {
			monthDay, weekDay := in(2, want.Day()), in(4, int(want.Weekday()))
			day := monthDay && weekDay
			if len(values[2]) > 0 && len(values[4]) > 0 {
				day = monthDay || weekDay
			}
			if day && in(3, int(want.Month())) && in(1, want.Hour()) && in(0, want.Minute()) {
				break
			}
			if want.Sub(from) > 40*24*time.Hour {
				return // far off: walking there takes too long
			}
		}
		if got := w.Schedule.Next(from); !got.Equal(want) {
			t.Fatalf("%v after %v: %v, want %v", words, from, got, want)
		}
	})
}
