package daemon

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
)

// What is remembered of a request is not its payload, of which a decoder makes the texts of a request without copying them.
func TestMemoriesDoNotPinPayloads(t *testing.T) {
	const requests, size = 200, 1 << 20
	now := time.Now()
	decoded := func(n int) mco.Request {
		payload := fmt.Sprintf("%032d", n) + "rpcutil" + "uid=0" + "client" + strings.Repeat("x", size)
		return mco.Request{ID: payload[:32], Agent: payload[32:39], Caller: payload[39:44], Sender: payload[44:50], Time: now, TTL: time.Minute}
	}
	var k kept
	defer k.stop()
	var f fates
	for name, remember := range map[string]func(mco.Request){
		"kept":  func(r mco.Request) { k.begin(r, "reply", now) },
		"fates": func(r mco.Request) { f.note(r, agent.Answered, "") },
	} {
		t.Run(name, func(t *testing.T) {
			for n := range requests {
				remember(decoded(n))
			}
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			if m.HeapAlloc > requests*size/10 {
				t.Errorf("%d MiB are held for %d requests of %d MiB", m.HeapAlloc>>20, requests, size>>20)
			}
		})
	}
	runtime.KeepAlive(&k)
	runtime.KeepAlive(&f)
}
