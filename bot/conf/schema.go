package conf

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Schema gives the JSON Schema of a file (draft 7, which editors know best), in
// both spellings of its keys and values. It is as strict as the loader about keys,
// closed values and kinds, and takes whatever the loader takes; what is inside a
// text, such as a placeholder, it leaves to the loader.
func (m *Manual) Schema() ([]byte, error) {
	s := schemer{manual: m, definitions: object{}}
	root, err := s.value(m.Root)
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", m.File, err)
	}
	root["$schema"] = "http://json-schema.org/draft-07/schema#"
	root["title"] = m.Title
	root["definitions"] = s.definitions
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(root); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", m.File, err)
	}
	return b.Bytes(), nil
}

type object = map[string]any

// schemer collects the definitions that a schema refers to.
type schemer struct {
	manual      *Manual
	definitions object
}

func (s *schemer) value(shape Shape) (object, error) {
	forms, err := shape.forms()
	if err != nil {
		return nil, err
	}
	return s.anyOf(forms)
}

func (s *schemer) anyOf(forms []form) (object, error) {
	var all []any
	for _, f := range forms {
		o, err := s.form(f)
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	if len(all) == 1 {
		return all[0].(object), nil //nolint:errcheck,forcetypeassert // it was put in above
	}
	return object{"anyOf": all}, nil
}

func (s *schemer) form(f form) (object, error) {
	switch f.kind {
	case "@", "=":
		return s.section(f.name)
	case "[", "{":
		of, err := s.anyOf(f.of)
		if err != nil {
			return nil, err
		}
		if f.kind == "[" {
			return object{"type": "array", "items": of}, nil
		}
		return object{"type": "object", "additionalProperties": of}, nil
	}
	if s.definitions[f.kind] == nil {
		s.definitions[f.kind] = kindSchema(f.kind)
	}
	return reference(f.kind), nil
}

func reference(name string) object { return object{"$ref": "#/definitions/" + name} }

// section defines a section once and refers to it.
func (s *schemer) section(name string) (object, error) {
	if s.definitions[name] != nil {
		return reference(name), nil
	}
	section := s.manual.Section(name)
	if section == nil || slices.Contains(Firsts(kindWords), name) {
		return nil, fmt.Errorf("no section %q", name)
	}
	if section.Closed {
		var values []any
		var told []string
		for _, w := range section.Words {
			for _, spelling := range w.Spellings {
				values = append(values, spelling)
				told = append(told, bilingual(w))
			}
		}
		s.definitions[name] = object{"enum": values, "enumDescriptions": told}
		return reference(name), nil
	}
	properties := object{}
	out := object{"type": "object", "additionalProperties": false, "properties": properties}
	s.definitions[name] = out // before its keys: a message holds messages
	var musts []any
	for _, w := range append(append([]Word{}, section.Words...), section.Also...) {
		if w.Shape == "" {
			continue
		}
		if err := s.key(properties, w); err != nil {
			return nil, fmt.Errorf("%s.%s: %w", name, w.Name(), err)
		}
		if w.Required {
			var one []any
			for _, spelling := range w.Spellings {
				one = append(one, object{"required": []string{spelling}})
			}
			musts = append(musts, object{"anyOf": one})
		}
	}
	if musts != nil {
		out["allOf"] = musts
	}
	if section.Single {
		out["minProperties"], out["maxProperties"] = 1, 1
	}
	return reference(name), nil
}

// key adds a key in all spellings.
func (s *schemer) key(properties object, w Word) error {
	for _, spelling := range w.Spellings {
		value, err := s.value(w.Shape)
		if err != nil {
			return err
		}
		value["description"] = bilingual(w)
		if w.Default != "" && !strings.ContainsAny(w.Default[:1], "[{") {
			value["description"] = bilingual(w) + " (" + w.Default + ")"
		}
		properties[spelling] = value
	}
	return nil
}

// bilingual tells in both languages what a word is.
func bilingual(w Word) string {
	switch {
	case w.English == "" && w.Chinese == "":
		return strings.Join(w.Spellings, " ")
	case w.English == w.Chinese:
		return w.English
	}
	return w.Chinese + "\n\n" + w.English
}

// Patterns of values as the loader folds them: with blanks anywhere, in any case and
// width.
const (
	digits = `[0-9０-９]`
	amount = `[0-9０-９.．]+` + blanks
	blanks = `\s*`
	dash   = `[-—–～~－]`
	colon  = `[:：]`
)

// kindSchema is the schema of a named kind.
func kindSchema(kind string) object {
	duration := "(" + amount + oneUnit() + ")+"
	day := digits + "{1,2}" + blanks + colon + blanks + digits + "{2}" + blanks
	pattern := func(p string) object {
		return object{"type": "string", "pattern": "^" + blanks + p + "$", "patternErrorMessage": kindTold(kind), "description": kindTold(kind)}
	}
	switch kind {
	case "text":
		return object{"type": []string{"string", "number", "boolean"}}
	case "bool":
		return object{"enum": append([]any{true, false}, append(plainWords(yesWords), plainWords(noWords)...)...)}
	case "off":
		return object{"enum": append([]any{false}, plainWords(noWords)...)}
	case "nothing":
		return object{"type": "null"}
	case "int":
		return object{"type": "integer"}
	case "number":
		return object{"type": "number"}
	case "duration":
		return object{"anyOf": []any{pattern(duration), object{"const": 0}}}
	case "range":
		return object{"anyOf": []any{pattern("(" + amount + "|(" + amount + oneUnit() + ")+)" + "(" + dash + blanks + duration + ")?"), object{"const": 0}}}
	case "rate":
		return pattern(digits + "+" + blanks + "[次条]?" + blanks + "[/／]" + blanks + "(" + amount + ")?" + oneUnit())
	case "size":
		return object{"anyOf": []any{pattern(amount + "[kmgtKMGT]?[bB]?" + blanks), object{"const": 0}}}
	case "clock":
		return pattern(day)
	case "window":
		return pattern(day + dash + blanks + day)
	case "datetime":
		return pattern(`\d{4}-\d{2}-\d{2} \d{2}:\d{2}`)
	}
	return object{} // any
}

func kindTold(kind string) string {
	for _, k := range kindWords {
		if k.Name() == kind {
			return k.Chinese + "\n\n" + k.English
		}
	}
	return kind
}

// plainWords are those that YAML does not read as true or false.
func plainWords(words []string) []any {
	var out []any
	for _, w := range words {
		if _, err := strconv.ParseBool(w); err != nil {
			out = append(out, w)
		}
	}
	return out
}

// oneUnit matches a unit of time in any case.
func oneUnit() string {
	var all []string
	for _, u := range units {
		for _, name := range u.names {
			var b strings.Builder
			for _, r := range name {
				if up := unicode.ToUpper(r); up != r {
					b.WriteString("[" + string(r) + string(up) + "]")
				} else {
					b.WriteString(regexp.QuoteMeta(string(r)))
				}
				b.WriteString(blanks)
			}
			all = append(all, b.String())
		}
	}
	return "(" + strings.Join(all, "|") + ")"
}
