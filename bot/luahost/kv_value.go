package luahost

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	lua "github.com/yuin/gopher-lua"
)

// Values that bot.kv keeps are encoded here and not as JSON: texts may hold any
// bytes, and numbers as keys of a table come back as numbers.

const (
	valueVersion = 1
	tagFalse     = 'f'
	tagTrue      = 't'
	tagNumber    = 'n' // 8 bytes
	tagText      = 's' // length, bytes
	tagTable     = '{' // number of entries, then keys and values in turn
)

// valueMost is how long a value may be, in bytes as it is stored.
const valueMost = 256 << 10

var errValueLong = fmt.Errorf("a value of more than %d KB", valueMost>>10)

var errDamagedValue = errors.New("the stored value is damaged")

// encodeValue gives what is stored of a Lua value: a float64 or a []byte of at most
// most bytes. It charges nothing.
func encodeValue(v lua.LValue, most int) (any, error) {
	if n, ok := v.(lua.LNumber); ok {
		if n != n {
			return nil, errors.New("not a number cannot be kept")
		}
		return float64(n), nil
	}
	e := valueEncoder{out: []byte{valueVersion}, most: most, left: plainMost, slots: slotsMost}
	if err := e.value(v, 0); err != nil {
		return nil, err
	}
	return e.out, nil
}

type valueEncoder struct {
	out               []byte
	most, left, slots int
}

func (e *valueEncoder) value(v lua.LValue, depth int) error {
	if e.left--; e.left < 0 || depth > plainDepth {
		return errTooMuch
	}
	switch v := v.(type) {
	case lua.LBool:
		if v {
			e.out = append(e.out, tagTrue)
		} else {
			e.out = append(e.out, tagFalse)
		}
	case lua.LNumber:
		e.out = binary.BigEndian.AppendUint64(append(e.out, tagNumber), math.Float64bits(float64(v)))
	case lua.LString:
		if len(v) > e.most {
			return errValueLong
		}
		e.out = binary.AppendUvarint(append(e.out, tagText), uint64(len(v)))
		e.out = append(e.out, v...)
	case *lua.LTable:
		if err := e.table(v, depth); err != nil {
			return err
		}
	default:
		return errNotPlain
	}
	if len(e.out) > e.most {
		return errValueLong
	}
	return nil
}

func (e *valueEncoder) table(t *lua.LTable, depth int) error {
	if e.slots -= t.Len(); e.slots < 0 {
		return errTooMuch
	}
	n := 0
	t.ForEach(func(lua.LValue, lua.LValue) { n++ })
	e.out = binary.AppendUvarint(append(e.out, tagTable), uint64(n))
	var failed error
	t.ForEach(func(k, v lua.LValue) {
		if failed != nil {
			return
		}
		switch k.(type) {
		case lua.LNumber, lua.LString, lua.LBool:
		default:
			failed = errNotPlain
			return
		}
		if failed = e.value(k, depth+1); failed == nil {
			failed = e.value(v, depth+1)
		}
	})
	return failed
}

// decodeValue makes a Lua value of what was stored.
func decodeValue(stored any) (lua.LValue, error) {
	switch v := stored.(type) {
	case float64:
		return lua.LNumber(v), nil
	case []byte:
		if len(v) == 0 || v[0] != valueVersion {
			return lua.LNil, errDamagedValue
		}
		d := valueDecoder{in: v[1:], slots: slotsMost}
		out, err := d.value(0)
		if err == nil && len(d.in) > 0 {
			err = errDamagedValue
		}
		if err != nil {
			return lua.LNil, err
		}
		return out, nil
	}
	return lua.LNil, errDamagedValue
}

type valueDecoder struct {
	in    []byte
	slots int
}

func (d *valueDecoder) value(depth int) (lua.LValue, error) {
	if len(d.in) == 0 || depth > plainDepth {
		return nil, errDamagedValue
	}
	tag := d.in[0]
	d.in = d.in[1:]
	switch tag {
	case tagFalse, tagTrue:
		return lua.LBool(tag == tagTrue), nil
	case tagNumber:
		if len(d.in) < 8 {
			return nil, errDamagedValue
		}
		n := math.Float64frombits(binary.BigEndian.Uint64(d.in))
		d.in = d.in[8:]
		return lua.LNumber(n), nil
	case tagText:
		n, ok := d.count()
		if !ok {
			return nil, errDamagedValue
		}
		s := lua.LString(d.in[:n])
		d.in = d.in[n:]
		return s, nil
	case tagTable:
		return d.table(depth)
	}
	return nil, errDamagedValue
}

// count reads a number that what follows is as long as, at least.
func (d *valueDecoder) count() (int, bool) {
	n, size := binary.Uvarint(d.in)
	if size <= 0 || n > uint64(len(d.in)-size) {
		return 0, false
	}
	d.in = d.in[size:]
	return int(n), true
}

func (d *valueDecoder) table(depth int) (lua.LValue, error) {
	n, ok := d.count()
	if !ok {
		return nil, errDamagedValue
	}
	t, length := &lua.LTable{Metatable: lua.LNil}, 0
	for range n {
		k, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		switch k := k.(type) {
		case lua.LNumber:
			if at := float64(k); at > float64(length) && at < arrayMost {
				d.slots -= int(at) - length
				length = int(at)
			}
			if k != k || d.slots < 0 {
				return nil, errDamagedValue
			}
		case *lua.LTable:
			return nil, errDamagedValue
		}
		t.RawSet(k, v)
	}
	return t, nil
}
