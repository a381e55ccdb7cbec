package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

const goodRules = `settings: {timezone: Asia/Shanghai}
rules:
  - name: 问价格
    contains: 价格
    reply: 十元
`

func TestCheckOfABrokenFileNamesThePlace(t *testing.T) {
	path := write(t, "rules.yaml", "rules:\n  - name: 问价格\n    when:\n      contain: 价格\n    reply: 十元\n")
	r := runBinary(t, nil, "check", "--rules", path)
	if r.code != exitFailure {
		t.Errorf("exit code %d, want %d", r.code, exitFailure)
	}
	for _, want := range []string{path + ":4:7: ", "contain: 价格\n", "^^^^^^^", `did you mean "contains"`, "1 errors, 0 warnings"} {
		if !strings.Contains(r.out, want) {
			t.Errorf("output lacks %q:\n%s", want, r.out)
		}
	}
}

func TestCheckOfAGoodFileTellsWhatAnswersWhom(t *testing.T) {
	path := write(t, "rules.yaml", goodRules)
	r := runBinary(t, nil, "check", "--rules", path)
	if r.code != exitOK {
		t.Errorf("exit code %d, want 0\n%s%s", r.code, r.out, r.errOut)
	}
	for _, want := range []string{"问价格  private: reply", "1 rules, 0 plugins: 0 errors, 0 warnings", path} {
		if !strings.Contains(r.out, want) {
			t.Errorf("output lacks %q:\n%s", want, r.out)
		}
	}
}

func TestStrictCheckFailsOnWarnings(t *testing.T) {
	// One keyword made of two by a full-width comma is accepted and warned of.
	path := write(t, "rules.yaml", strings.Replace(goodRules, "价格\n    reply", "[价格，多少钱]\n    reply", 1))
	lax, strict := runBinary(t, nil, "check", "--rules", path), runBinary(t, nil, "check", "--strict", "--rules", path)
	if !strings.Contains(lax.out, "warning: ") {
		t.Fatalf("no warning:\n%s", lax.out)
	}
	if lax.code != exitOK || strict.code != exitFailure {
		t.Errorf("exit codes %d and, strict, %d; want 0 and 1", lax.code, strict.code)
	}
}

func TestCheckAsJSON(t *testing.T) {
	path := write(t, "rules.yaml", "rules:\n  - name: 甲\n    exact: 甲\n    reply: 乙\n    repyl: 丙\n")
	r := runBinary(t, nil, "check", "--json", "--rules", path)
	var got checked
	if err := json.Unmarshal([]byte(r.out), &got); err != nil {
		t.Fatalf("%v in\n%s", err, r.out)
	}
	if r.code != exitFailure || got.Errors == 0 || len(got.Problems) == 0 {
		t.Fatalf("code %d, %+v", r.code, got)
	}
	if p := got.Problems[0]; p.File != path || p.Line != 5 || p.Column != 5 || p.Severity != "error" {
		t.Errorf("first problem %+v, want %s:5:5", p, path)
	}
}

func TestCheckNamesTheFlagOfAMissingFile(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone.yaml")
	r := runBinary(t, nil, "check", "--rules", gone)
	if r.code != exitFailure || !strings.Contains(r.errOut, "--rules") || !strings.Contains(r.errOut, gone) {
		t.Errorf("code %d, %q", r.code, r.errOut)
	}
	r = runBinary(t, []string{"WXBOT_RULES=" + gone}, "check")
	if r.code != exitFailure || !strings.Contains(r.errOut, "WXBOT_RULES") {
		t.Errorf("code %d, %q does not name the variable", r.code, r.errOut)
	}
}
