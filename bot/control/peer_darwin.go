package control

import (
	"fmt"

	"golang.org/x/sys/unix"
)

func peerCredentials(fd int) (peer, error) {
	cred, err := unix.GetsockoptXucred(fd, unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return peer{}, fmt.Errorf("peer credentials: %w", err)
	}
	p := peer{known: true, uid: int(cred.Uid)}
	for _, gid := range cred.Groups[:min(max(int(cred.Ngroups), 0), len(cred.Groups))] {
		p.groups = append(p.groups, int(gid))
	}
	return p, nil
}
