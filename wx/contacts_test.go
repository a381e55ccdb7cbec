package wx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func contactPage(seq int, names ...string) string {
	var list []string
	for _, n := range names {
		list = append(list, fmt.Sprintf(`{"UserName":%q,"NickName":%q}`, n, "nick of "+n))
	}
	return fmt.Sprintf(`{"BaseResponse":{"Ret":0},"MemberList":[%s],"Seq":%d}`, strings.Join(list, ","), seq)
}

// answerGroups makes batch answers that hold every group asked for, with members.
func answerGroups(t *testing.T, s *stub) {
	t.Helper()
	s.answer("webwxbatchgetcontact", func(_ int, _ *http.Request, body []byte) reply {
		return reply{body: groupsAnswer(batchNames(t, body))}
	})
}

func groupsAnswer(names []string) string {
	var list []string
	for _, n := range names {
		list = append(list, fmt.Sprintf(`{"UserName":%q,"NickName":"topic","Statues":1,"EncryChatRoomId":"room%s","MemberCount":2,`+
			`"MemberList":[{"UserName":"@self","NickName":"Bot"},{"UserName":"@m","NickName":"Mem","DisplayName":"Card"}]}`, n, n))
	}
	return fmt.Sprintf(`{"BaseResponse":{"Ret":0},"ContactList":[%s]}`, strings.Join(list, ","))
}

func batchNames(t *testing.T, body []byte) []string {
	t.Helper()
	f := fields(t, body)
	var names []string
	for _, e := range f["List"].([]any) {
		names = append(names, e.(map[string]any)["UserName"].(string))
	}
	if int(f["Count"].(float64)) != len(names) {
		t.Errorf("Count %v for %d entries", f["Count"], len(names))
	}
	return names
}

func TestContactPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.answer("webwxgetcontact", func(n int, r *http.Request, _ []byte) reply {
			switch r.URL.Query().Get("seq") {
			case "0":
				if n == 1 {
					return reply{status: 503}
				}
				return reply{body: contactPage(7, "@a", "@b")}
			case "7":
				return reply{body: contactPage(0, "@c")}
			}
			return reply{status: 404}
		})
		r := run(t, s)
		elapse(t, time.Minute)
		r.stop()
		for _, n := range []string{"@a", "@b", "@c", "@self", FileHelper} {
			if _, ok := r.Directory().Contact(n); !ok {
				t.Errorf("%s is missing", n)
			}
		}
		if !r.Directory().Complete() {
			t.Error("not complete")
		}
		ch := events[ContactsChanged](r)
		if len(ch) != 2 || ch[0].Complete || !ch[1].Complete || len(ch[0].Changed) != 2 {
			t.Errorf("told %+v", ch)
		}
		if q := s.calls("webwxgetcontact")[0].r; q.Method != http.MethodGet || q.URL.Query().Get("skey") != "@crypt_3_4" {
			t.Errorf("%s %s", q.Method, q.URL)
		}
	})
}

func TestContactPagesEnd(t *testing.T) {
	tests := []struct {
		name  string
		seq   func(n int) int
		pages int
	}{
		{name: "seq does not change", seq: func(int) int { return 7 }, pages: 2},
		{name: "seq changes for ever", seq: func(n int) int { return n }, pages: 16},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStub()
				s.answer("webwxgetcontact", func(n int, _ *http.Request, _ []byte) reply {
					return reply{body: contactPage(tt.seq(n), fmt.Sprintf("@%d", n))}
				})
				r := run(t, s)
				elapse(t, time.Minute)
				r.stop()
				if n := len(s.calls("webwxgetcontact")); n != tt.pages || !r.Directory().Complete() {
					t.Errorf("%d pages, want %d; complete %t", n, tt.pages, r.Directory().Complete())
				}
			})
		})
	}
}

