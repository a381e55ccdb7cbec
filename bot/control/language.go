package control

import (
	"context"
	"strings"

	"wxbot/bot/lang"
)

type languageKey struct{}

// withLanguage notes the language that an Accept-Language asks for: the first that is
// spoken here.
func withLanguage(ctx context.Context, header string) context.Context {
	for tag := range strings.SplitSeq(header, ",") {
		tag, _, _ = strings.Cut(tag, ";")
		if l, err := lang.Parse(strings.TrimSpace(tag)); err == nil {
			return context.WithValue(ctx, languageKey{}, l)
		}
	}
	return ctx
}

// LanguageOf is the language of who asked a request; English if it says none.
func LanguageOf(ctx context.Context) lang.Language {
	if l, ok := ctx.Value(languageKey{}).(lang.Language); ok {
		return l
	}
	return lang.English
}
