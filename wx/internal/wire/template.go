package wire

import "strings"

// TemplateText fills in the names of a sysmsgtemplate: a text with $NAME$ where a
// list of members or a name belongs (section 12.7).
func TemplateText(e *Element) string {
	content := e.At("content_template")
	text := content.Text("template")
	for _, link := range content.At("link_list").All("link") {
		name := link.Attr("name")
		if name == "" {
			continue
		}
		text = strings.ReplaceAll(text, "$"+name+"$", linkText(link))
	}
	return StripLinks(text)
}

func linkText(link *Element) string {
	if t := link.Text("plain"); t != "" {
		return t
	}
	separator := link.Text("separator")
	if separator == "" {
		separator = "、"
	}
	var names []string
	for _, m := range link.At("memberlist").All("member") {
		names = append(names, m.Text("nickname"))
	}
	return strings.Join(names, separator)
}
