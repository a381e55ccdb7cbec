package wxtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"sync"
)

// ControlPrefix is where the control API is served if Config.Control is set. No
// path of WeChat's begins so.
const ControlPrefix = "/sim/"

// controlHelp is what ControlPrefix itself answers.
const controlHelp = `The simulated WeChat is run from here. Bodies and answers are JSON; a POST needs
Content-Type: application/json unless its body is empty. Errors are {"error": "..."}.
People and groups are named by name, remark or id; "self" is the account, and
"filehelper" the chat with oneself.

GET    /sim/state      what is logged in, who is there
POST   /sim/login      scan the code and confirm; also /sim/scan /sim/confirm /sim/cancel /sim/expire
POST   /sim/logout     {"code": 1101}: end the session; without a code the phone logs it out (1100)
POST   /sim/refuse     {"code": 1203, "text": "..."}: refuse logins; code 0 allows them again
POST   /sim/say        {"from": "小明", "text": "hi"}; "group": in a group; "mention": true;
                       no "from": the owner on the phone, to "to" or "group";
                       "kind": image voice video emoticon file link card system; "data": base64
POST   /sim/recall     {"id": "..."}: withdraw what /sim/say gave that id
POST   /sim/friend     {"name": "小明", "remark": "", "official": false, "stranger": false}
POST   /sim/group      {"name": "家", "members": ["小明"], "saved": false}
POST   /sim/request    {"from": "小红", "text": "hi"}: make a friend request
POST   /sim/join       {"group": "家", "by": "小明", "people": ["小红"], "qr": false}
POST   /sim/leave      {"group": "家", "person": "小红", "by": ""}: without by nobody is told
POST   /sim/rename     {"group": "家", "name": "大家", "by": "小明"}, or "person" instead of a group
POST   /sim/tickle     {"group": "家", "from": "小明", "to": "self"}
POST   /sim/unfriend   {"person": "小明"}: the person has deleted the account
POST   /sim/phone      {"away": true}: the phone is off for days; false: it is back
POST   /sim/fault      {"endpoint": "webwxsync", "kind": "status", "status": 502, "times": 1};
                       kinds: status reset cut-body empty slow junk body ret hang delay trickle
DELETE /sim/fault      forget the faults planned
GET    /sim/sent       messages sent; ?after=SEQ the newer ones, &wait=SECONDS for the first
GET    /sim/records    everything that people could see of the client; also &kind=online
GET    /sim/problems   what was wrong with the requests; DELETE forgets it
`

// maxControlBody bounds the body of a control request, in bytes.
const maxControlBody = 16 << 20

// control answers the control API.
type control struct {
	srv *Server
	mux *http.ServeMux

	mu   sync.Mutex
	said map[MsgID]utterance
}

// utterance is what a recall needs to know of a message.
type utterance struct {
	from  *Account
	group *Group // nil in a private chat
	to    Chat   // of what the owner wrote
}

func newControl(s *Server) *control {
	c := &control{srv: s, mux: http.NewServeMux(), said: map[MsgID]utterance{}}
	handle := func(pattern string, h http.HandlerFunc) {
		method, name, _ := strings.Cut(pattern, " ")
		c.mux.HandleFunc(method+" "+ControlPrefix+name, h)
	}
	handle("GET {$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, controlHelp) // a client that has gone is no concern of the server's
	})
	handle("GET state", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, s.stateView()) })
	for name, press := range map[string]func(){
		"login":   func() { s.Scan(); s.Confirm() },
		"scan":    s.Scan,
		"confirm": s.Confirm,
		"cancel":  s.Cancel,
		"expire":  s.Expire,
	} {
		handle("POST "+name, act(func(struct{}) (any, error) {
			press()
			return s.loginView(), nil
		}))
	}
	handle("POST logout", act(c.logout))
	handle("POST refuse", act(c.refuse))
	handle("POST say", act(c.say))
	handle("POST recall", act(c.recall))
	handle("POST friend", act(c.friend))
	handle("POST group", act(c.group))
	handle("POST request", act(c.request))
	handle("POST join", act(c.join))
	handle("POST leave", act(c.leave))
	handle("POST rename", act(c.rename))
	handle("POST tickle", act(c.tickle))
	handle("POST unfriend", act(c.unfriend))
	handle("POST phone", act(c.phone))
	handle("POST fault", act(c.fault))
	handle("DELETE fault", act(func(struct{}) (any, error) {
		s.ClearFaults()
		return struct{}{}, nil
	}))
	handle("GET sent", func(w http.ResponseWriter, r *http.Request) { c.records(w, r, RecordSent.String()) })
	handle("GET records", func(w http.ResponseWriter, r *http.Request) { c.records(w, r, r.URL.Query().Get("kind")) })
	handle("GET problems", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, problemsView(s.Problems()))
	})
	handle("DELETE problems", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, problemsView(s.TakeProblems()))
	})
	return c
}

// errNobody is a name that nobody has.
var errNobody = errors.New("no such name")

// act makes a handler of something done with a JSON body; an empty body is {}.
func act[T any](do func(T) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		out, err := any(nil), readControl(w, r, &in)
		if err == nil {
			out, err = do(in)
		}
		switch {
		case errors.Is(err, errNobody):
			refuse(w, http.StatusNotFound, err)
		case err != nil:
			refuse(w, http.StatusBadRequest, err)
		default:
			reply(w, http.StatusOK, out)
		}
	}
}

func readControl(w http.ResponseWriter, r *http.Request, into any) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxControlBody))
	if err != nil {
		return fmt.Errorf("read body: %w", err)
	}
	if len(body) == 0 {
		return nil
	}
	// A page in somebody's browser can post a form here, but no JSON.
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return errors.New("Content-Type must be application/json")
	}
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("read body: %w", err)
	}
	if dec.More() {
		return errors.New("read body: more than one JSON value")
	}
	return nil
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v) // a client that has gone is no concern of the server's
}

func refuse(w http.ResponseWriter, status int, err error) {
	reply(w, status, map[string]string{"error": err.Error()})
}
