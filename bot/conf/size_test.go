package conf_test

import (
	"testing"

	"wxbot/bot/conf"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]int64{
		"1GB": 1 << 30, "1 gb": 1 << 30, "１ＧＢ": 1 << 30, "1.5M": 3 << 19, "20kb": 20 << 10, "7b": 7, "0": 0, "0GB": 0,
	} {
		n := &conf.Node{Kind: conf.Scalar, Value: text}
		if got, ok := n.Size(); !ok || got != want {
			t.Errorf("%q = %d, %v; want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "1", "-1GB", "GB", "1XB", "1e3GB", "nanGB", "9999999TB", "0x1GB"} {
		n := &conf.Node{Kind: conf.Scalar, Value: text}
		if got, ok := n.Size(); ok {
			t.Errorf("%q = %d, want no size", text, got)
		}
	}
}
