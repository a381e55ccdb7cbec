// Package lang holds the languages that the daemon and its commands speak. A Text
// is written in English where it arises and put into another language, by one
// catalogue, where somebody reads it.
package lang

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Language is one that a person can be spoken to in.
type Language string

// The languages. The empty one is English.
const (
	English Language = "en"
	Chinese Language = "zh"
)

// Parse reads a setting: en, zh, or a longer tag of one of them such as zh-CN.
func Parse(s string) (Language, error) {
	switch base, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(s), "_", "-"), "-"); base {
	case "en":
		return English, nil
	case "zh":
		return Chinese, nil
	}
	return English, fmt.Errorf("language %q: it is en or zh", s)
}

// FromLocale gives the language of a POSIX locale such as zh_CN.UTF-8: Chinese for
// any that begins with zh, English for any other and for none.
func FromLocale(locale string) Language {
	if strings.HasPrefix(strings.ToLower(locale), string(Chinese)) {
		return Chinese
	}
	return English
}

// Text is something to be said, before it is known in which language. It may be
// stored as JSON. The zero Text says nothing.
type Text struct {
	format string
	args   []any
}

// T makes a text of an English format, in the manner of fmt.Sprintf, and what
// stands in it. The format is a constant: it is what the catalogue knows the text
// by. What is itself a Text is put into the reader's language too. Verbs that
// must change places in a translation are numbered there: %[2]s.
func T(format string, args ...any) Text {
	return Text{format: format, args: args}
}

// Raw makes a text that is the same in every language, such as what another
// program said.
func Raw(s string) Text { return Text{format: rawFormat, args: []any{s}} }

const rawFormat = "%s"

// IsZero reports whether there is nothing to be said.
func (t Text) IsZero() bool { return t.format == "" }

// In gives the text in a language; in English if it has no translation.
func (t Text) In(l Language) string {
	format := t.format
	if l == Chinese {
		if translated, ok := chinese(format); ok {
			format = translated
		}
	}
	if len(t.args) == 0 {
		return strings.ReplaceAll(format, "%%", "%")
	}
	args := make([]any, len(t.args))
	for i, a := range t.args {
		if inner, ok := a.(Text); ok {
			a = inner.In(l)
		}
		args[i] = a
	}
	return fmt.Sprintf(format, args...)
}

// String gives the text in English, for logs.
func (t Text) String() string { return t.In(English) }

// stored is a Text as JSON. Arguments are texts or what fmt made of them: a number
// comes back as the same digits.
type stored struct {
	Format string `json:"f"`
	Args   []any  `json:"a,omitempty"`
}

// MarshalJSON stores the text without a language.
func (t Text) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(stored{Format: t.format, Args: t.args})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Text) UnmarshalJSON(b []byte) error {
	var raw struct {
		Format string            `json:"f"`
		Args   []json.RawMessage `json:"a"`
	}
	if err := json.Unmarshal(b, &raw); err != nil {
		return fmt.Errorf("text: %w", err)
	}
	out := Text{format: raw.Format}
	for _, a := range raw.Args {
		v, err := argument(a)
		if err != nil {
			return fmt.Errorf("text %q: %w", raw.Format, err)
		}
		out.args = append(out.args, v)
	}
	*t = out
	return nil
}

func argument(b json.RawMessage) (any, error) {
	if len(b) == 0 {
		return nil, errors.New("an argument is missing")
	}
	if b[0] == '{' {
		var t Text
		err := json.Unmarshal(b, &t)
		return t, err
	}
	var n int64
	if err := json.Unmarshal(b, &n); err == nil && b[0] != 'n' {
		return n, nil
	}
	var v any
	err := json.Unmarshal(b, &v)
	return v, err
}
