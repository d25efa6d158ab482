package loopback

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mco-go/mco-go/mco/connector"
)

// A session tells on which member of its pool it is, and how often it came back.
func TestSurvey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := NewBus("one", "two")
		pool := connector.Pool{Failback: time.Minute}
		n := bus.Connect(Options{Identity: "n", Pool: pool, Requests: true})
		defer n.Close()
		before := time.Now()
		ready(t, n, self)
		bus.Kill(0)
		until(t, n, connector.Ready, "two")
		v := n.Survey()
		if !slices.Equal(v.Members, []string{"one", "two"}) || v.All || v.Randomize || v.Failback != time.Minute || len(v.Sessions) != 1 {
			t.Fatalf("%+v", v)
		}
		if p := v.Sessions[0]; p.Broker != "two" || p.Reconnects != 1 || p.State != connector.Ready || p.Since.Before(before) || !p.Heard.IsZero() {
			t.Errorf("%+v", p)
		}
	})
}

func TestSurveyOfGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := NewBus("one", "two")
		bus.Kill(1)
		n := bus.ConnectAll(Options{Identity: "n", Requests: true})
		defer n.Close()
		ready(t, n, self)
		v := n.Survey()
		if !slices.Equal(v.Members, []string{"one", "two"}) || !v.All || len(v.Sessions) != 2 {
			t.Fatalf("%+v", v)
		}
		if one, two := v.Sessions[0], v.Sessions[1]; one.State != connector.Ready || one.Reconnects != 0 || two.State == connector.Ready || two.LastErr == nil {
			t.Errorf("%+v, %+v", one, two)
		}
	})
}
