package luahost

import (
	"time"

	"github.com/rs/zerolog"
)

// bucket lets so many things through in a window that begins with the first. It is
// guarded by the run lock.
type bucket struct {
	began   time.Time
	n       int
	refused int // since the last that passed
}

// take reports whether one more may pass.
func (b *bucket) take(now time.Time, most int, window time.Duration) bool {
	if now.Sub(b.began) >= window {
		b.began, b.n = now, 0
	}
	if b.n >= most {
		b.refused++
		return false
	}
	b.n++
	return true
}

// volume lets so many operations and bytes through in a minute that begins with the
// first. It is guarded by the run lock.
type volume struct {
	ops, opsMost     int
	bytes, bytesMost int64
	began            time.Time
}

func (v *volume) take(bytes int) bool {
	if now := time.Now(); now.Sub(v.began) >= time.Minute {
		v.began, v.ops, v.bytes = now, 0, 0
	}
	if v.ops >= v.opsMost || v.bytes+int64(bytes) > v.bytesMost {
		return false
	}
	v.ops++
	v.bytes += int64(bytes)
	return true
}

const (
	noticesPerMinute = 10
	logsPerSecond    = 20
)

// log writes a line of the script's, unless it writes too many; those left out are
// counted with the next.
func (p *plugin) log(level zerolog.Level, text string) {
	if !p.logs.take(time.Now(), logsPerSecond, time.Second) {
		return
	}
	e := p.host.opts.Logger.WithLevel(level).Str("plugin", p.name).Str("text", cut(p.mask(text)))
	if p.logs.refused > 0 {
		e = e.Int("left_out", p.logs.refused)
		p.logs.refused = 0
	}
	e.Msg("plugin log")
}
