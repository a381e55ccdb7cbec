// Package lang holds the languages that the daemon and its commands speak. A Text
// is written in English where it arises and put into another language, by one
// catalogue, where somebody reads it.
package lang

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
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

// Speaker is what can be said in several languages.
type Speaker interface {
	In(l Language) string
}

// T makes a text of an English format, in the manner of fmt.Sprintf, and what
// stands in it. The format is a constant: it is what the catalogue knows the text
// by. What is itself a Speaker, such as a Text, is put into the reader's language
// too, and %q has the quotes of that language. Verbs that must change places in a
// translation are numbered there: %[2]s.
func T(format string, args ...any) Text {
	return Text{format: format, args: args}
}

// List makes one text of several, with commas between them.
func List(parts ...Text) Text {
	var all Text
	for i, p := range parts {
		if i == 0 {
			all = p
			continue
		}
		all = T("%s, %s", all, p)
	}
	return all
}

// Raw makes a text that is the same in every language, such as what another
// program said.
func Raw(s string) Text {
	if s == "" {
		return Text{}
	}
	return Text{format: rawFormat, args: []any{s}}
}

const rawFormat = "%s"

// IsZero reports whether there is nothing to be said.
func (t Text) IsZero() bool { return t.format == "" }

// Equal reports whether two texts say the same.
func (t Text) Equal(other Text) bool { return t.String() == other.String() }

// Map gives the text with f done to each string and error that stands in it.
func (t Text) Map(f func(string) string) Text {
	out := Text{format: t.format, args: slices.Clone(t.args)}
	for i, a := range out.args {
		switch v := a.(type) {
		case Text:
			out.args[i] = v.Map(f)
		case error:
			if s, ok := errors.AsType[*said](v); ok && s.Error() == v.Error() {
				out.args[i] = s.text.Map(f)
			} else {
				out.args[i] = f(v.Error())
			}
		case string:
			out.args[i] = f(v)
		}
	}
	return out
}

// Err gives the text as an error, which wraps what Errorf would.
func (t Text) Err() error { return &said{t} }

// Cause gives an error as a text, as far as it knows how to put it into a language;
// what the system says of files is translated.
func Cause(err error) Text {
	if _, ok := speaker(err); ok {
		return Text{format: rawFormat, args: []any{err}}
	}
	return cause(err)
}

func cause(err error) Text {
	path, ok := errors.AsType[*fs.PathError](err)
	if !ok || err.Error() != path.Error() {
		return Raw(err.Error())
	}
	for _, known := range []Text{
		T("%s %s: no such file or directory", path.Op, path.Path),
		T("%s %s: permission denied", path.Op, path.Path),
		T("%s %s: is a directory", path.Op, path.Path),
		T("%s %s: not a directory", path.Op, path.Path),
	} {
		if known.String() == err.Error() {
			return known
		}
	}
	return Raw(err.Error())
}

// In gives the text in a language; in English if it has no translation.
func (t Text) In(l Language) string {
	format, translated := t.format, false
	if l == Chinese {
		format, translated = chinese(t.format)
	}
	if !translated {
		format = t.format
	}
	if len(t.args) == 0 {
		return strings.ReplaceAll(format, "%%", "%")
	}
	args := make([]any, len(t.args))
	for i, a := range t.args {
		switch v := a.(type) {
		case Speaker:
			a = v.In(l)
		case error:
			a = Say(v, l)
		}
		if s, ok := a.(string); ok && translated {
			a = inChinese(s)
		}
		args[i] = a
	}
	return fmt.Sprintf(format, args...)
}

// inChinese is a string that %q puts between Chinese quotes.
type inChinese string

// Format implements fmt.Formatter.
func (s inChinese) Format(f fmt.State, verb rune) {
	if verb != 'q' {
		_, _ = fmt.Fprintf(f, fmt.FormatString(f, verb), string(s))
		return
	}
	quoted := strconv.Quote(string(s))
	// What cannot be printed stays visible, what is quoted stays as it was typed.
	inner := strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\u3000`, "\u3000", `\u00a0`, "\u00a0").Replace(quoted[1 : len(quoted)-1])
	_, _ = fmt.Fprintf(f, "“%s”", inner)
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
	s := stored{Format: t.format}
	for _, a := range t.args {
		switch v := a.(type) {
		case Text:
		case Speaker:
			a = v.In(English)
		case error:
			a = v.Error()
		case fmt.Stringer:
			a = v.String()
		}
		s.Args = append(s.Args, a)
	}
	return json.Marshal(s)
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
