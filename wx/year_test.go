package wx

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A year of held polls, with faults, a message a day and nothing else: no
// goroutine is left (the bubble would tell), no message is lost, the keys are
// those of the last answer, and neither polls nor syncs are more than they must
// be. Under the race detector and with -short it is three weeks.
func TestYearOfPolls(t *testing.T) {
	days := 365
	if raceEnabled || testing.Short() {
		days = 21
	}
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		begin := time.Now()
		val, delivered := 100, 0 // of the server: its key, and the day of the last message
		today := func() int { return int(time.Since(begin) / (24 * time.Hour)) }
		s.answer("synccheck", func(n int, r *http.Request, _ []byte) reply {
			s.forget() // a year of requests need not be kept
			switch {
			case n%997 == 0:
				return reply{status: 503}
			case n%1499 == 0:
				return reply{err: errNetwork}
			case n%2003 == 0:
				return reply{hold: time.Hour}
			case n%2503 == 0:
				return reply{body: "window.synccheck={ret", cut: true}
			case today() > delivered:
				return reply{body: check(0, 2)}
			}
			if want := fmt.Sprintf("1_%d", val+1000); val > 100 && r.URL.Query().Get("synckey") != want {
				return reply{body: check(1100, 0)}
			}
			return reply{hold: 25 * time.Second, body: check(0, 0)}
		})
		syncs := 0
		s.answer("webwxsync", func(n int, _ *http.Request, body []byte) reply {
			syncs++
			if n%7 == 0 {
				return reply{status: 503}
			}
			if !strings.Contains(string(body), fmt.Sprintf(`"Val":%d`, val)) && val > 100 {
				return reply{body: `{"BaseResponse":{"Ret":1101}}`}
			}
			if today() <= delivered {
				return reply{body: syncAnswer(0, "", 0)}
			}
			delivered = today()
			val++
			a := reply{body: syncAnswer(val, text(fmt.Sprint("day", delivered), "@a", "x"), 0)}
			if n%5 == 0 {
				// The answer is lost on the way: the server has not advanced.
				val--
				delivered--
				a.body, a.cut = a.body[:len(a.body)/2], true
			}
			return a
		})
		r := run(t, s)
		elapse(t, time.Duration(days)*24*time.Hour+12*time.Hour)
		position := r.acct.position()
		polls := s.total("synccheck")
		r.stop()

		var want []string
		for d := range days {
			want = append(want, fmt.Sprint("day", d+1))
		}
		if got := strings.Fields(ids(r)); !slices.Equal(got, want) {
			t.Errorf("messages: got %v", got)
		}
		if got, want := position.syncKey.Param(), fmt.Sprintf("1_%d", val); got != want {
			t.Errorf("SyncKey: got %s, want %s", got, want)
		}
		if got, want := position.checkKey.Param(), fmt.Sprintf("1_%d", val+1000); got != want {
			t.Errorf("SyncCheckKey: got %s, want %s", got, want)
		}
		held := days * 24 * 3600 / 25
		if polls < held*98/100 || polls > held*103/100 {
			t.Errorf("%d polls, about %d expected", polls, held)
		}
		if least := days * 93; syncs < least || syncs > 2*least {
			t.Errorf("%d syncs, at least %d needed to keep it alive", syncs, least)
		}
		if r.State() != StateOffline {
			t.Errorf("state %s", r.State())
		}
	})
}
