package wire

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestNumber(t *testing.T) {
	tests := []struct {
		json string
		want Number
		bad  bool
	}{
		{json: `0`},
		{json: `"0"`},
		{json: `""`},
		{json: `null`},
		{json: `false`},
		{json: `true`, want: 1},
		{json: `-2013`, want: -2013},
		{json: `" 1205 "`, want: 1205},
		{json: `9077318394394722874`, want: 9077318394394722874},
		{json: `"3812345678"`, want: 3812345678},
		{json: `18446744073709551615`, want: -1},
		{json: `1e3`, want: 1000},
		{json: `1.9`, want: 1},
		{json: `1e300`, bad: true},
		{json: `"many"`, bad: true},
		{json: `[]`, bad: true},
		{json: `{}`, bad: true},
	}
	for _, tt := range tests {
		t.Run(tt.json, func(t *testing.T) {
			var got struct{ V Number }
			err := unmarshal([]byte(`{"V":`+tt.json+`}`), &got)
			if (err != nil) != tt.bad || got.V != tt.want {
				t.Errorf("got %d, %v, want %d, error %t", got.V, err, tt.want, tt.bad)
			}
		})
	}
}

func TestText(t *testing.T) {
	tests := []struct {
		json string
		want Text
		bad  bool
	}{
		{json: `""`},
		{json: `null`},
		{json: `"8305824072977083003"`, want: "8305824072977083003"},
		{json: `8305824072977083003`, want: "8305824072977083003"},
		{json: "\"cut\xf0\x9f\"", want: "cut\uFFFD\uFFFD"},
		{json: `{}`, bad: true},
		{json: `true`, bad: true},
	}
	for _, tt := range tests {
		t.Run(tt.json, func(t *testing.T) {
			var got struct{ V Text }
			err := unmarshal([]byte(`{"V":`+tt.json+`}`), &got)
			if (err != nil) != tt.bad || got.V != tt.want {
				t.Errorf("got %q, %v, want %q, error %t", got.V, err, tt.want, tt.bad)
			}
		})
	}
}

func TestListKeepsGoodEntries(t *testing.T) {
	tests := []struct {
		name, json string
		want       []string
		bad        int
	}{
		{name: "all good", json: `[{"UserName":"a"},{"UserName":"b"}]`, want: []string{"a", "b"}},
		{name: "bad ones between", json: `[{"UserName":"a"},7,[],null,{"UserName":"b"}]`, want: []string{"a", "b"}, bad: 3},
		{name: "strange field", json: `[{"UserName":[]},{"UserName":"b"}]`, want: []string{"", "b"}},
		{name: "none", json: `[]`},
		{name: "null", json: `null`},
		{name: "empty text", json: `""`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v struct{ L List[Deleted] }
			if err := unmarshal([]byte(`{"L":`+tt.json+`}`), &v); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range v.L.Items {
				got = append(got, string(d.UserName))
			}
			if d := cmp.Diff(tt.want, got); d != "" || v.L.Bad != tt.bad {
				t.Errorf("%s bad entries: got %d, want %d", d, v.L.Bad, tt.bad)
			}
		})
	}
}

func TestListKeepsGoodFields(t *testing.T) {
	body := `{"BaseResponse":{"Ret":0},"AddMsgList":[{"MsgId":"1","MsgType":{"a":[1]},"Content":"hi","FileSize":["x"],"RecommendInfo":7,"FromUserName":"@a"}]}`
	var r SyncResponse
	if err := Decode([]byte(body), &r); err != nil {
		t.Fatal(err)
	}
	want := []Msg{{MsgID: "1", Content: "hi", FromUserName: "@a"}}
	if d := cmp.Diff(want, r.AddMsgList.Items); d != "" || r.AddMsgList.Bad != 0 {
		t.Errorf("%s bad %d", d, r.AddMsgList.Bad)
	}
}

