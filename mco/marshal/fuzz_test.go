package marshal_test

import (
	"encoding/hex"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/vectors"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/marshal"
	"golang.org/x/sys/unix"
)

// seeds adds the golden vectors and inputs that aim at the bounds, the short ones: long ones slow the fuzzer down and have their own
// test.
func seeds(f *testing.F) {
	f.Helper()
	const longest = 4096
	add := func(in []byte) {
		if len(in) <= longest {
			f.Add(in)
		}
	}
	file := vectors.Load[vectorFile](f, "marshal.json")
	for _, c := range file.Values {
		add(c.Marshal)
	}
	for _, c := range file.Bytes {
		add(c.Marshal)
	}
	for _, in := range hostile() {
		add(in)
	}
}

// bounded runs fn and fails when it took more memory than 64 times the input and 1 MiB, or more time than 50 ms and 50 ms for each MiB,
// times raceFactor. The time is the processor's, of the best of three runs, since the machine does other things too.
func bounded(t *testing.T, size int, fn func()) {
	t.Helper()
	maxBytes := uint64(64*size + 1<<20)
	maxTime := raceFactor * (50*time.Millisecond + time.Duration(size)*50*time.Millisecond>>20)
	runtime.LockOSThread() // whose processor time is read
	defer runtime.UnlockOSThread()
	var before, after runtime.MemStats
	var bytes uint64
	var took time.Duration
	for range 3 {
		runtime.ReadMemStats(&before)
		start := threadTime(t)
		fn()
		took = threadTime(t) - start
		runtime.ReadMemStats(&after)
		bytes = after.TotalAlloc - before.TotalAlloc
		if bytes <= maxBytes && took <= maxTime {
			return
		}
	}
	t.Errorf("%d bytes of input took %d bytes of memory (bound %d) and %s (bound %s)", size, bytes, maxBytes, took, maxTime)
}

// threadTime is the processor time that this thread has used.
func threadTime(t *testing.T) time.Duration {
	t.Helper()
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func FuzzDecode(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, lim := range []marshal.Limits{marshal.DefaultLimits(), marshal.ReplyLimits()} {
			var v mco.Value
			var err error
			bounded(t, len(in), func() { v, err = marshal.Decode(in, lim) })
			if err != nil {
				_, isUnsafe := errors.AsType[*marshal.UnsafeTypeError](err)
				if _, isSyntax := errors.AsType[*marshal.SyntaxError](err); !isUnsafe && !isSyntax {
					t.Errorf("error of another type: %T %v", err, err)
				}
				continue
			}
			if n := elements(v); n > lim.Elements {
				t.Errorf("%d elements got through, limit %d", n, lim.Elements)
			}
		}
	})
}

func FuzzRoundTrip(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		v, err := marshal.Decode(in, marshal.DefaultLimits())
		if err != nil {
			return
		}
		enc, err := marshal.Encode(v)
		if err != nil {
			t.Fatalf("Encode of what was decoded: %v", err)
		}
		again, err := marshal.Decode(enc, marshal.Limits{Symbols: 100_000, Elements: 1_000_000})
		if err != nil || !same(v, again) {
			t.Fatalf("Decode(Encode(x)) = %v, %v\nx = %v\nbytes %s", again, err, v, hex.EncodeToString(enc))
		}
	})
}

// elements counts what a walk over v meets.
func elements(v mco.Value) int {
	n := 1
	if items, ok := v.AsList(); ok {
		for _, item := range items {
			n += elements(item)
		}
	}
	if m, ok := v.AsMap(); ok {
		for k, item := range m.All() {
			n += elements(k) + elements(item)
		}
	}
	return n
}
