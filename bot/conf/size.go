package conf

import (
	"strconv"
	"strings"
)

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
	number := strings.TrimRight(s, "kmgtb")
	bytes, ok = sizeUnit(s[len(number):])
	v, err := strconv.ParseFloat(number, 64)
	const most = 1 << 50
	if !ok || err != nil || strings.Trim(number, "0123456789.") != "" || v*float64(bytes) > most {
		return 0, false
	}
	return int64(v * float64(bytes)), true
}

func sizeUnit(name string) (bytes int64, ok bool) {
	switch name {
	case "b":
		return 1, true
	case "k", "kb":
		return 1 << 10, true
	case "m", "mb":
		return 1 << 20, true
	case "g", "gb":
		return 1 << 30, true
	case "t", "tb":
		return 1 << 40, true
	}
	return 0, false
}
