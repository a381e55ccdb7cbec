package bot

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// loadAlerts loads a wxbot.yaml with variables of its own.
func loadAlerts(t *testing.T, yaml string, vars map[string]string) (Config, error) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "wxbot.yaml")
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	env := Environment{Dir: dir, Home: dir, Getenv: func(name string) string { return vars[name] }}
	return LoadConfig(Config{File: file}, env)
}

func TestMistakesInAlertsAreToldWithTheirPlace(t *testing.T) {
	const token = "tok-4711-secret"
	hook := "  - webhook: https://example.com/" + token + "\n"
	tests := []struct {
		name, yaml string
		want       []string
	}{
		{"a text", "alerts: https://example.com/" + token, []string{":1:9: alerts is a list of targets", "webhook: https://example.com/hook"}},
		{"no target", "alerts:\n  - timeout: 5s", []string{":2:5: an alert target needs webhook or command"}},
		{"two targets in one", "alerts:\n" + hook + "    command: [tell]", []string{":3:14: webhook and command are two targets"}},
		{"unknown key", "alerts:\n" + hook + "    jsn: {token: " + token + "}", []string{`:3:5: unknown key "jsn"`, `did you mean "json"?`}},
		{"unknown placeholder", "alerts:\n" + hook + "    body: \"" + token + " ${txt}\"", []string{":3:", "unknown placeholder ${txt}", "did you mean ${text}?"}},
		{"secret without env", "alerts:\n  - webhook: https://example.com/${HOOK_TOKEN}", []string{":2:34: unknown placeholder ${HOOK_TOKEN}", "did you mean ${env:HOOK_TOKEN}?"}},
		{"not closed", "alerts:\n" + hook + "    body: \"${text\"", []string{":3:12: a placeholder is not closed"}},
		{"deep in json", "alerts:\n" + hook + "    json:\n      a: [{b: \"${tex}\"}]", []string{":4:16: unknown placeholder ${tex}"}},
		{"unknown event", "alerts:\n" + hook + "    on: [logout, refusd]", []string{":3:18: unknown event", `did you mean "refused"?`}},
		{"test is no choice", "alerts:\n" + hook + "    on: test", []string{"a test goes to every target"}},
		{"empty json", "alerts:\n" + hook + "    json:", []string{"json is a map or a list, here is nothing"}},
		{"two bodies", "alerts:\n" + hook + "    body: a\n    form: {b: c}", []string{"only one of json, form and body"}},
		{"no host", "alerts:\n  - webhook: \"https:///" + token + "\"", []string{":2:14: webhook names no host"}},
		{"a host of the alert's", "alerts:\n  - webhook: \"https://${host}/" + token + "\"", []string{"webhook names no host"}},
		{"half a host", "alerts:\n  - webhook: \"https://a.${host}/" + token + "\"", []string{"host of webhook must be fixed"}},
		{"other scheme", "alerts:\n  - webhook: ftp://" + token, []string{"begins with https://"}},
		{"timeout", "alerts:\n" + hook + "    timeout: 2h", []string{":3:14: timeout is a time from 1s to 1m"}},
		{"header", "alerts:\n" + hook + "    headers: {\"a b\": " + token + ", Host: x}", []string{`:3:15: "a b" is no name of a header`, `header "Host" cannot be set`}},
		{"json for a command", "alerts:\n  - command: [tell]\n    json: {a: " + token + "}", []string{":3:5: json goes with webhook"}},
		{"a command line", "alerts:\n  - command: tell " + token, []string{":2:14: command is a list"}},
		{"secret in an argument", "alerts:\n  - command: [tell, \"${env:TOKEN}\"]", []string{":2:21: a secret in an argument"}},
		{"program of the alert's", "alerts:\n  - command: [\"${text}\"]", []string{"the program is a fixed path"}},
		{"not YAML at all", "alerts:\n  - webhook: \"https://example.com/" + token + "\n    on: logout\n", []string{"wxbot.yaml:"}},
		{"a tab", "alerts:\n\t- webhook: https://example.com/" + token, []string{":2:1: line 2 is indented with a tab"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := loadAlerts(t, tt.yaml, nil)
			if _, ok := errors.AsType[*ConfigError](err); !ok {
				t.Fatalf("error %v, want a ConfigError", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error lacks %q:\n%v", want, err)
				}
			}
			if strings.Contains(err.Error(), token) {
				t.Errorf("error shows the token:\n%v", err)
			}
		})
	}
}

