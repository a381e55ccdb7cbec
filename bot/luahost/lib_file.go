package luahost

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

const (
	fileNameMost   = 100
	filesMost      = 1000
	filesBytesMost = 50 << 20
	// What one plugin may write within a minute.
	fileWritesMost     = 600
	fileBytesPerMinute = 100 << 20
	fileWork           = 10_000 // of one operation, in instructions
	unfinished         = ".new"
)

// fileTable is bot.file: files in a folder of the plugin's own, without folders in
// it. Nothing leads out of it, symbolic links neither.
func (p *plugin) fileTable() *lua.LTable {
	t := p.l.NewTable()
	p.l.SetFuncs(t, map[string]lua.LGFunction{
		"read": p.fileRead, "write": p.fileWrite, "delete": p.fileDelete, "list": p.fileList,
	})
	return t
}

var errNoFolder = errors.New("no folder for data is set")

// folder opens the plugin's folder. It makes it if create is set.
func (p *plugin) folder(create bool) (*os.Root, error) {
	if p.host.opts.DataDir == "" {
		return nil, errNoFolder
	}
	dir := filepath.Join(p.host.opts.DataDir, p.name)
	if create {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	if st, err := os.Lstat(dir); err != nil || !st.IsDir() {
		return nil, cmp.Or(err, errNoFolder)
	}
	return os.OpenRoot(dir)
}

// fileName reads an argument that names a file.
func fileName(l *lua.LState, n int) string {
	name := l.CheckString(n)
	if !properName(name) {
		l.ArgError(n, "a name of a file such as list.txt expected, without folders")
	}
	return name
}

func properName(name string) bool {
	bad := name == "" || len(name) > fileNameMost || !utf8.ValidString(name) || strings.HasPrefix(name, ".") ||
		strings.ContainsAny(name, `/\:*?"<>|`) || strings.ContainsFunc(name, unicode.IsControl) || !filepath.IsLocal(name)
	return !bad
}

// fileError says what went wrong without the path.
func fileError(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "not found"
	case errors.Is(err, errNoFolder):
		return err.Error()
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

var (
	errNoFile   = errors.New("not a file")
	errFileLong = fmt.Errorf("the file has more than %d bytes", stringMost)
)

// readFile reads a regular file of a folder.
func readFile(root *os.Root, name string) (b []byte, err error) {
	st, err := root.Lstat(name)
	switch {
	case err != nil:
		return nil, err
	case !st.Mode().IsRegular():
		return nil, errNoFile
	case st.Size() > stringMost:
		return nil, errFileLong
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if b, err = io.ReadAll(io.LimitReader(f, stringMost+1)); err == nil && len(b) > stringMost {
		err = errFileLong
	}
	return b, err
}

// fileRead is bot.file.read(name) → text | nil, err.
func (p *plugin) fileRead(l *lua.LState) int {
	p.running(l, "bot.file.read")
	name := fileName(l, 1)
	charge(l, fileWork)
	root, err := p.folder(false)
	if err != nil {
		return p.fails(l, fileError(err))
	}
	b, err := readFile(root, name)
	if err = errors.Join(err, root.Close()); err != nil {
		return p.fails(l, fileError(err))
	}
	charge(l, work(16*len(b)))
	l.Push(lua.LString(b))
	return 1
}

// fileWrite is bot.file.write(name, text) → true | nil, err. The file is the old one
// or the new one, whole, whatever happens.
func (p *plugin) fileWrite(l *lua.LState) int {
	p.running(l, "bot.file.write")
	name, text := fileName(l, 1), l.CheckString(2)
	charge(l, fileWork+work(16*len(text)))
	if len(text) > stringMost {
		return p.fails(l, errTooLong.Error())
	}
	if !p.fileRate.take(len(text)) {
		return p.fails(l, "rate")
	}
	root, err := p.folder(true)
	if err != nil {
		return p.fails(l, fileError(err))
	}
	err = admitFile(root, name, len(text))
	if err == nil {
		err = writeFile(root, name, text)
	}
	if err = errors.Join(err, root.Close()); err != nil {
		return p.fails(l, fileError(err))
	}
	l.Push(lua.LTrue)
	return 1
}

var errFull = errors.New("full")

// admitFile checks the quota for a file that is to have so many bytes.
func admitFile(root *os.Root, name string, size int) error {
	files, bytes := 1, int64(size)
	list, err := listFiles(root)
	for _, f := range list {
		if f.Name() == name {
			if !f.Mode().IsRegular() {
				return errNoFile
			}
			continue
		}
		files++
		bytes += f.Size()
	}
	if err == nil && (files > filesMost || bytes > filesBytesMost) {
		err = errFull
	}
	return err
}

// listFiles gives what is in a folder, hidden files left out, by name.
func listFiles(root *os.Root) ([]fs.FileInfo, error) {
	d, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	infos, err := d.Readdir(2 * filesMost)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	infos = slices.DeleteFunc(infos, func(i fs.FileInfo) bool { return strings.HasPrefix(i.Name(), ".") })
	slices.SortFunc(infos, func(a, b fs.FileInfo) int { return strings.Compare(a.Name(), b.Name()) })
	return infos, errors.Join(err, d.Close())
}

func writeFile(root *os.Root, name, text string) error {
	f, err := root.OpenFile(unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = root.Rename(unfinished, name)
	}
	return err
}

// fileDelete is bot.file.delete(name) → true | nil, err.
func (p *plugin) fileDelete(l *lua.LState) int {
	p.running(l, "bot.file.delete")
	name := fileName(l, 1)
	charge(l, fileWork)
	root, err := p.folder(false)
	if err != nil {
		return p.fails(l, fileError(err))
	}
	st, err := root.Lstat(name)
	switch {
	case err != nil:
	case st.IsDir():
		err = errNoFile
	default:
		err = root.Remove(name)
	}
	if err = errors.Join(err, root.Close()); err != nil {
		return p.fails(l, fileError(err))
	}
	l.Push(lua.LTrue)
	return 1
}

// fileList is bot.file.list() → names | nil, err.
func (p *plugin) fileList(l *lua.LState) int {
	p.running(l, "bot.file.list")
	charge(l, fileWork)
	t := l.NewTable()
	root, err := p.folder(false)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.Push(t)
		return 1
	case err != nil:
		return p.fails(l, fileError(err))
	}
	list, err := listFiles(root)
	if err = errors.Join(err, root.Close()); err != nil {
		return p.fails(l, fileError(err))
	}
	for _, f := range list {
		if f.Mode().IsRegular() {
			t.Append(lua.LString(f.Name()))
		}
	}
	l.Push(t)
	return 1
}
