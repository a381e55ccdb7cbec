package wxtest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"wxbot/wx/wxtest"
)

// remote uses the control API as a program in another language would.
type remote struct {
	tb   testing.TB
	base string
}

func newRemote(tb testing.TB, s *wxtest.Server) remote {
	tb.Helper()
	return remote{tb, s.URL() + wxtest.ControlPrefix}
}

func (r remote) call(method, path, kind, body string) (int, string) {
	r.tb.Helper()
	req, err := http.NewRequestWithContext(r.tb.Context(), method, r.base+path, strings.NewReader(body))
	if err != nil {
		r.tb.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.tb.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.tb.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// answer is what a call that must succeed says.
type answer struct {
	ID      string   `json:"id"`
	Lost    bool     `json:"lost"`
	Members []string `json:"members"`
	Code    string   `json:"code"`
	Online  bool     `json:"online"`
	Next    int      `json:"next"`
	Records []struct {
		Kind, Chat, Text string
		People           []string
	} `json:"records"`
	Problems []struct {
		Endpoint, What string
	} `json:"problems"`
	Login          struct{ Online bool } `json:"login"`
	People, Groups []struct {
		ID, Name string
		Friend   bool
	}
}

func (r remote) do(method, path, body string) answer {
	r.tb.Helper()
	kind := ""
	if body != "" {
		kind = "application/json"
	}
	status, text := r.call(method, path, kind, body)
	if status != http.StatusOK {
		r.tb.Fatalf("%s %s: %d %s", method, path, status, text)
	}
	var a answer
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		r.tb.Fatalf("%s %s: %v in %s", method, path, err, text)
	}
	return a
}

func (r remote) post(path, body string) answer { r.tb.Helper(); return r.do("POST", path, body) }
func (r remote) get(path string) answer        { r.tb.Helper(); return r.do("GET", path, "") }

func TestControlPlaysPhoneFriendsAndGroups(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{Control: true, Hold: 10 * time.Millisecond})
	r := newRemote(t, s)
	r.post("friend", `{"name":"小明"}`)
	if got := r.post("say", `{"from":"小明","text":"early"}`); !got.Lost {
		t.Errorf("what is said before any login is not called lost")
	}
	if got := r.post("login", "").Code; got != "none" {
		t.Errorf("code before any = %q", got)
	}
	c := newClient(t, s).online() // scanned and confirmed by the queued login
	c.syncCheck()
	if got := r.get("records?kind=online&wait=10"); len(got.Records) != 1 {
		t.Fatalf("online records: %+v", got)
	}
	c.sync()

	r.post("group", `{"name":"家","members":["小明","妈妈"]}`)
	said := r.post("say", `{"from":"小明","text":"在吗"}`)
	r.post("say", `{"from":"妈妈","group":"家","text":"吃饭","mention":true}`)
	r.post("say", `{"to":"filehelper","text":"note"}`)
	r.post("say", `{"from":"小明","kind":"file","name":"表.xlsx","data":"aGk="}`)
	r.post("recall", `{"id":"`+said.ID+`"}`)
	r.post("request", `{"from":"小红","text":"我是小红"}`)
	r.post("join", `{"group":"家","by":"妈妈","people":["爸爸"]}`)
	var kinds []int64
	all := ""
	for _, m := range c.sync() {
		kinds = append(kinds, num(m["MsgType"]))
		content, _ := m["Content"].(string)
		all += content + "\n"
	}
	if want := []int64{1, 1, 1, 49, 10002, 37, 10000}; !slices.Equal(kinds, want) {
		t.Errorf("types of messages = %v, want %v", kinds, want)
	}
	for _, part := range []string{"在吗", "@史塔克\u2005吃饭", "note", "我是小红", `"妈妈"邀请"爸爸"加入了群聊`} {
		if !strings.Contains(all, part) {
			t.Errorf("messages lack %q:\n%s", part, all)
		}
	}

	state := r.get("state")
	if !state.Login.Online || len(state.Groups) != 1 || state.Groups[0].Name != "家" {
		t.Errorf("state %+v", state)
	}
}

