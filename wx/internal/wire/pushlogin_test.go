package wire

import "testing"

func TestDecodePushLogin(t *testing.T) {
	tests := []struct {
		name, body string
		want       PushLogin
		bad        bool
	}{
		{name: "ret as a string", body: `{"ret":"0","msg":"all ok","uuid":"4dcaWx3uBw=="}`, want: PushLogin{UUID: "4dcaWx3uBw=="}},
		{name: "ret as a number", body: `{"ret":0,"msg":"all ok","uuid":"4dcaWx3uBw=="}`, want: PushLogin{UUID: "4dcaWx3uBw=="}},
		{name: "refused", body: `{"ret":"1","msg":"not allowed","uuid":""}`, want: PushLogin{Ret: 1}},
		{name: "negative", body: `{"ret":-1}`, want: PushLogin{Ret: -1}},
		{name: "no ret", body: `{"msg":"all ok","uuid":"4dcaWx3uBw=="}`, bad: true},
		{name: "null", body: `{"ret":null,"uuid":"4dcaWx3uBw=="}`, bad: true},
		{name: "a web page", body: `<html></html>`, bad: true},
		{name: "empty", body: ``, bad: true},
		{name: "cut", body: `{"ret":"0","msg":"al`, bad: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := DecodePushLogin([]byte(tt.body))
			if got != tt.want || (err != nil) != tt.bad {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func FuzzDecodePushLogin(f *testing.F) {
	f.Add([]byte(`{"ret":"0","msg":"all ok","uuid":"4dcaWx3uBw=="}`))
	f.Add([]byte(`{"ret":1e3}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := DecodePushLogin(body)
		if err != nil && got != (PushLogin{}) {
			t.Errorf("an error and %+v", got)
		}
		if len(got.UUID) > 3*len(body) {
			t.Errorf("%d bytes made an id of %d", len(body), len(got.UUID))
		}
	})
}
