package emit

import (
	"os"
	"syscall"
	"unsafe"
)

// The byte that is locked lies beyond any content: a lock on Windows keeps
// others from reading and writing what it covers.
// https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-lockfileex
func lockedByte() *syscall.Overlapped {
	return &syscall.Overlapped{Offset: 0xfffffffe, OffsetHigh: 0x7fffffff}
}

const (
	failImmediately = 1
	exclusive       = 2

	errorLockViolation = syscall.Errno(33)
)

// tryLock takes the file's lock where nobody has it.
func tryLock(f *os.File) (bool, error) {
	lockFileEx := syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")
	ok, _, err := lockFileEx.Call(f.Fd(), exclusive|failImmediately, 0, 1, 0, uintptr(unsafe.Pointer(lockedByte())))
	switch {
	case ok != 0:
		return true, nil
	case err == errorLockViolation, err == syscall.ERROR_IO_PENDING:
		return false, nil
	}
	return false, os.NewSyscallError("LockFileEx", err)
}

// unlock gives the lock back. Windows does so itself some time after the file
// was closed, which may be late.
func unlock(f *os.File) {
	unlockFileEx := syscall.NewLazyDLL("kernel32.dll").NewProc("UnlockFileEx")
	unlockFileEx.Call(f.Fd(), 0, 1, 0, uintptr(unsafe.Pointer(lockedByte())))
}
