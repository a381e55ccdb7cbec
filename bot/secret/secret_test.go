package secret_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wxbot/bot/secret"
)

func TestRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"key": "top\nsecret\r\n", "empty": "\n", "huge": strings.Repeat("x", secret.Most+1)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	here := map[string]string{"TOKEN": "abc", "CREDENTIALS_DIRECTORY": dir}
	tests := map[string]struct {
		kind, name string
		env        map[string]string
		want       string
		err        string
	}{
		"variable":     {"env", "TOKEN", here, "abc", ""},
		"none":         {"env", "NONE", here, "", "${env:NONE}: the variable is not set"},
		"credential":   {"cred", "key", here, "top\nsecret", ""},
		"no file":      {"cred", "none", here, "", "${cred:none}: open "},
		"empty":        {"cred", "empty", here, "", "${cred:empty}: the file is empty"},
		"too large":    {"cred", "huge", here, "", "${cred:huge}: the file has more than 65536 bytes"},
		"directory":    {"cred", ".", here, "", "${cred:…} holds no name"},
		"above":        {"cred", "../key", here, "", "${cred:…} holds no name"},
		"no directory": {"cred", "key", nil, "", "${cred:key}: CREDENTIALS_DIRECTORY is not set"},
	}
	for name, tt := range tests {
		got, err := secret.Read(tt.kind, tt.name, func(k string) string { return tt.env[k] })
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.HasPrefix(err.Error(), tt.err) {
			t.Errorf("%s: %q, %v; want %q, %q", name, got, err, tt.want, tt.err)
		}
	}
}