func TestGroupsAreLearnt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.on("webwxinit", strings.NewReplacer(`"ContactList":[]`, `"ContactList":[{"UserName":"@@list","MemberList":[{"UserName":"@m"}]}]`,
			`"ChatSet":""`, `"ChatSet":"@@chat,@stranger,@a,filehelper,"`).Replace(s.answers["webwxinit"](1, nil, nil).body))
		s.on("webwxgetcontact", contactPage(0, "@a", "@@saved"))
		answerGroups(t, s)
		checks(s, reply{hold: 30 * time.Second, body: check(0, 2)})
		s.on("webwxsync", syncAnswer(11, text("m1", "@@from", "@m:<br/>hi"), 0))
		r := run(t, s)
		elapse(t, 2*time.Minute)
		r.stop()
		var asked []string
		for _, q := range s.calls("webwxbatchgetcontact") {
			asked = append(asked, batchNames(t, q.body)...)
		}
		slices.Sort(asked)
		if d := cmp.Diff([]string{"@@chat", "@@from", "@@list", "@@saved", "@stranger"}, asked); d != "" {
			t.Error(d)
		}
		m, ok := r.Directory().Member("@@from", "@m")
		if !ok || m.Name() != "Card" {
			t.Errorf("member: %+v %t", m, ok)
		}
		for _, c := range r.Directory().All() {
			if c.Members != nil {
				t.Errorf("All gave members of %s", c.UserName)
			}
		}
		var told []string
		for _, e := range events[ContactsChanged](r) {
			for _, c := range e.Changed {
				told = append(told, c.UserName)
			}
		}
		if !slices.Contains(told, "@@from") || !slices.Contains(told, "@@chat") {
			t.Errorf("told of %v", told)
		}
	})
}

// A message of a group known with its members asks for nothing; a changed group
// is asked for anew, since it comes without names, which stay meanwhile.
func TestGroupsAreAskedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		answerGroups(t, s)
		checks(s, reply{hold: time.Second, body: check(0, 2)}, reply{hold: 10 * time.Second, body: check(0, 2)}, reply{hold: 10 * time.Second, body: check(0, 4)})
		changed := strings.Replace(syncAnswer(13, "", 0), `"AddMsgList"`,
			`"ModContactList":[{"UserName":"@@g","NickName":"new topic","Statues":0,"MemberCount":3,"MemberList":[{"UserName":"@self"},{"UserName":"@m"},{"UserName":"@n"}]}],"AddMsgList"`, 1)
		s.on("webwxsync", syncAnswer(11, text("m1", "@@g", "@m:<br/>1"), 0), syncAnswer(12, text("m2", "@@g", "@m:<br/>2"), 0), changed)
		r := run(t, s)
		elapse(t, 15*time.Second)
		if n := len(s.calls("webwxbatchgetcontact")); n != 1 {
			t.Errorf("asked %d times for a known group", n)
		}
		s.on("webwxbatchgetcontact", `{"BaseResponse":{"Ret":-1}}`)
		elapse(t, 10*time.Second)
		r.stop()
		if n := len(s.calls("webwxbatchgetcontact")); n != 3 {
			t.Errorf("asked %d times in all, want 3: once, and twice anew in vain", n)
		}
		g, _ := r.Directory().Contact("@@g")
		if g.NickName != "new topic" || !g.Muted || g.EncryChatRoomID != "room@@g" || len(g.Members) != 3 {
			t.Errorf("group: %+v", g)
		}
		if m, _ := r.Directory().Member("@@g", "@m"); m.Name() != "Card" {
			t.Errorf("the member lost its name: %+v", m)
		}
	})
}

func TestDeletedContacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.on("webwxgetcontact", contactPage(0, "@a", "@b"))
		checks(s, reply{hold: time.Second, body: check(0, 4)})
		s.on("webwxsync", strings.Replace(syncAnswer(11, text("m1", "@b", "bye"), 0), `"AddMsgList"`,
			`"DelContactList":[{"UserName":"@a","ContactFlag":0},{"UserName":"@unknown"}],"ModContactList":[{"UserName":"@b","NickName":"B &amp; C"}],"AddMsgList"`, 1))
		r := run(t, s)
		elapse(t, 5*time.Second)
		r.stop()
		if _, ok := r.Directory().Contact("@a"); ok {
			t.Error("@a is still there")
		}
		last := r.taken()[len(r.taken())-1]
		ch, ok := last.Events[0].(ContactsChanged)
		if !ok || !slices.Equal(ch.Deleted, []string{"@a"}) || len(ch.Changed) != 1 || ch.Changed[0].UserName != "@b" {
			t.Errorf("told %+v before the messages", last.Events)
		}
	})
}

