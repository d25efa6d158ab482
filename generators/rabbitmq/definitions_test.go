package rabbitmq

import (
	"encoding/base64"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/internal/lab"
)

func definitionsOf(t *testing.T, e *estate.Estate, g *estate.BrokerGroup) (string, *Definitions) {
	t.Helper()
	f := written(t, e, g.Members[0].Node)["definitions.json"]
	d, err := ParseDefinitions(f.Content)
	if err != nil {
		t.Fatal(err)
	}
	return string(f.Content), d
}

func TestDefinitionsByVersion(t *testing.T) {
	rows := []struct {
		version     string
		has, hasNot []string
	}{
		{"3.5.4", []string{`"rabbit_password_hashing_md5"`, `"tags": "administrator"`}, []string{"sha256"}},
		{"3.10.8", []string{`"rabbit_password_hashing_sha256"`, `"tags": "administrator"`, `"tags": ""`, `"default_queue_type": "quorum",` + "\n      \"metadata\": {\n        \"default_queue_type\": \"quorum\"",
			`"message-ttl": 60000`, `"name": "cluster_name"`, `"bindings": []`}, []string{"rabbit_version", "md5", "null"}},
		{"3.12.0", []string{"\"tags\": [\n        \"administrator\"\n      ]", `"tags": []`}, []string{`"tags": ""`}},
	}
	for _, r := range rows {
		t.Run(r.version, func(t *testing.T) {
			g := group(t, "a", r.version, estate.Standalone, 1)
			g.VHosts = append(g.VHosts, estate.VHost{Name: "q", DefaultQueueType: "quorum"})
			text, _ := definitionsOf(t, &estate.Estate{Name: "e"}, g)
			for _, want := range r.has {
				if !strings.Contains(text, want) {
					t.Errorf("no %s in\n%s", want, text)
				}
			}
			for _, not := range r.hasNot {
				if strings.Contains(text, not) {
					t.Errorf("%s in\n%s", not, text)
				}
			}
		})
	}
}

func TestDefinitionsAreSorted(t *testing.T) {
	g := group(t, "a", "3.10.8", estate.Standalone, 1)
	g.Policies = []estate.Policy{{VHost: "b", Name: "x"}, {VHost: "a", Name: "y", Priority: 1}, {VHost: "a", Name: "x"}, {VHost: "a", Name: "z", Priority: 5}}
	g.Users = []estate.User{{Name: "z"}, {Name: "b"}}
	_, d := definitionsOf(t, &estate.Estate{Name: "e"}, g)
	var order []string
	for _, p := range d.Policies {
		order = append(order, p.VHost+p.Name)
	}
	for _, u := range d.Users {
		order = append(order, u.Name)
	}
	for _, x := range d.Exchanges {
		order = append(order, x.Name)
	}
	if got, want := strings.Join(order, " "), "az ay ax bx b z mcollective_broadcast mcollective_directed"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestFederation(t *testing.T) {
	a, b, c := group(t, "a", "3.10.8", estate.Standalone, 1), group(t, "b", "3.10.8", estate.Cluster, 2), group(t, "c", "3.10.8", estate.Standalone, 1)
	e := &estate.Estate{Name: "e", Links: []*estate.Link{
		{Kind: "federation", A: a, B: b, Both: true, VHost: "/", Exchanges: "^x$", MaxHops: 2, User: a.Users[1]},
		{Kind: "federation", A: c, B: a, VHost: "/", Exchanges: "^x$", User: a.Users[1]},
	}}
	text, d := definitionsOf(t, e, b)
	if len(d.Parameters) != 1 || len(d.Policies) != 2 || !strings.Contains(text, `"uri": "amqp://mc:123.com@192.0.2.1:5672/%2F"`) || !strings.Contains(text, `"max-hops": 2`) {
		t.Errorf("downstream of one group:\n%s", text)
	}
	text, d = definitionsOf(t, e, a)
	if len(d.Parameters) != 2 || len(d.Policies) != 2 || !strings.Contains(text, `"federation-upstream-set": "all"`) ||
		!strings.Contains(text, `"amqp://mc:123.com@192.0.2.2:5672/%2F"`) {
		t.Errorf("downstream of two groups:\n%s", text)
	}
	if _, d = definitionsOf(t, e, c); len(d.Parameters) != 0 || len(d.Policies) != 1 {
		t.Errorf("an upstream alone has %v", d.Parameters)
	}
}

// The reader sees every change of what the estate says.
func TestDefinitionsCompare(t *testing.T) {
	g := group(t, "a", "3.10.8", estate.Standalone, 1)
	f := written(t, &estate.Estate{Name: "e"}, g.Members[0].Node)["definitions.json"]
	for _, change := range [][2]string{{"60000", "60001"}, {"60000", `"60000"`}, {`"topic"`, `"direct"`}, {`"administrator"`, `""`}, {`"durable": true`, `"durable": false`},
		{"^tmp", "^tmq"}, {`"/mcollective"`, `"/"`}, {"cluster-a", "cluster-b"}, {`"bindings": []`, `"bindings": [{}]`}, {`"bindings": []`, `"bindigs": []`}, {"}\n", "}{}\n"},
		{`"x-queue-type": "classic"`, `"x-queue-type": "quorum"`}, {`"arguments": {}`, `"arguments": {"a": 1}`}} {
		spoilt := strings.Replace(string(f.Content), change[0], change[1], 1)
		if spoilt == string(f.Content) {
			t.Fatalf("no %s", change[0])
		}
		if f.Check([]byte(spoilt)) == nil {
			t.Errorf("%s for %s is not seen", change[1], change[0])
		}
	}
}

// The server's own code finds the password in the hash, and the same estate gives the same hash.
func TestPasswordHash(t *testing.T) {
	lab.Need(t, lab.RabbitMQServer)
	ebins, err := filepath.Glob("/usr/lib/rabbitmq/lib/rabbitmq_server-*/plugins/rabbit*-3*/ebin")
	if err != nil || len(ebins) == 0 {
		t.Fatal(err)
	}
	for _, v := range []string{"3.5.4", "3.10.8"} {
		algorithm, hash := PasswordHash(release(t, v), "e", "u", "pass wörd")
		if _, again := PasswordHash(release(t, v), "e", "u", "pass wörd"); again != hash {
			t.Error("the hash changes")
		}
		_, other := PasswordHash(release(t, v), "e", "v", "pass wörd")
		if hash[:5] == other[:5] {
			t.Error("two users have the same salt")
		}
		raw, err := base64.StdEncoding.DecodeString(hash)
		if err != nil {
			t.Fatal(err)
		}
		script := `<<Salt:4/binary, Sum/binary>> = base64:decode("` + hash + `"), Sum = rabbit_password:salted_hash(` + algorithm + `, Salt, <<"pass wörd"/utf8>>), halt(0).`
		cmd := exec.CommandContext(t.Context(), "erl", append(append([]string{"-noinput", "-boot", "start_clean", "-pa"}, ebins...), "-eval", script)...)
		cmd.Env = append(cmd.Environ(), "ERL_CRASH_DUMP=/dev/null", "LC_ALL=C.UTF-8")
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: RabbitMQ does not find the password in %d bytes: %v: %s", v, len(raw), err, said)
		}
	}
}
