package validate

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/internal/lab"
)

const goodServer = "main_collective = mcollective\ncollectives = mcollective\nsecurityprovider = psk\nplugin.psk = x\nconnector = rabbitmq\n" +
	"plugin.rabbitmq.heartbeat_interval = 30\nplugin.rabbitmq.pool.size = 1\nplugin.rabbitmq.pool.1.host = 192.0.2.1\n"

// Each program takes a good file and refuses a bad one; that is all that the others rely on.
func TestProgramsTellGoodFromBad(t *testing.T) {
	lab.Need(t, lab.Ruby)
	rows := []struct{ program, kind, good, bad, says string }{
		{"RabbitMQ's schema", "rabbitmq.conf", "listeners.tcp.1 = ::1:5672\n", "heartbeet = 60\n", "heartbeet"},
		{"RabbitMQ's schema", "rabbitmq.conf", "load_definitions = /etc/rabbitmq/definitions.json\n", "load_definitions = /etc/rabbitmq/nothing.json\n", "does not exist"},
		{"RabbitMQ's schema", "rabbitmq.conf", "heartbeat = 60\n", "heartbeat = often\n", "heartbeat"},
		{"Erlang's file:consult", "rabbitmq.config", "[{rabbit, [{heartbeat, 60}]}].\n", "[{rabbit, [{heartbeat, 60}].\n", "syntax error"},
		{"Erlang's file:consult", "enabled_plugins", "[rabbitmq_stomp].\n", "[rabbitmq_stomp].\n[].\n", "2 terms"},
		{"MCollective's Config", "server.cfg", goodServer, goodServer + "nosuchkey = 1\n", "nosuchkey"},
		{"MCollective's Config", "client.cfg", goodServer, goodServer + "topicprefix = /topic/\n", "topicprefix"},
		{"MCollective's Config", "client.cfg", goodServer, strings.Replace(goodServer, "= 30", "= 5", 1), "forcing to minimum"},
		{"dash", "rabbitmq-env.conf", "NODENAME='rabbit@a'\n", "NODENAME='rabbit@a\n", "Unterminated"},
		{"shellcheck", "rabbitmq-env.conf", "NODENAME='rabbit@a'\n", "NODENAME=$a*\nrm $NODENAME\n", "SC2086"},
	}
	programs := make(map[string]Program)
	for _, p := range Programs() {
		programs[p.Name] = p
	}
	for _, r := range rows {
		t.Run(r.program+" "+r.kind+" "+r.says, func(t *testing.T) {
			p := programs[r.program]
			if err := p.Available(); err != nil {
				t.Fatal(err)
			}
			for _, row := range []struct {
				content string
				want    Status
			}{{r.good, Accepted}, {r.bad, Refused}} {
				scratch := t.TempDir()
				f := target.File{Kind: r.kind, Path: "/etc/" + r.kind, Mode: 0o600, Content: []byte(row.content)}
				definitions := target.File{Kind: "definitions.json", Path: "/etc/rabbitmq/definitions.json", Content: []byte("{}\n")}
				if err := Write(scratch, []target.File{f, definitions}); err != nil {
					t.Fatal(err)
				}
				got := p.Judge(t.Context(), scratch, f)
				if got.Status != row.want || row.want == Refused && !strings.Contains(got.Text, r.says) {
					t.Errorf("%s: %s, want %s: %s", row.content, got.Status, row.want, got.Text)
				}
			}
		})
	}
}

// A program that is not there, that dies by a signal or that hangs has not consented.
func TestNoConsentWithoutJudgement(t *testing.T) {
	dir := t.TempDir()
	script := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return file
	}
	rows := []struct {
		name string
		c    command
		want Status
	}{
		{"not installed", command{name: "no-such-program-here"}, Missing},
		{"killed", command{name: script("killed", "kill -9 $$")}, Unable},
		{"hangs, with a child that holds its output", command{name: script("hangs", "sleep 60 & sleep 60"), limit: 50 * time.Millisecond}, Unable},
		{"a code that is not about the file", command{name: script("code", "exit 3"), unable: []int{3}}, Unable},
		{"refuses", command{name: script("refuses", "echo no; exit 1")}, Refused},
		{"reads its input", command{name: script("reads", "cat")}, Accepted},
		{"environment is ours", command{name: script("env", `[ "$HOME$SECRET" = `+dir+` ]`)}, Accepted},
	}
	t.Setenv("SECRET", "x")
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			r.c.dir = dir
			before := time.Now()
			_, got := r.c.run(context.Background())
			if got.Status != r.want {
				t.Errorf("%s, want %s: %s", got.Status, r.want, got.Text)
			}
			if took := time.Since(before); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestSecretsStayOutOfWhatIsSaid(t *testing.T) {
	lab.Need(t, lab.Ruby)
	f := target.File{Kind: "server.cfg", Path: "/etc/mcollective/server.cfg", Mode: 0o600, Content: []byte("ttl = geheim17\n"),
		Secrets: []secret.Value{secret.New("psk", "geheim17")}}
	scratch := t.TempDir()
	problems, err := Files(t.Context(), scratch, "n1", []target.File{f}, true)
	if err != nil {
		t.Fatal(err)
	}
	if len(problems) != 1 || problems[0].Class != "validator.refused" {
		t.Fatalf("problems: %v", problems)
	}
	if text := problems[0].Error(); strings.Contains(text, "geheim17") || strings.Contains(text, scratch) || !strings.Contains(text, "[secret psk]") {
		t.Error(text)
	}
}