func TestBatchesAreGentle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		var names []string
		for i := range 220 {
			names = append(names, fmt.Sprintf("@@%03d", i))
		}
		s.on("webwxinit", strings.Replace(s.answers["webwxinit"](1, nil, nil).body, `"ChatSet":""`, `"ChatSet":"`+strings.Join(names, ",")+`,"`, 1))
		answerGroups(t, s)
		r := run(t, s)
		elapse(t, time.Minute)
		r.stop()
		calls := s.calls("webwxbatchgetcontact")
		total := 0
		for i, q := range calls {
			n := len(batchNames(t, q.body))
			total += n
			if n > 50 {
				t.Errorf("%d entries in one call", n)
			}
			if i >= 3 && q.at.Sub(calls[i-1].at) < 2*time.Second {
				t.Errorf("call %d after %s", i, q.at.Sub(calls[i-1].at))
			}
		}
		if total != 220 {
			t.Errorf("asked for %d groups", total)
		}
	})
}

func TestBigGroupsComeInSmallBatches(t *testing.T) {
	l := newLoader()
	for i := range 30 {
		l.add(fmt.Sprintf("@@%d", i))
	}
	if n := len(l.takeNames(func(string) int { return 500 })); n != 10 {
		t.Errorf("%d groups of 500 in one batch, want 10", n)
	}
	if n := len(l.takeNames(func(string) int { return 20000 })); n != 1 {
		t.Errorf("%d groups of 20000 in one batch, want 1", n)
	}
}

// A batch that fails is asked for in slices; what fails alone
// twice never again.
func TestBatchErrorIsNarrowedDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		var names []string
		for i := range 30 {
			names = append(names, fmt.Sprintf("@@%02d", i))
		}
		s.on("webwxinit", strings.Replace(s.answers["webwxinit"](1, nil, nil).body, `"ChatSet":""`, `"ChatSet":"`+strings.Join(names, ",")+`,"`, 1))
		s.answer("webwxbatchgetcontact", func(_ int, _ *http.Request, body []byte) reply {
			names := batchNames(t, body)
			if slices.Contains(names, "@@17") {
				return reply{body: `{"BaseResponse":{"Ret":-1}}`}
			}
			return reply{body: groupsAnswer(names)}
		})
		r := run(t, s)
		elapse(t, 30*time.Minute)
		var alone, sizes int
		for _, q := range s.calls("webwxbatchgetcontact") {
			n := batchNames(t, q.body)
			sizes += len(n)
			if slices.Equal(n, []string{"@@17"}) {
				alone++
			}
		}
		known := 0
		for _, n := range names {
			if c, ok := r.Directory().Contact(n); ok && len(c.Members) > 0 {
				known++
			}
		}
		if alone != 2 || known != 29 {
			t.Errorf("asked alone %d times, want 2; %d groups known, want 29", alone, known)
		}
		if got, err := r.Lookup(t.Context(), "", "@@17"); len(got) != 0 || err != nil {
			t.Errorf("lookup of what failed alone: %v, %v", got, err)
		}
		r.stop()
	})
}

func TestThrottledContactsRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.on("webwxinit", strings.Replace(s.answers["webwxinit"](1, nil, nil).body, `"ChatSet":""`, `"ChatSet":"@@g,"`, 1))
		s.on("webwxbatchgetcontact", `{"BaseResponse":{"Ret":1205}}`)
		s.on("webwxgetcontact", `{"BaseResponse":{"Ret":1205}}`)
		r := run(t, s)
		elapse(t, 29*time.Minute)
		for range 3 {
			if _, err := r.Lookup(t.Context(), "", "@x"); !Throttled(err) {
				t.Errorf("lookup while resting: %v", err)
			}
		}
		if n, m := len(s.calls("webwxbatchgetcontact")), len(s.calls("webwxgetcontact")); n != 1 || m != 1 {
			t.Errorf("%d and %d calls in 29 minutes", n, m)
		}
		elapse(t, 4*time.Hour)
		r.stop()
		// After 30, 60 and 120 minutes.
		if n, m := len(s.calls("webwxbatchgetcontact")), len(s.calls("webwxgetcontact")); n != 4 || m != 4 {
			t.Errorf("%d and %d calls in 4.5 hours, want 4", n, m)
		}
	})
}

func TestLookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		answerGroups(t, s)
		r := run(t, s)
		if _, err := r.Lookup(t.Context(), "", "@@g"); !errors.Is(err, ErrNotReady) {
			t.Errorf("before the login: %v", err)
		}
		elapse(t, time.Second)
		got, err := r.Lookup(t.Context(), "", "@@g")
		if err != nil || len(got) != 1 || len(got[0].Members) != 2 {
			t.Fatalf("got %+v, %v", got, err)
		}
		s.answer("webwxbatchgetcontact", func(_ int, _ *http.Request, body []byte) reply {
			e := fields(t, body)["List"].([]any)[0].(map[string]any)
			if e["EncryChatRoomId"] != "room@@g" {
				t.Errorf("entry: %v", e)
			}
			return reply{body: `{"BaseResponse":{"Ret":0},"ContactList":[{"UserName":"@new","NickName":"New One"}]}`}
		})
		got, err = r.Lookup(t.Context(), "@@g", "@new", "@gone")
		if err != nil || len(got) != 1 || got[0].NickName != "New One" {
			t.Fatalf("got %+v, %v", got, err)
		}
		if m, ok := r.Directory().Member("@@g", "@new"); !ok || m.NickName != "New One" {
			t.Errorf("member: %+v", m)
		}
		if _, ok := r.Directory().Contact("@new"); ok {
			t.Error("a member of a group became a contact")
		}
		if got, err := r.Lookup(t.Context(), ""); got != nil || err != nil {
			t.Errorf("nobody: %v, %v", got, err)
		}
		if _, err := r.Lookup(t.Context(), "", make([]string, 51)...); Dispose(err) != Stop {
			t.Errorf("51 names: %v", err)
		}
		s.on("webwxbatchgetcontact", `{"BaseResponse":{"Ret":-1}}`)
		if _, err := r.Lookup(t.Context(), "", "@y"); err == nil || err.Error() != "webwxbatchgetcontact: ret -1" {
			t.Errorf("refused: %v", err)
		}
		r.stop()
		if _, err := r.Lookup(t.Context(), "", "@z"); !errors.Is(err, ErrNotReady) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// Lookups that wait together share a call.
func TestLookupsShareCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		answerGroups(t, s)
		r := run(t, s)
		elapse(t, time.Minute)
		start := time.Now()
		done := make(chan error)
		for i := range 60 {
			go func() {
				got, err := r.Lookup(t.Context(), "", fmt.Sprintf("@@%d", i))
				if err == nil && len(got) != 1 {
					err = fmt.Errorf("lookup %d got %d contacts", i, len(got))
				}
				done <- err
			}()
		}
		for range 60 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("60 lookups took %s", took)
		}
		r.stop()
	})
}

// A sink may look up, from the first batch on: the batch answer is announced only
// after it has returned.
func TestLookupFromTheSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		answerGroups(t, s)
		checks(s, reply{hold: time.Second, body: check(0, 2)}, reply{hold: time.Second, body: check(0, 2)})
		s.on("webwxsync", syncAnswer(11, text("m1", "@@g", "@m:<br/>hi"), 0), syncAnswer(12, text("m2", "@@h", "@m:<br/>hi"), 0))
		found := 0
		var r *running
		ready := make(chan struct{})
		r = run(t, s, func(o *Options) {
			take := o.Sink
			o.Sink = func(ctx context.Context, b Batch) error {
				<-ready
				for _, e := range b.Events {
					if m, ok := e.(MessageReceived); ok {
						got, err := r.Lookup(ctx, "", m.Message.From)
						if err != nil {
							return err
						}
						found += len(got)
					}
					if _, ok := e.(LoggedIn); ok {
						got, err := r.Lookup(ctx, "", "@@first")
						if err != nil {
							return err
						}
						found += len(got)
					}
				}
				return take(ctx, b)
			}
		})
		close(ready)
		elapse(t, time.Minute)
		r.stop()
		if found != 3 || ids(r) != "m1 m2" {
			t.Errorf("found %d, messages %s", found, ids(r))
		}
	})
}

func TestDirectoryGivesCopies(t *testing.T) {
	d := newDirectory()
	d.put(Contact{UserName: "@@g", NickName: "g", Members: []Member{{UserName: "@m", NickName: "M"}}})
	got, _ := d.Contact("@@g")
	got.Members[0].NickName = "changed"
	if m, _ := d.Member("@@g", "@m"); m.NickName != "M" {
		t.Error("a caller wrote into the directory")
	}
	changed := d.put(Contact{UserName: "@@g", NickName: "h", Members: []Member{{UserName: "@m", NickName: "M"}}}).contacts
	changed[0].Members[0].NickName = "changed"
	if m, _ := d.Member("@@g", "@m"); m.NickName != "M" {
		t.Error("an event shares members with the directory")
	}
	if again := d.put(Contact{UserName: "@@g", NickName: "h", Members: []Member{{UserName: "@m", NickName: "M"}}}); !again.empty() {
		t.Errorf("nothing changed, but told %+v", again)
	}
}
