package node

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/agent"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
)

// A node that is told to authorise, by a provider that is not there, must not answer RPC requests.
func TestNoAgentWithoutItsAuthorizer(t *testing.T) {
	for provider, want := range map[string]string{
		"central":      "rpcauthprovider = central: this program has no such provider; action_policy is there",
		"actionpolicy": "rpcauthprovider = actionpolicy: this program has no such provider; action_policy is there",
		"":             "rpcauthorization is on and rpcauthprovider names nobody who decides; action_policy is there",
	} {
		t.Run(provider, func(t *testing.T) {
			c := load(t, "")
			c.RPCAuthorization, c.RPCAuthProvider = true, provider
			var log bytes.Buffer
			p, err := newParts(Options{Config: c, Providers: testProviders(), Log: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			loaded, err := p.load(fixedNode{})
			if err != nil || len(loaded.RPC) != 0 {
				t.Errorf("%d agents, %v", len(loaded.RPC), err)
			}
			if !strings.Contains(log.String(), "Loading agent rpcutil failed: "+want) {
				t.Errorf("log has no %q:\n%s", want, &log)
			}
		})
	}
}

// With action_policy a node denies by default, and lets pass what a policy of its folder allows for its facts and classes.
func TestActionPolicyDecides(t *testing.T) {
	c := load(t, "rpcauthorization = 1\nrpcauthprovider = Action_policy\n")
	p, err := newParts(Options{Config: c, Providers: testProviders(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := p.load(fixedNode{identity: "n1", agents: []string{"rpcutil"}})
	if err != nil || len(loaded.RPC) != 1 {
		t.Fatalf("%d agents, %v", len(loaded.RPC), err)
	}
	runner := agent.Runner{Authorizer: p.authorizer}
	ask := func(action string) mco.StatusCode {
		t.Helper()
		body := mco.NewMap(mco.Pair{Key: mco.Sym("action"), Value: mco.String(action)}, mco.Pair{Key: mco.Sym("data"), Value: mco.Hash(new(mco.Map))})
		r, err := agent.NewRequest(mco.Request{ID: "1", Agent: "rpcutil", Caller: "cert=ops", Time: time.Now(), TTL: time.Minute, Body: mco.Hash(body)})
		if err != nil {
			t.Fatal(err)
		}
		return runner.Run(t.Context(), loaded.RPC[0], r).Status
	}
	if got := ask("ping"); got != mco.Aborted {
		t.Errorf("without a policy: status %d, want %d", got, mco.Aborted)
	}
	policies := filepath.Join(c.Dir, "policies")
	if err := os.Mkdir(policies, 0o700); err != nil {
		t.Fatal(err)
	}
	policy := "allow\tcert=ops\tping\tos=Debian\tbase\nallow\tcert=ops\tcollective_info\tfact('os').value=RedHat\nallow\tcert=ops\tdaemon_stats\tfact('os').value=Debian\n"
	if err := os.WriteFile(filepath.Join(policies, "rpcutil.policy"), []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	for action, want := range map[string]mco.StatusCode{"ping": mco.OK, "inventory": mco.Aborted, "collective_info": mco.Aborted, "daemon_stats": mco.OK} {
		if got := ask(action); got != want {
			t.Errorf("%s: status %d, want %d", action, got, want)
		}
	}
}

// frail is an agent that lets its callers do anything.
type frail struct{ agent.Agent }

func (frail) Weakness() string { return "it runs whatever it is told" }

func TestWeakAgentsAreSaidOnce(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       int
	}{
		{"nobody decides", "", 1},
		{"policies decide", "rpcauthorization = 1\nrpcauthprovider = action_policy\n", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			providers := testProviders()
			make := providers.Agents[0].Make
			providers.Agents[0].Make = func(env agent.Environment) (agent.Agent, error) {
				a, err := make(env)
				return frail{a}, err
			}
			var log bytes.Buffer
			p, err := newParts(Options{Config: load(t, tc.text), Providers: providers, Log: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second one is a reload
				if _, err := p.load(fixedNode{identity: "n1"}); err != nil {
					t.Fatal(err)
				}
			}
			if got := strings.Count(log.String(), "Agent rpcutil: it runs whatever it is told. "); got != tc.want {
				t.Errorf("said %d times, want %d:\n%s", got, tc.want, &log)
			}
		})
	}
}

func TestFacterIsAFactSource(t *testing.T) {
	program := filepath.Join(t.TempDir(), "facter")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho '{\"os\": {\"family\": \"Debian\"}, \"n\": 8}'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := Build(Options{Config: load(t, "factsource = facter\nplugin.mco.facter.command = "+program+"\n"), Providers: testProviders()})
	if err != nil || d == nil {
		t.Fatal(err)
	}
	p, err := newParts(Options{Config: load(t, "factsource = facter\nplugin.mco.facter.command = "+program+"\n"), Log: slog.New(slog.DiscardHandler)})
	if err != nil || len(p.background) != 1 {
		t.Fatalf("%v, %d things in the background, want the one that runs facter", err, len(p.background))
	}
	ended := make(chan struct{})
	go func() { defer close(ended); p.background[0](t.Context()) }()
	if got, want := inspect.Inspect(mco.Hash(p.facts())), `{"os"=>{"family"=>"Debian"}, "n"=>"8"}`; got != want {
		t.Errorf("facts %s, want %s", got, want)
	}
	t.Cleanup(func() { <-ended })
}

func TestRegistrationMeta(t *testing.T) {
	p, err := newParts(Options{Config: load(t, "registration = Meta\nregisterinterval = 300\ncollectives = mcollective,eu\n"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.registration()
	if err != nil || r.Interval != 5*time.Minute {
		t.Fatalf("%+v, %v", r, err)
	}
	body, err := r.Body(t.Context(), fixedNode{identity: "n1", agents: []string{"rpcutil"}})
	want := `{:agentlist=>["rpcutil"], :facts=>{"os"=>"Debian"}, :classes=>["base"], :collectives=>["eu", "mcollective"], :identity=>"n1"}`
	if got := inspect.Inspect(body); err != nil || got != want {
		t.Errorf("%s, %v\nwant %s", got, err, want)
	}
}
