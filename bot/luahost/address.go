package luahost

import "net/netip"

// reserved are networks that are nobody's public address, beyond those that package
// netip knows: what a machine, its neighbours or its provider answer at.
func reserved(a netip.Addr) bool {
	for _, p := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
	} {
		if netip.MustParsePrefix(p).Contains(a) {
			return true
		}
	}
	return false
}

// public reports whether an address is one of the public internet. Addresses that
// hold another, as those of NAT64 do, are not.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() || reserved(a) {
		return false
	}
	return a.Is4() || netip.MustParsePrefix("2000::/3").Contains(a)
}
