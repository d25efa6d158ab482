package estate

import (
	"testing"
	"time"

	"github.com/mco-go/mco-go/generators/version"
)

func TestWatermark(t *testing.T) {
	for _, c := range []struct {
		name     string
		memory   int64
		version  version.Version
		balances bool
		want     Watermark
	}{
		{"usual", 8 * gibibyte, version.Version{3, 10, 8}, false, Watermark{Relative: 0.4}},
		{"from 4.0 on", 8 * gibibyte, version.Version{4}, false, Watermark{Relative: 0.6}},
		{"unknown version", 8 * gibibyte, version.Version{}, false, Watermark{Relative: 0.6}},
		{"just enough", 2 * gibibyte, version.Version{3, 10}, false, Watermark{Relative: 0.4}},
		{"small", 2*gibibyte - 1, version.Version{3, 10}, false, Watermark{Absolute: 751_619_276}},
		{"balances too", 4 * gibibyte, version.Version{3, 10}, true, Watermark{Absolute: 1_610_612_736}},
		{"fact of a real node", 1_960_260_403, version.Version{3, 1, 5}, false, Watermark{Absolute: 676_729_978}},
		{"less than is kept back", 200 * mebibyte, version.Version{3, 10}, false, Watermark{}},
	} {
		if got := watermark(c.memory, c.version, c.balances); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestDiskLimit(t *testing.T) {
	for memory, want := range map[int64]int64{
		0: 2 * gigabyte, 1: 2 * gigabyte, 2 * gigabyte: 2 * gigabyte, 2*gigabyte + 1: 2_100 * megabyte, 4 * gibibyte: 4_300 * megabyte,
		8_203_387_535: 8_300 * megabyte, 50 * gigabyte: 50 * gigabyte, 1 << 40: 50 * gigabyte,
	} {
		if got := diskLimit(memory); got != want {
			t.Errorf("%d: got %d, want %d", memory, got, want)
		}
	}
}

func TestMaxConn(t *testing.T) {
	for _, c := range []struct {
		name string
		in   connections
		want int
	}{
		{"by processors", connections{cpus: 2, files: 524_288, servers: 3, proxies: 1, memory: 8 * gibibyte}, 8192},
		{"many processors", connections{cpus: 64, files: 524_288, servers: 3, proxies: 1, memory: 8 * gibibyte}, 50_000},
		{"asked", connections{asked: 5120, cpus: 1, files: 524_288, servers: 3, proxies: 1, memory: 8 * gibibyte}, 5120},
		{"by descriptors", connections{asked: 5120, cpus: 1, files: 4096, servers: 3, proxies: 2, memory: 8 * gibibyte}, 1978},
		{"by memory", connections{asked: 100_000, cpus: 1, files: 524_288, servers: 3, proxies: 1, memory: gibibyte}, 15_420},
		{"at least a hundred", connections{asked: 5120, cpus: 1, files: 256, servers: 30, proxies: 3, memory: mebibyte}, 100},
	} {
		if got := maxConn(c.in); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestBalancerTimeout(t *testing.T) {
	if got := balancerTimeout(60, 30); got != 3*time.Hour {
		t.Errorf("short heart-beats: %v", got)
	}
	if got := balancerTimeout(60, 7200); got != 5*time.Hour {
		t.Errorf("heart-beats of two hours: %v", got)
	}
}
