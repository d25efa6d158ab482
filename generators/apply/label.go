package apply

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// selinux is the attribute that holds a file's SELinux context (xattr(7)).
const selinux = "security.selinux"

// label returns the security label of f; nil where there are none.
func label(f *os.File) ([]byte, error) {
	buf := make([]byte, 4096)
	n, err := unix.Fgetxattr(int(f.Fd()), selinux, buf)
	if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) {
		return nil, nil
	}
	if err != nil {
		return nil, os.NewSyscallError("getxattr", err)
	}
	return buf[:n], nil
}

func setLabel(f *os.File, label []byte) error {
	return os.NewSyscallError("setxattr", unix.Fsetxattr(int(f.Fd()), selinux, label, 0))
}
