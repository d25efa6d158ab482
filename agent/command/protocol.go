package command

import (
	"syscall"
)

// shimName is the name under which the program is started again as a shim; process lists show it.
const shimName = "mco-command"

// The descriptors of a shim, beside the command's output on 1 and 2.
const (
	controlFD = 3 // the order, one line of JSON; then a byte for each wish; its end is the wish to end all
	statusFD  = 4 // reports, one line of JSON each; its end is the shim's end
	folderFD  = 5 // of a job's shim: the job's folder
)

// What the shim is asked for on its control pipe.
const (
	askTerminate = 'T' // SIGTERM to every process
	askKill      = 'K' // kill whatever is there, and end
	askFinish    = 'F' // as K, but let independent processes stay
)

// order is what a shim is to run. Texts are bytes: a command line need not be UTF-8.
type order struct {
	Path  []byte
	Argv  [][]byte
	Env   [][]byte
	Dir   []byte
	Umask int
	Who   *syscall.Credential `json:",omitempty"`
	Keep  int64               `json:",omitempty"` // of a job: bytes kept of each stream
}

// report is what a shim says: first Started or Errno, then Exited with the wait status, at last how many it Killed.
type report struct {
	Started int    `json:",omitempty"` // process id
	Errno   int    `json:",omitempty"`
	What    string `json:",omitempty"` // what Errno is about
	Exited  bool   `json:",omitempty"`
	Status  int    `json:",omitempty"`
	Done    bool   `json:",omitempty"`
	Killed  int    `json:",omitempty"`
}

func toBytes(texts []string) [][]byte {
	out := make([][]byte, len(texts))
	for i, t := range texts {
		out[i] = []byte(t)
	}
	return out
}

func toTexts(raw [][]byte) []string {
	out := make([]string, len(raw))
	for i, b := range raw {
		out[i] = string(b)
	}
	return out
}