func TestAlertsThatAreWell(t *testing.T) {
	c, err := loadAlerts(t, `
alerts:
  - webhook: ${env:HOOK}
  - webhook: https://example.com/a?t=${text}
    on: logout
    timeout: 3s
  - command: [bin/tell, "${event}"]
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Alerts.specs) != 3 {
		t.Fatalf("%d targets", len(c.Alerts.specs))
	}
	second, third := c.Alerts.specs[1], c.Alerts.specs[2]
	if second.takes(alertQR) || !second.takes(alertLogout) || !third.takes(alertQR) {
		t.Error("on is not obeyed")
	}
	if second.timeout.Seconds() != 3 || third.timeout != alertCommandTimeout {
		t.Errorf("timeouts %s and %s", second.timeout, third.timeout)
	}
	// A path is relative to the file.
	if got, want := third.command[0].fill(nil, nil), filepath.Join(filepath.Dir(c.File), "bin", "tell"); got != want {
		t.Errorf("program %q, want %q", got, want)
	}
}

func TestAlertsAsOneTarget(t *testing.T) {
	c, err := loadAlerts(t, "alerts: {webhook: \"https://example.com/x\"}", nil)
	if err != nil || len(c.Alerts.specs) != 1 {
		t.Errorf("%d targets, %v", len(c.Alerts.specs), err)
	}
}

func TestSecretsOfAlerts(t *testing.T) {
	creds := t.TempDir()
	if err := os.WriteFile(filepath.Join(creds, "bark"), []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const yaml = "alerts:\n  - webhook: ${env:HOOK}\n    headers: {Authorization: \"Bearer ${cred:bark}\"}\n"
	tests := []struct {
		name    string
		vars    map[string]string
		missing string
		wrong   string
	}{
		{"all there", map[string]string{"HOOK": "https://example.com/tok", "CREDENTIALS_DIRECTORY": creds}, "", ""},
		{"no variable", map[string]string{"CREDENTIALS_DIRECTORY": creds}, "wxbot.yaml:2:14: ${env:HOOK}: the variable is not set", ""},
		{"no directory", map[string]string{"HOOK": "https://example.com/tok"}, "wxbot.yaml:3:30: ${cred:bark}: CREDENTIALS_DIRECTORY is not set", ""},
		{"no file", map[string]string{"HOOK": "https://example.com/tok", "CREDENTIALS_DIRECTORY": t.TempDir()}, "${cred:bark}: open ", ""},
		{"no URL", map[string]string{"HOOK": "my-tok", "CREDENTIALS_DIRECTORY": creds}, "", "wxbot.yaml:2:14: webhook is no URL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := loadAlerts(t, yaml, tt.vars)
			if err != nil {
				t.Fatalf("a command that is no daemon needs the secret: %v", err)
			}
			secrets, missing, wrong := c.Alerts.resolve()
			got := [2]string{}
			for _, p := range missing {
				got[0] += p.String()
			}
			for _, p := range wrong {
				got[1] += p.String()
			}
			for i, want := range [2]string{tt.missing, tt.wrong} {
				if (want == "") != (got[i] == "") || !strings.Contains(got[i], want) || strings.Contains(got[i], "tok\"") {
					t.Errorf("problems %q, want %q", got[i], want)
				}
			}
			if tt.missing+tt.wrong == "" && secrets["cred:bark"] != "from-file" {
				t.Errorf("secrets %v", secrets)
			}
		})
	}
}

// A report tells what a start would find; what this process alone may lack is a
// warning.
func TestCheckLooksAtAlerts(t *testing.T) {
	c, err := loadAlerts(t, "alerts:\n  - webhook: ${env:HOOK}\n  - command: [no-such-program-here]\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Check(t.Context(), Options{Config: c})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Problems) != 2 || r.Errors() != 1 {
		t.Fatalf("problems %v", r.Problems)
	}
	b, err := New(Options{Config: c})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "wxbot.yaml:2:14: ${env:HOOK}") {
		t.Errorf("Run = %v, want the missing variable", err)
	}
}

func TestDocumentationNamesEveryEventAndPlaceholder(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "docs", "operate.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range append(alertKinds(), string(alertTest)) {
		if !strings.Contains(string(b), "| `"+k+"` | ") {
			t.Errorf("event %s is not in the table", k)
		}
		if alertKind(k).title() == k {
			t.Errorf("event %s has no text", k)
		}
	}
	for _, f := range alertFields() {
		if !strings.Contains(string(b), "`${"+f+"}`") {
			t.Errorf("placeholder %s is not told of", f)
		}
	}
}
