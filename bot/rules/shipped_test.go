package rules_test

import (
	"os"
	"testing"

	"wxbot/bot/rules"
)

func TestShippedFileIsGoodAndItsTestsPass(t *testing.T) {
	src, err := os.ReadFile("../../rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	set, problems := rules.Parse("rules.yaml", src, rules.Options{Dir: "../.."})
	for _, p := range problems {
		t.Errorf("%s", p)
	}
	if set == nil {
		t.Fatal("no set")
	}
	if got := set.Settings().Mode; got != "trial" {
		t.Errorf("mode %q, want trial", got)
	}
}
