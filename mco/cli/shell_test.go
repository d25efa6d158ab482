package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/mco-go/mco-go/mco"
)

// shellFleet is two nodes whose agent shell answers as serve does, told the node's name.
func shellFleet(t *testing.T, serve func(node, action string, data mco.Value) (int64, string, *mco.Map)) *fleet {
	t.Helper()
	var nodes []node
	for _, name := range []string{"node1.example.net", "node2.example.net"} {
		nodes = append(nodes, node{identity: name, facts: map[string]string{"role": name[:5]},
			serves: map[string]func(string, mco.Value) (int64, string, *mco.Map){
				"shell": func(action string, data mco.Value) (int64, string, *mco.Map) { return serve(name, action, data) },
			}})
	}
	return newFleet(t, nodes...)
}

// outputs makes the data of a reply.
func outputs(pairs ...any) *mco.Map {
	data := new(mco.Map)
	for i := 0; i < len(pairs); i += 2 {
		data.SetSymbol(mco.Symbol(pairs[i].(string)), pairs[i+1].(mco.Value))
	}
	return data
}

func failedToRun(name, text string) string {
	return "\nThe \x1b[1m" + name + "\x1b[0m application failed to run, use -v for full error backtrace details: \x1b[31m" + text + "\x1b[0m\n"
}

const question = "Do you really want to send this command unfiltered? (y/n): "

func TestShellRefusals(t *testing.T) {
	f := shellFleet(t, func(string, string, mco.Value) (int64, string, *mco.Map) { return 0, "OK", new(mco.Map) })
	for _, tc := range []struct {
		name, stdin string
		args        []string
		want        result
	}{
		{"nothing", "", nil, result{1, "", failedToRun("shell", "You must pass a command!")}},
		{"two words", "", []string{"echo", "a"}, result{1, "", failedToRun("shell", "Please specify the command as one argument in single quotes.")}},
		{"run nothing", "", []string{"run"}, result{1, "", failedToRun("shell", "Please specify a command")}},
		{"start nothing", "", []string{"start"}, result{1, "", failedToRun("shell", "Please specify a command")}},
		{"kill nothing", "", []string{"kill"}, result{1, "", failedToRun("shell", "Please specify a handle")}},
		{"watch nothing", "", []string{"watch"}, result{1, "", failedToRun("shell", "Please specify a handle")}},
		{"tail what ends at once", "", []string{"start", "--tail", "date"}, result{1, "", failedToRun("shell", "--tail goes with run")}},
		{"no", "n\n", []string{"date"}, result{1, question, ""}},
		{"no answer", "", []string{"date"}, result{1, question, ""}},
		{"half an answer", "yess\n", []string{"date"}, result{1, question, ""}},
		{"a handle that is none", "", []string{"kill", "../x", "-I", "node1.example.net"}, result{1, "", failedToRun("shell", `Cannot validate input handle: value should match ^[0-9a-z\-]*$`)}},
		{"too long", "y\n", []string{strings.Repeat("x", 301)}, result{1, question, failedToRun("mco", "Cannot validate input cmd: Input string is longer than 300 character(s)")}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := f.run(t, strings.NewReader(tc.stdin), append([]string{"shell"}, tc.args...)...); got != tc.want {
				t.Errorf("%v\nwant %v", got, tc.want)
			}
		})
	}
	for _, r := range f.requests() {
		t.Errorf("a request was sent: %+v", r)
	}
}

// Ctrl-C instead of an answer sends nothing and leaves nobody waiting.
func TestShellInterruptedQuestion(t *testing.T) {
	f := shellFleet(t, func(string, string, mco.Value) (int64, string, *mco.Map) { return 0, "OK", new(mco.Map) })
	stdin, typing := io.Pipe()
	defer typing.Close()
	ctx, cancel := context.WithCancel(t.Context())
	got := f.runUntil(ctx, t, stdin, on(question, cancel), "shell", "date")
	if want := (result{1, question, ""}); got != want || len(f.requests()) != 0 {
		t.Errorf("%v\nwant %v; requests %v", got, want, f.requests())
	}
}

// on is a writer that calls do when text has been written.
func on(text string, do func()) io.Writer { return &watcher{text: text, do: sync.OnceFunc(do)} }

type watcher struct {
	text string
	do   func()
	seen bytes.Buffer
}

func (w *watcher) Write(p []byte) (int, error) {
	w.seen.Write(p)
	if strings.Contains(w.seen.String(), w.text) {
		w.do()
	}
	return len(p), nil
}

func TestShellExecute(t *testing.T) {
	for _, tc := range []struct {
		name string
		code int64
		text string
		data *mco.Map
		want string
	}{
		{"both streams", 0, "OK", outputs("exitcode", mco.Int(3), "stdout", mco.String("out\n"), "stderr", mco.String("err")), "Statuscode: 3\nOutput:\nout\nerr\n"},
		{"silence", 0, "OK", outputs("exitcode", mco.Int(0), "stdout", mco.String(""), "stderr", mco.String("")), "Statuscode: 0\n"},
		{"a refusal", 1, "You are not authorized to call this agent or action.", new(mco.Map),
			"Statuscode: \nOutput:\nYou are not authorized to call this agent or action.\n"},
		{"a limit", 1, "The command was ended after 3s", outputs("exitcode", mco.Int(124), "stdout", mco.String("begun"), "stderr", mco.String("")),
			"Statuscode: 124\nOutput:\nbegun\nThe command was ended after 3s\n"},
		{"no data", 0, "OK", new(mco.Map), "Statuscode: \n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := shellFleet(t, func(string, string, mco.Value) (int64, string, *mco.Map) { return tc.code, tc.text, tc.data })
			got := f.run(t, nil, "shell", "date", "-I", "node1.example.net")
			if want := (result{0, "Host: node1.example.net\n" + tc.want + "\n\n", ""}); got != want {
				t.Errorf("%v\nwant %v", got, want)
			}
			sent := f.requests()[0].Body
			if action, cmd := sent.Field("action"), sent.Field("data").Field("cmd"); !action.Equal(mco.String("execute")) || !cmd.Equal(mco.String("date")) {
				t.Errorf("sent %v %v", action, cmd)
			}
		})
	}
}

