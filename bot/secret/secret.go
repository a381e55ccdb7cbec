// Package secret reads what ${env:NAME} and ${cred:NAME} stand for in wxbot.yaml and
// plugins.yaml.
package secret

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"wxbot/bot/lang"
)

// Most is the size of the largest credential, in bytes.
const Most = 64 << 10

var validName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// Read gives what ${env:NAME} or ${cred:NAME} stands for; kind is env or cred. A
// credential is a file below CREDENTIALS_DIRECTORY, where systemd puts it (see
// systemd.exec, LoadCredential), taken without the end of its last line. Errors hold
// the name alone. It may be called concurrently if getenv may.
func Read(kind, name string, getenv func(string) string) (string, error) {
	if !validName.MatchString(name) {
		return "", lang.Errorf("${%s:…} holds no name such as ${%s:TOKEN}", kind, kind)
	}
	if kind == "env" {
		v := getenv(name)
		if v == "" {
			return "", lang.Errorf("${env:%s}: the variable is not set", name)
		}
		return v, nil
	}
	dir := getenv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return "", lang.Errorf("${cred:%s}: CREDENTIALS_DIRECTORY is not set", name)
	}
	v, err := readCredential(filepath.Join(dir, name))
	if err != nil {
		return "", fmt.Errorf("${cred:%s}: %w", name, err)
	}
	return v, nil
}

func readCredential(path string) (_ string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b, err := io.ReadAll(io.LimitReader(f, Most+1))
	if err != nil {
		return "", err
	}
	v := strings.TrimRight(string(b), "\r\n")
	switch {
	case v == "":
		return "", lang.T("the file is empty").Err()
	case len(b) > Most:
		return "", lang.Errorf("the file has more than %d bytes", Most)
	}
	return v, nil
}
