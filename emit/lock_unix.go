//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package emit

import (
	"os"
	"syscall"
)

// tryLock takes the file's lock where nobody has it. On a file system without
// locks it reports true: one write to the end is then all there is, and on a
// local disk enough.
func tryLock(f *os.File) (bool, error) {
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err {
	case nil, syscall.ENOTSUP, syscall.ENOSYS:
		return true, nil
	case syscall.EWOULDBLOCK, syscall.EINTR:
		return false, nil
	default:
		return false, os.NewSyscallError("flock", err)
	}
}

// unlock gives the lock back. Closing the file does so too, unless the process
// was copied in between.
func unlock(f *os.File) { syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
