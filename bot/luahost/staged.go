package luahost

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"time"

	"wxbot/bot/lang"
)

// testsMost is how long the tests of a new version may take before it is loaded.
const testsMost = 30 * time.Second

// testError is a test that a new version fails.
type testError struct{ trial Trial }

func (e *testError) Error() string { return e.In(lang.English) }

// In gives the error in a language.
func (e *testError) In(l lang.Language) string {
	if e.trial.Name == "" {
		return lang.T("its tests: %s", e.trial.Problem).In(l)
	}
	return lang.T("test %q: %s", e.trial.Name, e.trial.Problem).In(l)
}

// tried is what came of the tests of a version that was not loaded.
type tried struct {
	sum [sha256.Size]byte
	err error
}

// tests runs the tests of a version that is to be loaded, unless these very files
// have failed before.
func (h *Host) tests(ctx context.Context, s source) error {
	files, err := testFiles(s)
	if err != nil {
		return err
	}
	sum := sha256.New()
	sum.Write([]byte(s.sum()))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		sum.Write(fmt.Appendf(nil, "\x00%s\x00%s", f, text))
	}
	was, ok := h.tried[s.name]
	now := [sha256.Size]byte(sum.Sum(nil))
	if ok && was.sum == now {
		return was.err
	}
	was = tried{sum: now}
	ctx, cancel := context.WithTimeout(ctx, testsMost)
	defer cancel()
	for _, file := range files {
		r := &trialRunner{source: s, file: file, opts: TestOptions{Language: h.opts.Language, Report: func(t Trial) {
			if t.Problem != "" && was.err == nil {
				was.err = &testError{t}
			}
		}}}
		r.opts.setDefaults()
		r.run(ctx)
	}
	if ctx.Err() == nil { // else it was the time, or the end
		h.tried[s.name] = was
	}
	return was.err
}
