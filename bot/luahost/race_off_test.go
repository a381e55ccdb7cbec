//go:build !race

package luahost_test

// raceFactor is how much slower things may be under the race detector.
const raceFactor = 1
