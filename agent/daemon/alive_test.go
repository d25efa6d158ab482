package daemon

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

func TestAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, func(o *Options) {
			o.Match = func(mco.Request) (bool, error) { time.Sleep(time.Hour); return true, nil }
		})
		synctest.Wait()
		if err := l.daemon.Alive(); err != nil {
			t.Errorf("at rest: %v", err)
		}
		l.send(l.request("say"))
		time.Sleep(receiveLimit)
		if err := l.daemon.Alive(); err != nil {
			t.Errorf("after %s: %v", receiveLimit, err)
		}
		time.Sleep(time.Second)
		if err := l.daemon.Alive(); err == nil || !strings.Contains(err.Error(), "the receive loop") {
			t.Errorf("with a receive loop that hangs: %v", err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if err := l.daemon.Alive(); err != nil {
			t.Errorf("when it moves again: %v", err)
		}
		l.end()
	})
}

// stuck is a connector whose loop hangs.
type stuck struct {
	*bus
	free chan struct{}
}

func TestASessionThatHangsIsNotAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, nil)
		s := stuck{l.bus, make(chan struct{})}
		synctest.Wait()
		d := &Daemon{opt: Options{Connector: s}}
		if err := d.Alive(); err == nil || !strings.Contains(err.Error(), "the session") {
			t.Errorf("%v", err)
		}
		close(s.free)
		l.end()
	})
}

func (s stuck) Status() connector.Status { <-s.free; return connector.Status{} }
