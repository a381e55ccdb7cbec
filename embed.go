// Package wxbot holds the files that are shipped inside the binary: the sample
// rules and plugins that the demo runs on copies of. It is values only and safe
// for concurrent use.
package wxbot

import (
	"embed"
	"io/fs"
)

// The schemas, and the reference in docs/rules.md, are made from the tables that the
// loaders use.
//
//go:generate go run ./cmd/wxbot docs docs

//go:embed rules.yaml plugins
var shipped embed.FS

// Shipped is a read-only tree with rules.yaml and plugins/, as they stand in the
// repository.
func Shipped() fs.FS { return shipped }
