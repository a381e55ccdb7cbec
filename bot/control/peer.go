package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
)

// peer is who is at the other end of a connection, as the system says. known is
// false where it does not say: there the permissions of the socket alone decide.
type peer struct {
	known  bool
	uid    int
	groups []int
}

// allow makes the rule by which a peer may ask: the daemon's own user, root, and
// the members of a group; -1 is none.
func allow(group int) func(peer) bool {
	own := os.Getuid()
	return func(p peer) bool {
		return !p.known || p.uid == own || p.uid == 0 || group >= 0 && slices.Contains(p.groups, group)
	}
}

type peerKey struct{}

// connPeer is a peer, or why it is not known.
type connPeer struct {
	peer
	err error
}

// withPeer keeps who is at the other end of a connection.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	u, ok := c.(interface{ peer() (peer, error) })
	if !ok {
		return ctx
	}
	p := connPeer{}
	p.peer, p.err = u.peer()
	return context.WithValue(ctx, peerKey{}, p)
}

func (c *conn) peer() (p peer, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return p, err
	}
	control := raw.Control(func(fd uintptr) { p, err = peerCredentials(int(fd)) })
	return p, errors.Join(control, err)
}

func peerOf(ctx context.Context) (peer, error) {
	p, ok := ctx.Value(peerKey{}).(connPeer)
	if !ok {
		return peer{}, errors.New("peer not known")
	}
	return p.peer, p.err
}

// groupID finds a group of the system by its name or number.
func groupID(name string) (int, error) {
	if n, err := strconv.ParseUint(name, 10, 31); err == nil {
		return int(n), nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, fmt.Errorf("socket_group: %w", err)
	}
	id, err := strconv.Atoi(g.Gid)
	if err != nil {
		return 0, fmt.Errorf("socket_group %s: %w", name, err)
	}
	return id, nil
}

// unreachable tells why a group cannot come to a socket; "" if it can, as far as one
// can see.
func unreachable(path string, group int) string {
	dir := filepath.Dir(path)
	st, err := os.Stat(dir)
	if err != nil {
		return "" // making the socket tells
	}
	const enterGroup, enterOthers = 0o010, 0o001
	owner, known := groupOf(st)
	switch perm := st.Mode().Perm(); {
	case perm&enterOthers != 0, !known, owner == group && perm&enterGroup != 0:
		return ""
	}
	return fmt.Sprintf("directory %s lets it not in: chgrp it to the group and give it mode 0750, or name another socket", dir)
}
