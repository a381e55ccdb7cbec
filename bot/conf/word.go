package conf

import (
	"slices"
	"strings"
)

// Word is a key or a closed value of a file. The loaders, the JSON Schema and the
// reference are made from the same tables of words.
type Word struct {
	Spellings        []string // the English one first
	Shape            Shape    // of a key's value; "" for a closed value
	English, Chinese string   // what it is, in one line each
	Example          string   // of a key's value, as YAML
	Default          string   // what holds without the key, as YAML; "" if that is not to be written
	Required         bool     // the map is nothing without the key
}

// Key makes the row of a key. Its spellings stand in one string, the English one
// first.
func Key(spellings string, shape Shape, example, english, chinese string) Word {
	return Word{Spellings: strings.Fields(spellings), Shape: shape, Example: example, English: english, Chinese: chinese}
}

// Setting makes the row of a key that has a default, which is its example too.
func Setting(spellings string, shape Shape, value, english, chinese string) Word {
	w := Key(spellings, shape, value, english, chinese)
	w.Default = value
	return w
}

// Required makes the row of a key that must be there.
func Required(spellings string, shape Shape, example, english, chinese string) Word {
	w := Key(spellings, shape, example, english, chinese)
	w.Required = true
	return w
}

// Value makes the row of a closed value.
func Value(spellings, english, chinese string) Word {
	return Word{Spellings: strings.Fields(spellings), English: english, Chinese: chinese}
}

// Name is the English spelling.
func (w Word) Name() string { return w.Spellings[0] }

// Spellings leads from every spelling to the English one.
func Spellings(words []Word) map[string]string {
	out := make(map[string]string, 2*len(words))
	for _, w := range words {
		for _, s := range w.Spellings {
			out[s] = w.Spellings[0]
		}
	}
	return out
}

// Spelled gives the English spelling of one of words. For a few look-ups it is much
// cheaper than Spellings.
func Spelled(words []Word, spelling string) (english string, ok bool) {
	for i := range words { // rows are long, and there are thousands of keys
		if all := words[i].Spellings; slices.Contains(all, spelling) {
			return all[0], true
		}
	}
	return "", false
}

// Names lists the spellings of words for messages: the English ones first.
func Names(words []Word) []string {
	var out, rest []string
	for _, w := range words {
		out = append(out, w.Spellings[0])
		rest = append(rest, w.Spellings[1:]...)
	}
	return append(out, rest...)
}

// Firsts lists the English spellings of words.
func Firsts(words []Word) []string {
	out := make([]string, 0, len(words))
	for _, w := range words {
		out = append(out, w.Spellings[0])
	}
	return out
}

// Lookup gives the value of a key of a Map in any spelling, nil if it is not there.
func (n *Node) Lookup(words []Word, english string) *Node {
	if n == nil || n.Kind != Map {
		return nil
	}
	for _, e := range n.Entries {
		if key, ok := Spelled(words, e.Key.Value); ok && key == english {
			return e.Value
		}
	}
	return nil
}

// Section is the keys of one kind of map, or the values of one closed set.
type Section struct {
	Name             string // by which shapes refer to it
	English, Chinese string // what it is: a heading
	// EnglishNote and ChineseNote are sentences below the heading.
	EnglishNote, ChineseNote string
	Words                    []Word
	// Also are keys that may stand in the map as well, and are described elsewhere.
	Also []Word
	// Closed: the words are values.
	Closed bool
	// Single: a map of this kind has one key.
	Single bool
}

// Manual is all that is known of a file: for the schema and the reference.
type Manual struct {
	File     string // rules.yaml
	Title    string
	Root     Shape
	Sections []Section
}

// Section finds a section by its name, nil if there is none.
func (m *Manual) Section(name string) *Section {
	for i := range m.Sections {
		if m.Sections[i].Name == name {
			return &m.Sections[i]
		}
	}
	return nil
}
