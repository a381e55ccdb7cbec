package rules

import (
	"strconv"
	"strings"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// phrases reads settings.words: texts that the daemon says instead of its own.
func (p *parser) phrases(v *conf.Node) event.Words {
	if v.Kind != conf.Map {
		p.fail(v, lang.T("words is a map from the name of a text to the text, here is %s", v.Describe()), nullHint(v))
		return nil
	}
	keys := phraseKeys()
	texts := map[string]string{}
	for _, row := range event.Phrases() {
		texts[string(row.Key)] = row.Text
	}
	out := event.Words{}
	p.entries(v, lang.Raw("words"), keys, func(key string, _, v *conf.Node) {
		known := phraseNames(texts[key])
		for _, piece := range p.template(v, known) {
			if piece.fallback != "" {
				p.fail(v, lang.T("words have no fallbacks"), lang.T("${%s} is never empty", piece.name))
			}
		}
		out[event.Phrase(key)] = v.Value
	})
	return out
}

// phraseKeys are the keys of settings.words.
func phraseKeys() []conf.Word {
	rows := event.Phrases()
	keys := make([]conf.Word, 0, len(rows))
	for _, row := range rows {
		text := strconv.Quote(row.Text)
		keys = append(keys, conf.Setting(string(row.Key)+" "+row.Chinese, "text", text, "", ""))
	}
	return keys
}

// phraseNames are the placeholders of a phrase: those of its own text.
func phraseNames(text string) map[string]string {
	out := map[string]string{}
	for _, part := range strings.Split(text, "${")[1:] {
		name, _, _ := strings.Cut(part, "}")
		out[name] = name
	}
	return out
}
