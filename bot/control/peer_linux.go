package control

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

func peerCredentials(fd int) (peer, error) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return peer{}, fmt.Errorf("peer credentials: %w", err)
	}
	groups, err := peerGroups(fd)
	if err != nil && !errors.Is(err, unix.ENOPROTOOPT) { // kernels before 4.13: the primary group alone
		return peer{}, fmt.Errorf("peer groups: %w", err)
	}
	return peer{known: true, uid: int(cred.Uid), groups: append(groups, int(cred.Gid))}, nil
}

// groupsMost is how many groups a process may be in, of the kernel's NGROUPS_MAX.
const groupsMost = 65536

// peerGroups asks for the supplementary groups of the peer, as they are and not as
// /etc/group has them: systemd gives a service groups of its own. x/sys has no
// function for it.
func peerGroups(fd int) ([]int, error) {
	for room := 32; ; room = groupsMost {
		list := make([]uint32, room)
		size := uint32(room) * uint32(unsafe.Sizeof(list[0]))
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&list[0])), uintptr(unsafe.Pointer(&size)), 0)
		if errno == unix.ERANGE && room < groupsMost {
			continue
		}
		if errno != 0 {
			return nil, errno
		}
		var out []int
		for _, gid := range list[:size/uint32(unsafe.Sizeof(list[0]))] {
			out = append(out, int(gid))
		}
		return out, nil
	}
}
