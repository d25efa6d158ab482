package daemon

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

func TestStopLetsRequestsFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, nil)
		l.send(l.request("wait"))
		synctest.Wait()
		l.stop()
		synctest.Wait()
		l.send(l.request("say"))
		synctest.Wait()
		l.silent() // nothing new is taken
		close(l.worker.release)
		if err := <-l.ended; err != nil {
			t.Error(err)
		}
		if r, _ := l.reply(); !r.Body.Field("data").Field("done").Equal(mco.String("yes")) {
			t.Errorf("body %v", r.Body)
		}
		l.silent()
	})
}

func TestStopHasAnEnd(t *testing.T) {
	for _, tc := range []struct {
		name  string
		grace time.Duration
		abort bool
		want  time.Duration
	}{
		{"after the grace period", 2 * time.Second, false, 2 * time.Second},
		{"at once", -1, false, 0},
		{"at the second signal", 2 * time.Second, true, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := start(t, func(o *Options) { o.Grace = tc.grace })
				l.send(l.request("wait"))
				synctest.Wait()
				begin := time.Now()
				if tc.abort {
					l.daemon.Abort()
					l.daemon.Abort()
				}
				l.end()
				if took := time.Since(begin); took != tc.want {
					t.Errorf("took %s, want %s", took, tc.want)
				}
			})
		})
	}
}

func TestSessionThatIsOverEndsTheDaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, nil)
		l.bus.fail <- connector.ErrExhausted
		if err := <-l.ended; !errors.Is(err, connector.ErrExhausted) {
			t.Errorf("Run returned %v", err)
		}
		if !strings.Contains(l.log.String(), "A failure occurred in the MCollective runner.") || !l.bus.closed {
			t.Errorf("closed %t, log:\n%s", l.bus.closed, l.log)
		}
	})
}

func TestAgentsThatCannotBeLoadedEndTheDaemon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, func(o *Options) {
			o.Load = func(agent.Node) (Agents, error) { return Agents{}, errors.New("no agents") }
		})
		if err := <-l.ended; err == nil || !strings.Contains(err.Error(), "no agents") {
			t.Errorf("Run returned %v", err)
		}
	})
}
