package daemon

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
)

// wordy refuses at length.
type wordy int

func (w wordy) Authorize(context.Context, *agent.Request) error {
	return agent.Failf(mco.Aborted, "%s", strings.Repeat("x", int(w)))
}

// A reply that no message can hold is not sent, and the caller is told so.
func TestReplyThatIsTooLarge(t *testing.T) {
	for name, row := range map[string]struct {
		size int
		want string
	}{
		"it fits":     {500, strings.Repeat("x", 500)},
		"it does not": {1000, "The reply is larger than the 1000 bytes of a message (plugin.mco.max_frame)"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := start(t, func(o *Options) {
					o.MaxMessage = 1000
					o.Runner.Authorizer = wordy(row.size)
				})
				l.send(l.request("say"))
				synctest.Wait()
				reply, _ := l.reply()
				if code, text := status(reply); code != 1 || text != row.want {
					t.Errorf("status %d %q", code, text)
				}
				l.end()
			})
		})
	}
}

func TestFits(t *testing.T) {
	ten := mco.String("0123456789")
	for name, row := range map[string]struct {
		v    mco.Value
		size int
	}{
		"a text":          {ten, 10},
		"a symbol":        {mco.Sym("0123"), 4},
		"a number":        {mco.Int(1 << 40), 0},
		"a list":          {mco.List(ten, mco.Nil(), ten), 20},
		"a hash":          {mco.Hash(mco.NewMap(mco.Pair{Key: mco.Sym("key"), Value: ten})), 13},
		"one inside more": {mco.List(mco.Hash(mco.NewMap(mco.Pair{Key: ten, Value: mco.List(ten)}))), 20},
	} {
		t.Run(name, func(t *testing.T) {
			if left := row.size; !fits(row.v, &left) || left != 0 {
				t.Errorf("%d bytes are left of %d", left, row.size)
			}
			if left := row.size - 1; fits(row.v, &left) {
				t.Error("it fits into less than it has")
			}
		})
	}
}
