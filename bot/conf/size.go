package conf

import (
	"strconv"
	"strings"
)

// sizes are the units of Size, the longer names first.
var sizes = []struct {
	name  string
	bytes float64
}{
	{"kb", 1 << 10},
	{"mb", 1 << 20},
	{"gb", 1 << 30},
	{"tb", 1 << 40},
	{"k", 1 << 10},
	{"m", 1 << 20},
	{"g", 1 << 30},
	{"t", 1 << 40},
	{"b", 1},
}

// Size reads "500MB" or "1.5 GB": a number of bytes, in units of 1024. Without a
// unit only 0 is a size.
func (n *Node) Size() (bytes int64, ok bool) {
	if n.Kind != Scalar {
		return 0, false
	}
	s := fold(n.Value)
	if s == "0" {
		return 0, true
	}
	for _, u := range sizes {
		number, found := strings.CutSuffix(s, u.name)
		if !found {
			continue
		}
		v, err := strconv.ParseFloat(number, 64)
		const most = 1 << 50
		if err != nil || !(v >= 0 && v*u.bytes <= most) || strings.Trim(number, "0123456789.") != "" {
			return 0, false
		}
		return int64(v * u.bytes), true
	}
	return 0, false
}
