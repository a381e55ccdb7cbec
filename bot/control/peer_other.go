//go:build !linux && !darwin

package control

func peerCredentials(int) (peer, error) { return peer{}, nil }
