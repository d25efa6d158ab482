package estate

import (
	"math"
	"strconv"
	"time"

	"github.com/mco-go/mco-go/generators/version"
)

const (
	megabyte = 1_000_000
	gigabyte = 1_000 * megabyte
	kibibyte = 1 << 10
	mebibyte = 1 << 20
	gibibyte = 1 << 30
)

// watermark (D1) is how much memory a broker may use: a share, or, on small machines and those that do more, a share of what is left
// beside 256 MiB.
func watermark(memory int64, v version.Version, balances bool) Watermark {
	if balances || memory < 2*gibibyte {
		return Watermark{Absolute: max(0, (memory-256*mebibyte)*4/10)}
	}
	if v.AtLeast(4) {
		return Watermark{Relative: 0.6}
	}
	return Watermark{Relative: 0.4}
}

func (w Watermark) String() string {
	if w.Relative != 0 {
		return strconv.FormatFloat(w.Relative, 'g', -1, 64) + " of the memory"
	}
	return strconv.FormatInt(w.Absolute, 10) + " bytes"
}

// diskLimit (D2) is the free space below which a broker blocks publishers: as much as memory, in steps of 100 MB, 2 to 50 GB.
func diskLimit(memory int64) int64 {
	const step = 100 * megabyte
	return min(max((memory+step-1)/step*step, 2*gigabyte), 50*gigabyte)
}

// connections is what D4 needs to know.
type connections struct {
	asked            int // 0: not asked
	cpus             int
	files            int // hard limit of descriptors
	servers, proxies int
	memory           int64
}

// maxConn (D4) is how many connections HAProxy may hold: what is asked or four thousand for each processor, as far as descriptors (two
// for a connection) and half of the memory (34 KiB for a connection) go.
func maxConn(c connections) int {
	wish := c.asked
	if wish == 0 {
		wish = min(4096*c.cpus, 50_000)
	}
	byFiles := (c.files - 128 - 2*c.servers*c.proxies) / 2
	byMemory := int(min(c.memory/2/(34*kibibyte), math.MaxInt32))
	return max(100, min(wish, byFiles, byMemory))
}

// balancerTimeout (D12) outlives the heart-beats of idle connections.
func balancerTimeout(heartbeats ...int) time.Duration {
	longest := 3 * time.Hour
	for _, h := range heartbeats {
		longest = max(longest, time.Duration(h)*time.Second*5/2)
	}
	return longest
}
