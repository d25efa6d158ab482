package data

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/mco-go/mco-go/mco"
)

// fstatData tells about a file (data/fstat_data.rb).
type fstatData struct{}

func (fstatData) Name() string { return "fstat" }

func (fstatData) Query(ctx context.Context, query mco.Value) (*mco.Map, error) {
	name, _ := query.AsString()
	return Stat(ctx, name)
}

// Stat describes a file by the outputs of the data plugin fstat. A file that is not there is described as such.
func Stat(ctx context.Context, name string) (*mco.Map, error) {
	zero := mco.Int(0)
	answer := outputs(out("name", mco.String(name)), out("output", mco.String("not present")), out("type", mco.String("unknown")), out("mode", mco.String("0000")),
		out("present", zero), out("size", zero), out("mtime", zero), out("ctime", zero), out("atime", zero), out("mtime_seconds", zero),
		out("ctime_seconds", zero), out("atime_seconds", zero), out("md5", zero), out("uid", zero), out("gid", zero))
	// A link that points nowhere is not present, one that points somewhere is described itself.
	if _, err := os.Stat(name); err != nil {
		return answer, nil
	}
	info, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return answer, nil
	}
	if err != nil {
		return nil, err
	}
	sys, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, fmt.Errorf("stat %s: the system tells too little", name)
	}
	answer.SetSymbol("output", mco.String("present"))
	answer.SetSymbol("present", mco.Int(1))
	answer.SetSymbol("size", mco.Int(info.Size()))
	answer.SetSymbol("uid", mco.Int(int64(sys.Uid)))
	answer.SetSymbol("gid", mco.Int(int64(sys.Gid)))
	now := time.Now().Unix()
	for _, t := range []struct {
		name mco.Symbol
		at   syscall.Timespec
	}{{"mtime", sys.Mtim}, {"ctime", sys.Ctim}, {"atime", sys.Atim}} {
		seconds, _ := t.at.Unix()
		answer.SetSymbol(t.name, mco.String(time.Unix(seconds, 0).Format(time.DateTime)))
		answer.SetSymbol(t.name+"_seconds", mco.Int(seconds))
		answer.SetSymbol(t.name+"_age", mco.Int(now-seconds))
	}
	answer.SetSymbol("mode", mco.String(fmt.Sprintf("%o", sys.Mode)))
	answer.SetSymbol("type", mco.String(fileType(info.Mode())))
	if info.Mode().IsRegular() {
		sum, err := sumFile(ctx, name)
		if err != nil {
			return nil, err
		}
		answer.SetSymbol("md5", mco.String(sum))
	}
	return answer, nil
}

func fileType(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "directory"
	case mode.IsRegular():
		return "file"
	case mode&fs.ModeSymlink != 0:
		return "symlink"
	case mode&fs.ModeSocket != 0:
		return "socket"
	case mode&fs.ModeCharDevice != 0:
		return "chardev"
	case mode&fs.ModeDevice != 0:
		return "blockdev"
	}
	return "unknown"
}

// sumFile hashes a file, a piece at a time, so that a huge one ends with ctx.
func sumFile(ctx context.Context, name string) (string, error) {
	// Files of the kernel may look regular and block who reads them (/proc/kmsg).
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := md5.New()
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if _, err := io.CopyN(hash, f, 1<<20); errors.Is(err, io.EOF) {
			return hex.EncodeToString(hash.Sum(nil)), nil
		} else if err != nil {
			return "", err
		}
	}
}
