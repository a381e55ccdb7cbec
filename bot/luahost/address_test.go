package luahost

import (
	"net/netip"
	"testing"
)

func TestPublicAddresses(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]bool{
		"1.1.1.1": true, "203.0.114.1": true, "2606:4700::1111": true, "::ffff:1.1.1.1": true,
		"127.0.0.1": false, "127.1.2.3": false, "::1": false, "::ffff:127.0.0.1": false, "::127.0.0.1": false,
		"10.0.0.1": false, "172.16.0.1": false, "172.31.255.255": false, "192.168.1.1": false, "::ffff:10.0.0.1": false,
		"169.254.169.254": false, "::ffff:169.254.169.254": false, "100.100.100.200": false, "fd00:ec2::254": false,
		"fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "fc00::1": false,
		"0.0.0.0": false, "::": false, "0.1.2.3": false, "255.255.255.255": false, "240.0.0.1": false, "224.0.0.1": false, "ff02::1": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001::1": false, "2001:db8::1": false, "198.18.0.1": false, "192.0.2.1": false,
	} {
		if got := public(netip.MustParseAddr(addr)); got != want {
			t.Errorf("public(%s) = %t, want %t", addr, got, want)
		}
	}
}

func TestHostRules(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rule, host, port string
		want             bool
	}{
		"the host":                   {"api.example.com", "api.example.com", "443", true},
		"the host without TLS":       {"api.example.com", "api.example.com", "80", true},
		"upper case":                 {"API.example.com", "Api.Example.Com", "443", true},
		"another port":               {"api.example.com", "api.example.com", "22", false},
		"a port that is named":       {"api.example.com:8443", "api.example.com", "8443", true},
		"only that port":             {"api.example.com:8443", "api.example.com", "443", false},
		"another host":               {"example.com", "api.example.com", "443", false},
		"a host that ends like it":   {"example.com", "evilexample.com", "443", false},
		"a host that begins like it": {"example.com", "example.com.evil", "443", false},
		"below":                      {"*.example.com", "a.b.example.com", "443", true},
		"not itself":                 {"*.example.com", "example.com", "443", false},
		"an address":                 {"10.0.0.1:8080", "10.0.0.1", "8080", true},
		"an address of version 6":    {"[::1]:8080", "::1", "8080", true},
		"the same without a port":    {"::1", "::1", "80", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := parseHost(tt.rule)
			if err != nil {
				t.Fatal(err)
			}
			a := access{hosts: []hostRule{r}}
			if _, ok := a.rule(tt.host, tt.port); ok != tt.want {
				t.Errorf("%s for %s:%s: %t, want %t", tt.rule, tt.host, tt.port, ok, tt.want)
			}
		})
	}
	for _, bad := range []string{"", "*", "*.", "https://example.com", "a b", "example.com/path", "host:", "host:x", "上海.cn", "*.*.com", "a..b"} {
		if r, err := parseHost(bad); err == nil {
			t.Errorf("%q is taken for %+v", bad, r)
		}
	}
}
