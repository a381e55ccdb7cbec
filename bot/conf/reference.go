package conf

import (
	"fmt"
	"strings"

	"wxbot/bot/lang"
)

// Reference gives the sections of a file as Markdown: a heading and a table each.
func (m *Manual) Reference(l lang.Language) (string, error) {
	var b strings.Builder
	for _, s := range m.Sections {
		table, err := m.table(s, l)
		if err != nil {
			return "", fmt.Errorf("reference of %s: %s: %w", m.File, s.Name, err)
		}
		fmt.Fprintf(&b, "### %s\n\n", either(l, s.English, s.Chinese))
		if note := either(l, s.EnglishNote, s.ChineseNote); note != "" {
			b.WriteString(note + "\n\n")
		}
		for i, row := range table {
			b.WriteString("| " + strings.Join(row, " | ") + " |\n")
			if i == 0 {
				b.WriteString(strings.Repeat("|---", len(row)) + "|\n")
			}
		}
		b.WriteString("\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n", nil
}

// table gives the rows of a section, the first of which is its head.
func (m *Manual) table(s Section, l lang.Language) ([][]string, error) {
	head := []string{"value", "Chinese", "meaning"}
	if l == lang.Chinese {
		head = []string{"值", "英文", "意思"}
	}
	if !s.Closed {
		head = []string{either(l, "key", "键"), head[1], head[0], either(l, "example", "例子"), head[2]}
	}
	rows := [][]string{head}
	for _, w := range s.Words {
		row := []string{code(w.Name()), code(w.Spellings[1:]...), cell(w.told(l))}
		if l == lang.Chinese && len(w.Spellings) > 1 {
			row[0], row[1] = row[1], row[0]
		}
		if !s.Closed {
			if w.Shape == "" {
				continue
			}
			forms, err := w.Shape.forms()
			if err != nil {
				return nil, err
			}
			row = []string{row[0], row[1], cell(m.formsTold(forms, l)), code(w.Example), row[2]}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// told is what the word is, with its default.
func (w Word) told(l lang.Language) string {
	text := either(l, w.English, w.Chinese)
	if text == "" && w.Default != "" {
		return w.Default
	}
	switch {
	case w.Required:
		return text + either(l, "; required", "；必须写")
	case w.Default != "" && w.Default == w.Example:
		return text + either(l, "; this is the default", "；例子就是默认值")
	}
	return text
}

func either(l lang.Language, english, chinese string) string {
	if l == lang.Chinese {
		return chinese
	}
	return english
}

// formsTold tells what a value may be.
func (m *Manual) formsTold(forms []form, l lang.Language) string {
	var out []string
	for _, f := range forms {
		switch f.kind {
		case "nothing":
		case "@", "=":
			heading := f.name
			if s := m.Section(f.name); s != nil {
				heading = either(l, s.English, s.Chinese)
			}
			out = append(out, "["+f.name+"](#"+strings.ReplaceAll(strings.ToLower(heading), " ", "-")+")")
		case "[":
			out = append(out, either(l, "list of ", "列表：")+m.formsTold(f.of, l))
		case "{":
			out = append(out, either(l, "map of ", "名字到值，值是 ")+m.formsTold(f.of, l))
		default:
			for _, k := range kindWords {
				if k.Name() == f.kind {
					told, _, _ := strings.Cut(either(l, k.English, k.Chinese), either(l, ":", "："))
					out = append(out, told)
				}
			}
		}
	}
	return strings.Join(out, either(l, ", or ", "，或 "))
}

// code sets words in the type of code, each by itself.
func code(words ...string) string {
	var out []string
	for _, w := range words {
		if w != "" {
			out = append(out, "`"+cell(w)+"`")
		}
	}
	return strings.Join(out, " ")
}

// cell keeps a text within its cell.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s)
}
