package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// What a socket may be asked by.
const (
	modeOwn   fs.FileMode = 0o600
	modeGroup fs.FileMode = 0o660
	// connectionsMost are open at once; whoever comes then waits for one to end,
	// which the time-outs of the server see to.
	connectionsMost = 64
	// pathMost is how long the path of a socket may be on every system, in bytes.
	pathMost = 103
)

// listen takes the socket, over a dead one if need be; group -1 is none. The socket
// is made under another name and gets its own when nobody else may connect to it
// any more.
func listen(ctx context.Context, path string, group int) (net.Listener, error) {
	d := net.Dialer{Timeout: dialWait}
	if c, err := d.DialContext(ctx, "unix", path); err == nil {
		return nil, errors.Join(fmt.Errorf("control socket %s: another daemon answers there", path), c.Close())
	}
	if st, err := os.Lstat(path); err == nil && st.Mode()&fs.ModeSocket == 0 {
		return nil, fmt.Errorf("control socket %s: a file that is no socket is in the way", path)
	}
	making := filepath.Join(filepath.Dir(path), "."+strconv.Itoa(os.Getpid()))
	if max(len(path), len(making)) > pathMost {
		return nil, fmt.Errorf("control socket %s: the path is longer than %d bytes: name a shorter one by --socket", path, pathMost)
	}
	if err := os.Remove(making); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: making})
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	if err = admit(making, group); err == nil {
		err = os.Rename(making, path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), l.Close())
	}
	l.SetUnlinkOnClose(false) // it would unlink the name that it was made under
	return &socket{UnixListener: l, path: path, slots: make(chan struct{}, connectionsMost), closed: make(chan struct{})}, nil
}

// admit opens a socket to its owner, and to a group if there is one.
func admit(path string, group int) error {
	if group < 0 {
		return os.Chmod(path, modeOwn)
	}
	if err := os.Chown(path, -1, group); err != nil {
		return fmt.Errorf("give it to socket_group, of which the daemon's user must be a member: %w", err)
	}
	return os.Chmod(path, modeGroup)
}

// socket is a listener that takes its name with it, and has so many connections
// open at once at most.
type socket struct {
	*net.UnixListener
	path   string
	slots  chan struct{}
	closed chan struct{}
}

// Accept waits for a connection, and for a slot for it.
func (s *socket) Accept() (net.Conn, error) {
	select {
	case s.slots <- struct{}{}:
	case <-s.closed:
		return nil, net.ErrClosed
	}
	c, err := s.AcceptUnix()
	if err != nil {
		<-s.slots
		return nil, err
	}
	return &conn{UnixConn: c, slots: s.slots}, nil
}

// Close is called once.
func (s *socket) Close() error {
	close(s.closed)
	err := os.Remove(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, s.UnixListener.Close())
}

// conn gives its slot back when it is closed for the first time.
type conn struct {
	*net.UnixConn
	slots chan struct{}
	once  sync.Once
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.once.Do(func() { <-c.slots })
	return c.UnixConn.Close()
}