func TestControlChangesPeopleAndGroups(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{Control: true, Hold: 10 * time.Millisecond})
	r := newRemote(t, s)
	ming := s.AddFriend(wxtest.Person{NickName: "小明"})
	hong := s.AddFriend(wxtest.Person{NickName: "小红"})
	g := s.AddGroup("家", ming, hong)
	c := newClient(t, s).online()
	c.syncCheck()
	c.sync()

	r.post("rename", `{"group":"家","name":"大家","by":"小明"}`)
	r.post("rename", `{"person":"小红","name":"小红红"}`)
	r.post("tickle", `{"group":"大家","from":"小明"}`)
	r.post("leave", `{"group":"大家","person":"小红红"}`)
	if slices.Contains(g.Members(), hong) || hong.NickName() != "小红红" {
		t.Errorf("members %v", g.Members())
	}
	r.post("leave", `{"group":"大家","person":"self","by":"小明"}`)
	r.post("unfriend", `{"person":"小明"}`)
	texts := func() string {
		var out []string
		for _, m := range c.sync() {
			content, _ := m["Content"].(string)
			out = append(out, content)
		}
		return strings.Join(out, "|")
	}
	if got, want := texts(), `"小明"修改群名为“大家”|"小明" 拍了拍我|你被"小明"移出群聊`; got != want {
		t.Errorf("texts %s, want %s", got, want)
	}
	c.send(ming.UserName(), "在吗", "17000000000000001")
	if got := texts(); !strings.Contains(got, "你还不是他（她）朋友") {
		t.Errorf("a friend who deleted the account says %q", got)
	}
	r.post("phone", `{"away":true}`)
	hong.Say("到了吗")
	if got := texts(); got != "" {
		t.Errorf("without the phone came %s", got)
	}
	r.post("phone", `{"away":false}`)
	if got := texts(); got != "到了吗" {
		t.Errorf("with the phone back came %q", got)
	}
}

func TestControlTellsWhatWasSentAndWaitsForIt(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{Control: true})
	r := newRemote(t, s)
	ming := s.AddFriend(wxtest.Person{NickName: "小明"})
	r.post("login", "")
	c := newClient(t, s).online()
	if got := r.get("sent?wait=0"); len(got.Records) != 0 {
		t.Fatalf("sent before anything: %+v", got)
	}
	got := make(chan answer)
	go func() { got <- r.get("sent?wait=30") }() // read below
	c.send("filehelper", "first", "17000000000000001")
	if a := <-got; len(a.Records) != 1 || a.Records[0].Text != "first" || a.Records[0].Chat != "文件传输助手" {
		t.Fatalf("sent = %+v", a)
	} else {
		c.send(ming.UserName(), "second", "17000000000000002")
		if b := r.get("sent?after=" + strconv.Itoa(a.Next)); len(b.Records) != 1 || b.Records[0].Text != "second" {
			t.Errorf("sent after %d = %+v", a.Next, b)
		}
	}
}

func TestControlMakesFaultsAndTellsProblems(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{Control: true})
	r := newRemote(t, s)
	r.post("login", "")
	c := newClient(t, s).online()
	r.post("fault", `{"endpoint":"webwxsync","kind":"ret","ret":1205}`)
	if got := ret(c.syncWith(keyJSON(c.init()["SyncKey"]))); got != 1205 {
		t.Errorf("Ret = %d, want 1205", got)
	}
	r.post("fault", `{"kind":"status","times":-1}`)
	r.do("DELETE", "fault", "")
	if got := ret(c.syncWith(keyJSON(c.init()["SyncKey"]))); got != 0 {
		t.Errorf("Ret = %d after the faults were forgotten", got)
	}
	c.send("nobody", "x", "17000000000000001")
	if got := r.do("DELETE", "problems", ""); len(got.Problems) != 1 || got.Problems[0].Endpoint != "webwxsendmsg" {
		t.Errorf("problems: %+v", got)
	}
	if got := r.get("problems"); len(got.Problems) != 0 {
		t.Errorf("problems after they were taken: %+v", got)
	}
	r.post("logout", `{"code":1101}`)
	if got := c.syncCheck(); !strings.Contains(got, `"1101"`) {
		t.Errorf("synccheck after the cut = %s", got)
	}
}

