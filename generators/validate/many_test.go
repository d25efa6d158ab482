package validate

import (
	"slices"
	"testing"

	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/internal/lab"
)

// Programs that judge many files in one process judge each as they would judge it alone, whatever stands before it.
func TestManyAreJudgedOneByOne(t *testing.T) {
	lab.Need(t, lab.Ruby, lab.RabbitMQServer)
	samples := map[string]struct{ kind, good, bad string }{
		"RabbitMQ's schema":     {"rabbitmq.conf", "heartbeat = 60\n", "heartbeat = often\n"},
		"Erlang's file:consult": {"enabled_plugins", "[rabbitmq_stomp].\n", "[rabbitmq_stomp.\n"},
		"MCollective's Config":  {"server.cfg", goodServer, goodServer + "nosuchkey = 1\n"},
	}
	for _, p := range Programs() {
		if p.All == nil {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			s, ok := samples[p.Name]
			if !ok {
				t.Fatal("there is no sample")
			}
			var cases []Case
			for _, content := range []string{s.bad, s.good, s.bad, s.good} {
				c := Case{t.TempDir(), target.File{Kind: s.kind, Path: "/etc/" + s.kind, Content: []byte(content)}}
				if err := Write(c.Scratch, []target.File{c.File}); err != nil {
					t.Fatal(err)
				}
				cases = append(cases, c)
			}
			got := p.JudgeAll(t.Context(), cases)
			for i, c := range cases {
				if alone := p.Judge(t.Context(), c.Scratch, c.File); alone.Status != got[i].Status || alone.Text != got[i].Text {
					t.Errorf("case %d: %v, and alone %v", i, got[i], alone)
				}
			}
			want := []Status{Refused, Accepted, Refused, Accepted}
			if !slices.EqualFunc(got, want, func(r Result, s Status) bool { return r.Status == s }) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}
