package daemon

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

// sendTo is send with a reply destination.
func (l *lab) sendTo(to string, r mco.Request) {
	l.t.Helper()
	payload, err := l.keys.EncodeRequest(r)
	if err != nil {
		l.t.Fatal(err)
	}
	l.bus.in <- connector.Message{ReplyTo: to, Payload: payload}
	synctest.Wait()
}

// destinations returns where replies went that were published since the last question, and that they are all the same.
func (l *lab) destinations() (to []string) {
	l.t.Helper()
	payload := ""
	for {
		select {
		case out := <-l.bus.out:
			if to = append(to, out.To); payload != "" && string(out.Payload) != payload {
				l.t.Errorf("replies %s and %s", payload, out.Payload)
			}
			payload = string(out.Payload)
		default:
			return to
		}
	}
}

func wantDestinations(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: replies to %q, want %q", what, got, want)
	}
}

// A client that lost its connection asks again, and gets the reply that was made.
func TestALostReplyIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, nil)
		r := l.request("say")
		l.sendTo("/a", r)
		wantDestinations(t, "at first", l.destinations(), "/a")
		l.sendTo("/a", r)
		wantDestinations(t, "the same message once more", l.destinations())
		l.sendTo("/b", r)
		wantDestinations(t, "the same message over another broker", l.destinations(), "/b")
		time.Sleep(askAgain)
		l.sendTo("/b", r)
		wantDestinations(t, "asked again", l.destinations(), "/b")
		l.sendTo("/b", r)
		wantDestinations(t, "asked again too soon", l.destinations())
		for _, to := range []string{"/c", "/d", "/e", "/f"} {
			l.sendTo(to, r)
		}
		wantDestinations(t, "asked by more than a client has brokers", l.destinations(), "/c", "/d", "/e")
		time.Sleep(askAgain)
		for _, change := range []func(*mco.Request){
			func(r *mco.Request) { r.Caller = "uid=1" },
			func(r *mco.Request) { r.Sender = "other.example.net" },
			func(r *mco.Request) { r.Agent = "echo" },
		} {
			other := r
			change(&other)
			l.sendTo("/thief", other)
		}
		l.sendTo("", r)
		wantDestinations(t, "somebody else asks", l.destinations())
		if s := l.daemon.Statistics(); s.Passed != 1 || s.Replies != 1 || s.Reasked != 5 || s.Repeated != 12 {
			t.Errorf("statistics %+v", s)
		}
		l.end()
	})
}

func TestARunningRequestIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, nil)
		r := l.request("wait")
		l.sendTo("/a", r)
		time.Sleep(askAgain)
		for range 2 {
			l.sendTo("/b", r)
		}
		for i := range 10 {
			l.sendTo(fmt.Sprint("/", i), r)
		}
		l.silent()
		l.worker.release <- struct{}{}
		synctest.Wait()
		to := l.destinations() // side by side, so in any order
		slices.Sort(to)
		wantDestinations(t, "at the end", to, "/0", "/1", "/2", "/a", "/b")
		l.end()
	})
}

// Sessions with two members of a cluster bring everything twice: who asked gets one reply, over one that stands.
func TestOneReplyToADestinationOfSeveralSessions(t *testing.T) {
	const first, second, third = "0\x00/a", "1\x00/a", "1\x00/b"
	synctest.Test(t, func(t *testing.T) {
		l := start(t, nil)
		r := l.request("say")
		l.sendTo(first, r)
		l.sendTo(second, r)
		wantDestinations(t, "a quick answer", l.destinations(), first)
		l.sendTo(third, r)
		wantDestinations(t, "another destination", l.destinations(), third)

		for _, dead := range []struct{ to, want string }{{"", first}, {first, second}} {
			r := l.request("wait")
			l.sendTo(first, r)
			l.sendTo(second, r)
			l.bus.mu.Lock()
			l.bus.dead = dead.to
			l.bus.mu.Unlock()
			l.worker.release <- struct{}{}
			synctest.Wait()
			wantDestinations(t, fmt.Sprintf("an answer when %q is dead", dead.to), l.destinations(), dead.want)
		}
		if s := l.daemon.Statistics(); s.Passed != 3 || s.Replies != 3 || s.Reasked != 1 {
			t.Errorf("statistics %+v", s)
		}
		l.end()
	})
}

func TestKeptRepliesEndWithTheirTTL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, nil)
		l.sendTo("/a", l.request("say"))
		time.Sleep(time.Minute + 2*time.Second)
		synctest.Wait()
		k := &l.daemon.kept
		k.mu.Lock()
		defer k.mu.Unlock()
		if len(k.replies)+len(k.order)+k.bytes != 0 {
			t.Errorf("%d replies of %d bytes are kept", len(k.replies), k.bytes)
		}
		l.stop()
	})
}

func TestKeptRepliesAreBounded(t *testing.T) {
	now := time.Unix(1700000000, 0)
	var k kept
	defer k.stop()
	request := func(i int) mco.Request {
		return mco.Request{ID: fmt.Sprint(i), Time: now, TTL: time.Hour}
	}
	const size = maxKeptBytes / 100
	for i := range 1000 {
		r := request(i)
		k.begin(r, "/a", now)
		k.finish(r, make([]byte, size), now)
		if len(k.replies) > maxKept || len(k.order)-k.head != len(k.replies) || len(k.order) > 2*maxKept+1 || k.bytes > maxKeptBytes || k.bytes != size*len(k.replies) {
			t.Fatalf("%d replies, %d in order, %d bytes after %d", len(k.replies), len(k.order), k.bytes, i)
		}
	}
	if len(k.again(request(999), "/a", now.Add(time.Minute))) != size || k.again(request(0), "/a", now.Add(time.Minute)) != nil {
		t.Error("not the newest ones are kept")
	}
	for i := range 10 * maxKept {
		k.begin(request(1000+i), "/a", now)
		k.begin(request(1000+i/2), "/a", now) // an id that comes again
	}
	if len(k.replies) != maxKept {
		t.Errorf("%d requests are kept", len(k.replies))
	}
}
