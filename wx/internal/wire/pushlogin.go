package wire

import "errors"

// PushLogin is the answer of webwxpushloginurl (section 3.4).
type PushLogin struct {
	Ret  int
	UUID string // to poll with, when Ret is 0
}

// DecodePushLogin reads the answer of webwxpushloginurl, whose ret is a string or
// a number. An answer without it is an error; one whose ret is not 0 is not.
func DecodePushLogin(body []byte) (PushLogin, error) {
	var fields struct {
		Ret  *Number
		UUID Text
	}
	if err := unmarshal(body, &fields); err != nil {
		return PushLogin{}, err
	}
	if fields.Ret == nil {
		return PushLogin{}, errors.New("no ret in the answer")
	}
	return PushLogin{Ret: int(*fields.Ret), UUID: string(fields.UUID)}, nil
}