func TestShellRun(t *testing.T) {
	f := shellFleet(t, func(node, _ string, data mco.Value) (int64, string, *mco.Map) {
		if node == "node2.example.net" {
			return 1, "no", new(mco.Map)
		}
		user, _ := data.Field("user").AsString()
		return 0, "OK", outputs("stdout", data.Field("command"), "stderr", mco.String("as "+user), "success", mco.Bool(false), "exitcode", mco.Nil())
	})
	got := f.run(t, nil, "shell", "run", "--np", "-j", "--user", "nobody", "sleep", "9")
	want := "node1.example.net:\nsleep 9\n    STDERR:\nas nobody\nexitcode: \n\n" +
		`node2.example.net: ERROR: {:sender=>"node2.example.net", :statuscode=>1, :statusmsg=>"no", :data=>{}}` + "\n"
	if got.stdout != want || got.exit != 0 || got.stderr != "" {
		t.Errorf("%v\nwant %q", got, want)
	}
}

// script is a shell agent with one job on each node, which writes one piece for each look at it and then ends: at once, or when it is
// killed.
type script struct {
	mu      sync.Mutex
	pieces  []string
	endless bool
	looks   map[string]int
	killed  map[string]bool
}

func (s *script) serve(node, action string, data mco.Value) (int64, string, *mco.Map) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch action {
	case "start":
		return 0, "OK", outputs("handle", mco.String("job-of-"+node[:5]))
	case "kill":
		s.killed[node] = true
		return 0, "OK", new(mco.Map)
	case "list":
		job := outputs("id", mco.String("job"), "command", mco.String("x"), "status", mco.Sym("running"))
		return 0, "OK", outputs("jobs", mco.Hash(mco.NewMap(mco.Pair{Key: mco.String("job-of-" + node[:5]), Value: mco.Hash(job)})))
	}
	offset, _ := data.Field("stdout_offset").AsInt()
	i := min(s.looks[node], len(s.pieces))
	s.looks[node]++
	if before := len(strings.Join(s.pieces[:i], "")); int(offset) != before {
		return 5, fmt.Sprintf("asked from %d on, %d were sent", offset, before), new(mco.Map)
	}
	piece, state := "", mco.Symbol("running")
	if i < len(s.pieces) {
		piece = s.pieces[i]
	}
	if i >= len(s.pieces)-1 && (!s.endless || s.killed[node]) {
		state = "stopped"
	}
	return 0, "OK", outputs("status", mco.Sym(state), "stdout", mco.String(piece), "stderr", mco.String(""))
}

func newScript(pieces ...string) *script {
	return &script{pieces: pieces, looks: map[string]int{}, killed: map[string]bool{}}
}

func TestShellTail(t *testing.T) {
	for _, args := range [][]string{{"run", "--tail", "x"}, {"watch", "job-of-node1", "job-of-node2"}} {
		t.Run(args[0], func(t *testing.T) {
			s := newScript("one\ntw", "", "o\n", "rest")
			got := shellFleet(t, s.serve).run(t, nil, append([]string{"shell", "--np"}, args...)...)
			for _, n := range []string{"node1", "node2"} {
				want := "one\n|two\n|rest\n|"
				var lines strings.Builder
				for line := range strings.Lines(got.stdout) {
					if text, ok := strings.CutPrefix(line, n+".example.net stdout: "); ok {
						lines.WriteString(text + "|")
					}
				}
				if lines.String() != want || got.exit != 0 || got.stderr != "" {
					t.Errorf("%s: %q, want %q; %v", n, lines.String(), want, got)
				}
			}
		})
	}
}

// Ctrl-C ends the jobs on the nodes and shows the rest of what they write.
func TestShellTailInterrupted(t *testing.T) {
	s := newScript("up\n")
	s.endless = true
	ctx, cancel := context.WithCancel(t.Context())
	got := shellFleet(t, s.serve).runUntil(ctx, t, nil, on("node1.example.net stdout: up\n", cancel), "shell", "run", "--np", "--tail", "x")
	for _, want := range []string{"Attempting to stop cleanly, interrupt again to kill\n", "Sending kill to node1.example.net job-of-node1\n",
		"Sending kill to node2.example.net job-of-node2\n"} {
		if strings.Count(got.stdout, want) != 1 {
			t.Errorf("no %q in %v", want, got)
		}
	}
	if got.exit != 0 || !s.killed["node1.example.net"] || !s.killed["node2.example.net"] {
		t.Errorf("killed %v, %v", s.killed, got)
	}
}

func TestShellWatchNothing(t *testing.T) {
	got := shellFleet(t, newScript("").serve).run(t, nil, "shell", "watch", "--np", "gone")
	if want := (result{1, "", failedToRun("shell", "no node knows a job gone")}); got != want {
		t.Errorf("%v\nwant %v", got, want)
	}
}