func TestDecode(t *testing.T) {
	tests := []struct {
		name, body string
		ret        int
		err        string
	}{
		{name: "ok", body: `{"BaseResponse":{"Ret":0,"ErrMsg":""}}`},
		{name: "code as text", body: `{"BaseResponse":{"Ret":"1205","ErrMsg":"x"}}`, ret: 1205},
		{name: "other case", body: `{"baseResponse":{"ret":-1}}`, ret: -1},
		{name: "spaces around", body: " \n{\"BaseResponse\":{\"Ret\":3}}\r\n", ret: 3},
		{name: "names twice", body: `{"BaseResponse":{"Ret":1},"BaseResponse":{"Ret":0}}`},
		{name: "empty", err: "empty answer"},
		{name: "blank", body: " \r\n", err: "empty answer"},
		{name: "page", body: "<html></html>", err: "answer is not a JSON object"},
		{name: "list", body: `[{"BaseResponse":{"Ret":0}}]`, err: "answer is not a JSON object"},
		{name: "text", body: `"ok"`, err: "answer is not a JSON object"},
		{name: "no BaseResponse", body: `{}`, err: "no Ret in the answer"},
		{name: "null BaseResponse", body: `{"BaseResponse":null}`, err: "no Ret in the answer"},
		{name: "no Ret", body: `{"BaseResponse":{}}`, err: "no Ret in the answer"},
		{name: "null Ret", body: `{"BaseResponse":{"Ret":null}}`, err: "no Ret in the answer"},
		{name: "cut", body: `{"BaseResponse":{"Ret":0},"MsgID":"secr`, err: "broken JSON at offset 39"},
		{name: "junk behind", body: `{"BaseResponse":{"Ret":0}}{`, err: "broken JSON at offset 26"},
		{name: "wrong kind", body: `{"BaseResponse":{"Ret":0},"MsgID":{"a":"secret"}}`, err: "unexpected JSON value at offset 34"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got SendResponse
			err := Decode([]byte(tt.body), &got)
			checkError(t, err, tt.err)
			if err == nil && got.Ret() != tt.ret {
				t.Errorf("got Ret %d, want %d", got.Ret(), tt.ret)
			}
		})
	}
}

func TestMarshalIsRaw(t *testing.T) {
	const text = "<b> & \"quoted\" / 微笑 😄\u2028\u2005\n\t"
	b, err := Marshal(SendRequest[TextMsg]{Msg: TextMsg{Type: 1, Content: text}})
	if err != nil {
		t.Fatal(err)
	}
	if s := string(b); strings.Contains(s, `\u`) || strings.Contains(s, `\/`) {
		t.Errorf("escapes that the receiver would see: %s", s)
	}
	var back struct{ Msg struct{ Content string } }
	if err := json.Unmarshal(b, &back); err != nil || back.Msg.Content != text {
		t.Errorf("got %q, %v, want %q", back.Msg.Content, err, text)
	}
}

// Printable text goes out without escapes other than those JSON demands and
// comes back as it was.
func FuzzMarshalRoundTrip(f *testing.F) {
	f.Add("hello\n<>&/\u2028")
	f.Add("\\u003c")
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\r' }) {
			return
		}
		b, err := Marshal(TextMsg{Content: text})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(strings.ReplaceAll(string(b), `\\`, ""), `\u`) {
			t.Errorf("\\u in %s", b)
		}
		var back TextMsg
		if err := unmarshal(b, &back); err != nil || back.Content != text {
			t.Errorf("got %q, %v, want %q", back.Content, err, text)
		}
	})
}

// A body that is accepted is a JSON object that says a code, for every type of
// answer; what the standard library calls broken is not accepted.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"BaseResponse":{"Ret":0},"AddMsgList":[{"MsgId":"1","MsgType":1}],"SyncKey":{"Count":1,"List":[{"Key":1,"Val":2}]}}`))
	f.Add([]byte(`{"BaseResponse":{"Ret":"0"},"ContactList":[{"UserName":"@@a","MemberList":[{"UserName":"@b"}]}],"ChatSet":"a,b,"}`))
	f.Add([]byte("{\"BaseResponse\":{\"Ret\":0},\"MemberList\":[{\"NickName\":\"\xf0\x9f\"}],\"Seq\":5}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, into := range []Coded{
			&InitResponse{}, &ContactsResponse{}, &BatchResponse{}, &SyncResponse{}, &SendResponse{}, &UploadResponse{}, &PlainResponse{},
		} {
			if Decode(body, into) != nil {
				continue
			}
			if !json.Valid([]byte(strings.ToValidUTF8(string(body), "?"))) {
				t.Errorf("%T accepted %q", into, body)
			}
			_ = into.Ret()
		}
		var sync SyncResponse
		if Decode(body, &sync) == nil && strings.Count(sync.SyncKey.Param(), "_") != len(sync.SyncKey.List) {
			t.Errorf("param %q for %d keys", sync.SyncKey.Param(), len(sync.SyncKey.List))
		}
	})
}

func TestSyncKeyParam(t *testing.T) {
	k := SyncKey{Count: 3, List: []KeyValue{{Key: 1, Val: 635705559}, {Key: 2, Val: 4294967295}, {Key: 1000, Val: 0}}}
	if got, want := k.Param(), "1_635705559|2_4294967295|1000_0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (SyncKey{}).Param(); got != "" {
		t.Errorf("got %q for no keys", got)
	}
}
