// Package wire turns bytes of the WeChat web protocol into structs and back. It
// is pure: no clock, no logger, no network. Section numbers in comments are
// those of the project's protocol notes. Everything here may be called
// concurrently.
package wire

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// decodeOptions read what the server is known to send: names cut in the middle
// of a rune (section 2.4) and fields whose case differs between answers.
func decodeOptions() json.Options {
	return json.JoinOptions(
		jsontext.AllowInvalidUTF8(true),
		jsontext.AllowDuplicateNames(true),
		json.MatchCaseInsensitiveNames(true),
	)
}

// unmarshal reads one JSON object. Its errors never quote the body, which holds
// messages and keys.
func unmarshal(body []byte, into any) error {
	value := jsontext.Value(body)
	if value.Kind() != '{' {
		if len(strings.TrimSpace(string(body[:min(len(body), 64)]))) == 0 {
			return errors.New("empty answer")
		}
		return errors.New("answer is not a JSON object")
	}
	if err := json.Unmarshal(body, into, decodeOptions()); err != nil {
		return withoutQuotes(err)
	}
	return nil
}

func withoutQuotes(err error) error {
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		return fmt.Errorf("unexpected JSON value at offset %d", e.ByteOffset)
	}
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("broken JSON at offset %d", e.ByteOffset)
	}
	return errors.New("broken JSON")
}

// Marshal writes a request body: raw UTF-8, with neither HTML escapes nor \/,
// which the receiver would see literally (section 2.4).
func Marshal(v any) ([]byte, error) {
	b, err := json.Marshal(v, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	return b, nil
}

// Number is an integer that may come as a JSON number or as a string of digits
// (section 2.5). Null and "" are zero; a fraction is cut off.
type Number int64

// UnmarshalJSONFrom reads a number, a string of digits, a boolean or null.
func (n *Number) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	tok, err := dec.ReadToken()
	if err != nil {
		return err
	}
	switch tok.Kind() {
	case 'n', 'f':
		*n = 0
		return nil
	case 't':
		*n = 1
		return nil
	case '"', '0':
		v, err := parseNumber(tok.String())
		if err != nil {
			return err
		}
		*n = Number(v)
		return nil
	default:
		return errNotNumber
	}
}

var errNotNumber = errors.New("not a number")

func parseNumber(s string) (int64, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, nil
	}
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		return v, nil
	}
	if v, err := strconv.ParseUint(s, 10, 64); err == nil {
		return int64(v), nil // ids above 2^63 keep their bits
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != f || f >= 1<<63 || f < -1<<63 {
		return 0, errNotNumber
	}
	return int64(f), nil
}

// Text is a string that may come as a number, which keeps its digits exactly as
// written (section 2.5). Null is "".
type Text string

// UnmarshalJSONFrom reads a string, a number or null.
func (t *Text) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	tok, err := dec.ReadToken()
	if err != nil {
		return err
	}
	switch tok.Kind() {
	case 'n':
		*t = ""
		return nil
	case '"', '0':
		*t = Text(tok.String())
		return nil
	default:
		return errors.New("not a text")
	}
}

// List is a JSON array read entry by entry, so that one with a field of a strange
// kind does not take the others with it: the rest of its fields is kept. An entry
// that is no object is left out and counted in Bad.
type List[T any] struct {
	Items []T
	Bad   int
}

// UnmarshalJSONFrom reads an array; null and "" are the empty list.
func (l *List[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	l.Items, l.Bad = nil, 0
	switch dec.PeekKind() {
	case '[':
	case 'n', '"':
		return dec.SkipValue()
	default:
		return errors.New("not a list")
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		value, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if value.Kind() != '{' {
			l.Bad++
			continue
		}
		var item T
		if json.Unmarshal(value, &item, decodeOptions()) != nil {
			item = salvage[T](value)
		}
		l.Items = append(l.Items, item)
	}
	_, err := dec.ReadToken()
	return err
}

// salvage reads an object field by field, leaving out those of a strange kind.
func salvage[T any](object jsontext.Value) T {
	var item T
	var fields map[string]jsontext.Value
	if json.Unmarshal(object, &fields, decodeOptions()) != nil {
		return item
	}
	for name, value := range fields {
		before := item
		one, err := json.Marshal(map[string]jsontext.Value{name: value}, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
		if err != nil || json.Unmarshal(one, &item, decodeOptions()) != nil {
			item = before
		}
	}
	return item
}
