package facts

import (
	"math"
	"strconv"

	"github.com/mco-go/mco-go/generators/safe"
)

const (
	mebibyte  = 1 << 20
	maxMemory = 1 << 50
)

// Facts that name a limit of a container's memory, in bytes, and the hard limit of open files. Facter has none of its own: these are the
// names under which sites provide them.
var (
	containerLimits = [...]string{"memory.cgroup.limit_bytes", "cgroup.memory.limit_bytes", "cgroup_memory_limit_bytes", "container_memory_limit_bytes"}
	openFileLimits  = [...]string{"limits.nofile.hard", "nofile_hard", "ulimit_nofile_hard"}
)

// hardware reads memory, processors and limits. What is missing stays 0: only some rules need it.
func (r *reader) hardware() {
	r.section("memory")
	r.section("processors")
	if v := r.get("memory.system"); v.there() {
		r.is(v, "memory.system", mapping, mapping)
	}
	r.node.Memory, _ = either(r, "memory.system.total_bytes", "memorysize_mb", r.bytes, r.mebibytes, func(a, b int64) bool {
		return max(a, b)-min(a, b) <= mebibyte // the legacy fact may be rounded
	})
	for _, name := range containerLimits {
		// A limit above what the machine has is how the kernel says that there is none.
		if limit, ok := r.count(r.get(name), name, 1, math.MaxInt64); ok && limit < maxMemory && (limit < r.node.Memory || r.node.Memory == 0) {
			r.node.Memory = limit
		}
	}
	count := func(v *value, key string) (int64, bool) { return r.whole(v, key, 1, 1<<16) }
	legacy := func(v *value, key string) (int64, bool) { return r.count(v, key, 1, 1<<16) }
	n, _ := either(r, "processors.count", "processorcount", count, legacy, func(a, b int64) bool { return a == b })
	r.node.Processors = int(n)
	for _, name := range openFileLimits {
		if v := r.get(name); v.kind != text || v.text != "unlimited" {
			if n, ok := r.count(v, name, 1, 1<<31-1); ok {
				r.node.OpenFiles = int(n)
			}
		}
	}
}

func (r *reader) bytes(v *value, key string) (int64, bool) { return r.whole(v, key, 1, maxMemory) }

// whole reads a number that must not be a text.
func (r *reader) whole(v *value, key string, least, most int64) (int64, bool) {
	if !r.is(v, key, number, number) {
		return 0, false
	}
	return r.count(v, key, least, most)
}

// count reads a number that may be a text, as all facts of facter 1 and 2 are.
func (r *reader) count(v *value, key string, least, most int64) (int64, bool) {
	if !r.is(v, key, number, text) {
		return 0, false
	}
	n, err := safe.Count(v.text, least, most)
	if err != nil {
		r.refuse(key, err)
		return 0, false
	}
	return n, true
}

// mebibytes reads "1869.45".
func (r *reader) mebibytes(v *value, key string) (int64, bool) {
	if !r.is(v, key, number, text) {
		return 0, false
	}
	if err := safe.Plain("a number", v.text); err != nil {
		r.refuse(key, err)
		return 0, false
	}
	mb, err := strconv.ParseFloat(v.text, 64)
	if err != nil || !(mb >= 1 && mb <= maxMemory/mebibyte) {
		r.bad(safe.Invalid, key, "not a number of mebibytes", safe.Quote(v.text), "from 1 to "+strconv.Itoa(maxMemory/mebibyte))
		return 0, false
	}
	return int64(math.Round(mb * mebibyte)), true
}
