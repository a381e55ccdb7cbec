package luahost

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"math"
	"net/url"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// digest gives how a hash is made.
func digest(name string) (func() hash.Hash, bool) {
	switch name {
	case "md5":
		return md5.New, true
	case "sha1":
		return sha1.New, true
	case "sha256":
		return sha256.New, true
	}
	return nil, false
}

// hashTable is bot.hash: md5, sha1, sha256(text, raw) and hmac(name, key, text, raw)
// give hexadecimal digits, or the bytes themselves if raw is true.
func (p *plugin) hashTable() *lua.LTable {
	t := p.l.NewTable()
	push := func(l *lua.LState, h hash.Hash, text string, raw bool) int {
		charge(l, work(16*len(text)))
		h.Write([]byte(text))
		sum := h.Sum(nil)
		if raw {
			l.Push(lua.LString(sum))
		} else {
			l.Push(lua.LString(hex.EncodeToString(sum)))
		}
		return 1
	}
	for _, name := range []string{"md5", "sha1", "sha256"} {
		t.RawSetString(name, p.l.NewFunction(func(l *lua.LState) int {
			h, _ := digest(name)
			return push(l, h(), l.CheckString(1), l.ToBool(2))
		}))
	}
	t.RawSetString("hmac", p.l.NewFunction(func(l *lua.LState) int {
		h, ok := digest(l.CheckString(1))
		if !ok {
			l.ArgError(1, "md5, sha1 or sha256 expected")
		}
		return push(l, hmac.New(h, []byte(l.CheckString(2))), l.CheckString(3), l.ToBool(4))
	}))
	return t
}

// codec makes a table of encode(text) and decode(text) → text | nil, err.
func (p *plugin) codec(encode func(string) string, decode func(string) (string, error)) *lua.LTable {
	t := p.l.NewTable()
	p.l.SetFuncs(t, map[string]lua.LGFunction{
		"encode": func(l *lua.LState) int {
			s := l.CheckString(1)
			charge(l, work(8*len(s)))
			if 2*len(s) > stringMost {
				l.RaiseError("encode: %s", errTooLong.Error())
			}
			l.Push(lua.LString(encode(s)))
			return 1
		},
		"decode": func(l *lua.LState) int {
			charge(l, work(8*len(l.CheckString(1))))
			s, err := decode(l.CheckString(1))
			if err != nil {
				return p.fails(l, err.Error())
			}
			l.Push(lua.LString(s))
			return 1
		},
	})
	return t
}

func (p *plugin) hexTable() *lua.LTable {
	return p.codec(func(s string) string { return hex.EncodeToString([]byte(s)) }, func(s string) (string, error) {
		b, err := hex.DecodeString(s)
		return string(b), err
	})
}

// base64Table decodes both alphabets, with padding and without.
func (p *plugin) base64Table() *lua.LTable {
	plain := strings.NewReplacer("-", "+", "_", "/", "\n", "", "\r", "")
	return p.codec(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }, func(s string) (string, error) {
		b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(plain.Replace(s), "="))
		return string(b), err
	})
}

// urlTable is bot.url: query(table) → text, parse(url) → table | nil, err,
// escape(text), unescape(text).
func (p *plugin) urlTable() *lua.LTable {
	t := p.l.NewTable()
	p.l.SetFuncs(t, map[string]lua.LGFunction{
		"query": func(l *lua.LState) int {
			q := queryOf(l, l.CheckTable(1), 1).Encode()
			charge(l, work(16*len(q)))
			l.Push(lua.LString(q))
			return 1
		},
		"parse": p.urlParse,
		"escape": func(l *lua.LState) int {
			l.Push(lua.LString(url.QueryEscape(short(l))))
			return 1
		},
		"unescape": func(l *lua.LState) int {
			s, err := url.QueryUnescape(short(l))
			if err != nil {
				return p.fails(l, err.Error())
			}
			l.Push(lua.LString(s))
			return 1
		},
	})
	return t
}

// queryOf reads a table of parameters: texts, numbers, booleans, or lists of these.
func queryOf(l *lua.LState, t *lua.LTable, arg int) url.Values {
	v, err := fromLua(t)
	if err != nil {
		l.ArgError(arg, err.Error())
	}
	q := url.Values{}
	m, ok := v.(map[string]any)
	if !ok {
		l.ArgError(arg, "a table of names and values expected")
	}
	for name, v := range m {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, v := range list {
			switch v.(type) {
			case string, float64, bool:
				q.Add(name, toLua(l, v).String())
			default:
				l.ArgError(arg, name+" is no text, number or list of these")
			}
		}
	}
	return q
}

func (p *plugin) urlParse(l *lua.LState) int {
	u, err := url.Parse(short(l))
	if err != nil {
		return p.fails(l, "no URL")
	}
	t := l.NewTable()
	for name, v := range map[string]string{"scheme": u.Scheme, "host": u.Hostname(), "port": u.Port(), "path": u.Path, "fragment": u.Fragment} {
		if v != "" {
			t.RawSetString(name, lua.LString(v))
		}
	}
	q := l.NewTable()
	for name, values := range u.Query() {
		q.RawSetString(name, lua.LString(values[0]))
	}
	t.RawSetString("query", q)
	l.Push(t)
	return 1
}

// bitTable is bot.bit: operations on whole numbers of 32 bits, results from 0 on.
func (p *plugin) bitTable() *lua.LTable {
	t := p.l.NewTable()
	fold := func(f func(a, b uint32) uint32) lua.LGFunction {
		return func(l *lua.LState) int {
			out := whole32(l, 1)
			for i := 2; i <= l.GetTop(); i++ {
				out = f(out, whole32(l, i))
			}
			l.Push(lua.LNumber(out))
			return 1
		}
	}
	shift := func(f func(a uint32, n uint) uint32) lua.LGFunction {
		return func(l *lua.LState) int {
			n := l.CheckInt(2)
			if n < 0 || n > 31 {
				l.ArgError(2, "a number from 0 to 31 expected")
			}
			l.Push(lua.LNumber(f(whole32(l, 1), uint(n))))
			return 1
		}
	}
	p.l.SetFuncs(t, map[string]lua.LGFunction{
		"band":   fold(func(a, b uint32) uint32 { return a & b }),
		"bor":    fold(func(a, b uint32) uint32 { return a | b }),
		"bxor":   fold(func(a, b uint32) uint32 { return a ^ b }),
		"bnot":   func(l *lua.LState) int { l.Push(lua.LNumber(^whole32(l, 1))); return 1 },
		"lshift": shift(func(a uint32, n uint) uint32 { return a << n }),
		"rshift": shift(func(a uint32, n uint) uint32 { return a >> n }),
	})
	return t
}

// whole32 reads a whole number modulo 2^32.
func whole32(l *lua.LState, n int) uint32 {
	f := float64(l.CheckNumber(n))
	if f != math.Trunc(f) || math.Abs(f) > exactMost {
		l.ArgError(n, "a whole number expected")
	}
	return uint32(int64(f))
}

// libraries are the tables of bot that need nothing of the world.
func (p *plugin) libraries(bot *lua.LTable) {
	tables := map[string]*lua.LTable{
		"hash": p.hashTable(), "hex": p.hexTable(), "base64": p.base64Table(), "url": p.urlTable(), "bit": p.bitTable(),
	}
	names := sortedKeys(tables)
	slices.Sort(names)
	for _, name := range names {
		bot.RawSetString(name, tables[name])
	}
}
