package lang

import (
	"errors"
	"strings"
)

// said is an error with a text.
type said struct{ text Text }

// Errorf makes an error of an English format and what stands in it, as T makes a
// text. It wraps the errors among the arguments, whose verb is %s.
func Errorf(format string, args ...any) error { return &said{Text{format: format, args: args}} }

// Error gives the error in English.
func (e *said) Error() string { return e.text.String() }

// In gives the error in a language.
func (e *said) In(l Language) string { return e.text.In(l) }

// Unwrap gives the errors that the text is made of.
func (e *said) Unwrap() []error {
	var out []error
	for _, a := range e.text.args {
		if err, ok := a.(error); ok {
			out = append(out, err)
		}
	}
	return out
}

// Say puts an error into a language, as far as it knows how: what stands before an
// error that is a Speaker stays as it is.
func Say(err error, l Language) string {
	if s, ok := speaker(err); ok {
		return strings.TrimSuffix(err.Error(), s.Error()) + s.In(l)
	}
	return cause(err).In(l)
}

// spoken is an error that can be said in several languages.
type spoken interface {
	error
	Speaker
}

// speaker finds what of an error can be said in several languages, if that is its end.
func speaker(err error) (spoken, bool) {
	s, ok := errors.AsType[spoken](err)
	return s, ok && strings.HasSuffix(err.Error(), s.Error())
}