func TestControlSaysWhatIsWrongWithACall(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{Control: true})
	r := newRemote(t, s)
	for range 2 {
		r.post("friend", `{"name":"双"}`)
	}
	r.post("friend", `{"name":"生","stranger":true}`)
	r.post("group", `{"name":"群","members":[]}`)
	const kind = "application/json"
	for name, tt := range map[string]struct {
		method, path, kind, body string
		status                   int
		text                     string
	}{
		"unknown person":    {"POST", "say", kind, `{"from":"无","text":"x"}`, 404, `person \"无\"`},
		"unknown group":     {"POST", "say", kind, `{"group":"无","text":"x"}`, 404, `group \"无\"`},
		"two of a name":     {"POST", "say", kind, `{"from":"双","text":"x"}`, 400, "names 2"},
		"stranger":          {"POST", "say", kind, `{"from":"生","text":"x"}`, 400, "no friend"},
		"no member":         {"POST", "say", kind, `{"from":"生","group":"群","text":"x"}`, 400, "not in the group"},
		"unknown key":       {"POST", "say", kind, `{"form":"生"}`, 400, "unknown field"},
		"no text":           {"POST", "say", kind, `{"to":"filehelper"}`, 400, "text is missing"},
		"form":              {"POST", "say", "text/plain", `{"to":"filehelper","text":"x"}`, 400, "Content-Type"},
		"two values":        {"POST", "say", kind, `{} {}`, 400, "more than one"},
		"unknown fault":     {"POST", "fault", kind, `{"kind":"no"}`, 400, "cut-body"},
		"unknown endpoint":  {"POST", "fault", kind, `{"kind":"hang","endpoint":"x"}`, 404, "endpoint"},
		"bad code":          {"POST", "logout", kind, `{"code":7}`, 400, "1101"},
		"unknown message":   {"POST", "recall", kind, `{"id":"7"}`, 404, "message"},
		"bad cursor":        {"GET", "sent?after=x", "", "", 400, "after"},
		"unknown path":      {"GET", "nothing", "", "", 404, ""},
		"wrong method":      {"GET", "say", "", "", 405, ""},
		"leaves no group":   {"POST", "leave", kind, `{"group":"群","person":"生"}`, 400, "not in the group"},
		"removes itself":    {"POST", "leave", kind, `{"group":"群","person":"self","by":"self"}`, 400, "by is missing"},
		"renames nothing":   {"POST", "rename", kind, `{"name":"x"}`, 400, "either group or person"},
		"no new name":       {"POST", "rename", kind, `{"group":"群"}`, 400, "name is missing"},
		"tickles outside":   {"POST", "tickle", kind, `{"group":"群","from":"生"}`, 400, "not in the group"},
		"unfriends itself":  {"POST", "unfriend", kind, `{"person":"self"}`, 400, "no friend of its own"},
		"request of friend": {"POST", "request", kind, `{"from":"self"}`, 400, "already"},
	} {
		t.Run(name, func(t *testing.T) {
			r := remote{t, r.base}
			status, text := r.call(tt.method, tt.path, tt.kind, tt.body)
			if status != tt.status || !strings.Contains(text, tt.text) {
				t.Errorf("%d %s, want %d and %q", status, text, tt.status, tt.text)
			}
		})
	}
}

// The waiting calls of the control API must not keep a server from closing.
func TestCloseEndsControlCallsThatWait(t *testing.T) {
	s, err := wxtest.Start(wxtest.Config{Control: true})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		resp, err := http.Get(s.URL() + "/sim/sent?wait=300")
		if err == nil {
			err = resp.Body.Close()
		}
		done <- err
	}()
	pass(50 * time.Millisecond) // most likely it waits by then; if not, the call fails at once
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-done:
	case <-within(t, 10*time.Second).Done():
		t.Error("the call still waits")
	}
}

func TestWithoutControlThePathsAreNoPaths(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{Lenient: true})
	if status, _ := newRemote(t, s).call("GET", "state", "", ""); status != http.StatusNotFound {
		t.Errorf("status %d", status)
	}
	wantProblem(t, s, "no such path")
}
