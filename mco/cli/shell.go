package cli

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/cli/optparse"
	"github.com/mco-go/mco-go/mco/cli/report"
	"github.com/mco-go/mco-go/mco/ddl"
)

// shellCommand is what `mco shell` was asked to do. Two applications of the field have this name: the one of phobos182's plugins runs
// its one argument, the one of mcollective-shell-agent has sub-commands. The first word tells which is meant.
type shellCommand struct {
	sub   string   // a sub-command, or "" for phobos182's
	words []string // behind the sub-command
	tail  bool
	user  string
}

// shellSubs are the sub-commands of mcollective-shell-agent.
func shellSubs() []string { return []string{"run", "start", "watch", "list", "kill"} }

const shellUsage = `  mco shell <CMD>

  The CMD is a string

  EXAMPLES:
    mco shell uptime
`

const shellSubsUsage = `mco shell [OPTIONS] [FILTERS] <run|start|watch|list|kill> [ARGS]

  EXAMPLES:
    mco shell run [--tail] uptime
    mco shell start sleep 600
    mco shell list -v
    mco shell watch <HANDLE>
    mco shell kill <HANDLE>
`

// shellApp is `mco shell`. Its help is that of the application which the command line means.
func (c *cli) shellApp() *application {
	sh := new(shellCommand)
	a := &application{
		name:        "shell",
		description: "MCollective Distributed Shell",
		usage:       []string{strings.TrimSuffix(shellUsage, "\n")},
		options: []optparse.Option{
			option("--tail", "", optparse.Flag, "With run: show the output while it comes", toggle(func() { sh.tail = true })),
			option("--user", "USER", optparse.Text, "With run and start: the user to run the command as", setText(&sh.user)),
		},
		words: sh.takeWords,
		run:   sh.run,
	}
	if slices.ContainsFunc(c.Args, func(arg string) bool { return slices.Contains(shellSubs(), arg) }) {
		a.description, a.usage = "Run shell commands", []string{strings.TrimSuffix(shellSubsUsage, "\n")}
		return a
	}
	for i := range a.options {
		a.options[i].Hidden = true
	}
	return a
}

func (sh *shellCommand) takeWords(words []string) error {
	switch {
	case len(words) == 0:
		return textError("You must pass a command!")
	case slices.Contains(shellSubs(), words[0]):
		sh.sub, sh.words = words[0], words[1:]
		return sh.checkWords()
	case len(words) > 1:
		return textError("Please specify the command as one argument in single quotes.")
	}
	sh.words = words
	return nil
}

func (sh *shellCommand) checkWords() error {
	switch {
	case sh.tail && sh.sub != "run":
		return textError("--tail goes with run")
	case len(sh.words) > 0:
		return nil
	case sh.sub == "run" || sh.sub == "start":
		return textError("Please specify a command")
	case sh.sub == "watch" || sh.sub == "kill":
		return textError("Please specify a handle")
	}
	return nil
}

func (sh *shellCommand) run(s *session) error {
	switch {
	case sh.sub == "":
		return sh.execute(s)
	case sh.sub == "run" && sh.tail:
		return sh.runTail(s)
	case sh.sub == "run":
		return sh.runOnce(s)
	case sh.sub == "start":
		return sh.start(s)
	case sh.sub == "watch":
		return sh.watch(s)
	case sh.sub == "list":
		return sh.list(s)
	}
	return sh.kill(s)
}

// line is the command that run and start are given, word by word.
func (sh *shellCommand) line() string { return strings.Join(sh.words, " ") }

// inputs are those of run and start.
func (sh *shellCommand) inputs() *mco.Map {
	data := mco.SymbolMap(2)
	data.SetSymbol("command", mco.String(sh.line()))
	if sh.user != "" {
		data.SetSymbol("user", mco.String(sh.user))
	}
	return data
}

// shellAgent is the agent shell with the DDL that has the action: a DDL in the libdir is of one of the two agents, or a stub.
func (s *session) shellAgent(action string) (*agentClient, error) {
	a, err := s.agent("shell", true)
	if err != nil || a.ddl.Action(action) != nil {
		return a, err
	}
	a.ddl, err = ddl.Load(nil, ddl.Agent, "shell")
	return a, err
}

// lines is output of a node's as the screen can bear it, with the newline at its end that may be missing.
func (s *session) lines(text string) string {
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	if onTerminal(s.out) {
		return report.Clean(text)
	}
	return text
}

// textOf is a member of a reply's data as text, "" where it is none.
func textOf(data mco.Value, key string) string {
	text, _ := data.Field(key).AsString()
	return text
}

// confirm asks the operator and reads one line of the answer, byte by byte: what is behind it is not ours to read.
func (s *session) confirm(question string) bool {
	fmt.Fprint(s.out, question)
	if s.in == nil {
		return false
	}
	answer := make(chan string, 1) // the reader is left behind when the operator stops us: the process ends then
	go func() {
		var line bytes.Buffer
		var b [1]byte
		for {
			if n, err := s.in.Read(b[:]); n == 1 && b[0] != '\n' && line.Len() < 1024 {
				line.WriteByte(b[0])
			} else if n == 1 || err != nil {
				break
			}
		}
		answer <- line.String()
	}()
	select {
	case text := <-answer:
		text = strings.ToLower(strings.TrimSpace(text))
		return text == "y" || text == "yes"
	case <-s.ctx.Done():
		return false
	}
}
