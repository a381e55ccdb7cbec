//go:build !race

package wx

const raceEnabled = false
