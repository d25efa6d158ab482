package daemon

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/connector"
)

func TestRegistration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := start(t, func(o *Options) {
			o.MainCollective = "mcollective"
			o.Registration = Registration{Interval: 30 * time.Second, Collective: "eu"}
		})
		synctest.Wait()
		out := <-l.bus.out
		r, err := l.keys.DecodeRequest(out.Payload)
		if err != nil {
			t.Fatal(err)
		}
		if !r.Body.Equal(mco.Strings("echo", "worker")) || r.Agent != "registration" || r.Collective != "eu" || r.Sender != "web1.example.net" ||
			len(r.ID) != 32 || r.TTL != time.Minute || !r.Filter.Equal(mco.Filter{Agents: []string{"registration"}}.Value()) {
			t.Errorf("registration %+v", r)
		}
		if out.Kind != connector.Broadcast || out.Agent != "registration" || out.Collective != "eu" {
			t.Errorf("frame %+v", out)
		}
		begin := time.Now()
		<-l.bus.out
		if took := time.Since(begin); took != 30*time.Second {
			t.Errorf("the next one came after %s", took)
		}
		l.end()
	})
}

func TestRegistrationsThatAreNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bodies := []mco.Value{mco.Nil(), mco.String("later")}
		l := start(t, func(o *Options) {
			o.Registration = Registration{Interval: time.Second, Collective: "asia", Body: func(context.Context, agent.Node) (mco.Value, error) {
				if len(bodies) == 0 {
					return mco.Nil(), errors.New("nothing left")
				}
				b := bodies[0]
				bodies = bodies[1:]
				return b, nil
			}}
		})
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		out := <-l.bus.out
		l.silent()
		if out.Collective != "mcollective" {
			t.Errorf("sent to %s", out.Collective)
		}
		for _, want := range []string{"Skipping registration due to nil body", "Sending registration message failed: nothing left",
			"Sending registration to mcollective: asia is not a valid collective"} {
			if !strings.Contains(l.log.String(), want) {
				t.Errorf("log has no %q:\n%s", want, l.log)
			}
		}
		l.end()
	})
}
