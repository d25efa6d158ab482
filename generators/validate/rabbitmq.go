package validate

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/mco-go/mco-go/generators/target"
)

// plugins is where the package keeps RabbitMQ's plugins, of which the server itself is one.
const plugins = "/usr/lib/rabbitmq/lib/rabbitmq_server-*/plugins"

// rabbitMQ judges what RabbitMQ reads, without a node and without a port mapper: rabbitmq.conf by the schemas of the server and all
// its plugins, as the server itself does before it starts (keys, types, syntax, missing files; not the range of a port), Erlang terms
// by the function that reads them. Read off RabbitMQ 3.10.8 with cuttlefish 3.0.1.
func rabbitMQ() []Program {
	return []Program{
		{"RabbitMQ's schema", []string{"rabbitmq.conf"}, need("rabbitmq-server", "erl", plugins+"/cuttlefish-*/ebin"), schema},
		{"Erlang's file:consult", []string{"rabbitmq.config", "advanced.config", "enabled_plugins"}, need("erlang-base", "erl"), consult},
	}
}

// applySchema maps the file by the schemas. Errors of cuttlefish are {error, Term} or {error, [{error, ...}]} in a tuple with the phase.
const applySchema = `
File = os:getenv("MCO_FILE"),
Schemas = filelib:wildcard(os:getenv("MCO_PLUGINS") ++ "/*/priv/schema/*.schema"),
{ok, _} = application:ensure_all_started(cuttlefish),
Schema = cuttlefish_schema:files(Schemas),
Conf = cuttlefish_conf:file(File),
Code = case {Schema, Conf} of
  {{errorlist, E}, _} -> io:format("schema: ~p~n", [E]), 3;
  {_, {errorlist, E}} -> io:format("~p~n", [E]), 1;
  _ ->
    case cuttlefish_generator:map(Schema, Conf) of
      {error, Phase, {errorlist, E}} -> io:format("~p: ~p~n", [Phase, E]), 1;
      L when is_list(L) -> 0;
      Other -> io:format("~p~n", [Other]), 1
    end
end,
erlang:halt(Code).`

func schema(ctx context.Context, scratch string, f target.File) Result {
	file, err := besideDefinitions(scratch, f)
	if err != nil {
		return Result{Unable, err.Error()}
	}
	home, err := find(plugins)
	if err != nil {
		return Result{Missing, err.Error()}
	}
	ebins, err := filepath.Glob(home + "/*/ebin")
	if err != nil {
		return Result{Unable, err.Error()}
	}
	args := append([]string{"-noinput", "-boot", "start_clean", "-pa"}, ebins...)
	_, r := command{name: "erl", args: append(args, "-eval", applySchema), dir: scratch,
		env: []string{"MCO_FILE=" + file, "MCO_PLUGINS=" + home, "ERL_CRASH_DUMP=/dev/null"}, unable: []int{3}}.run(ctx)
	return r
}

// besideDefinitions returns a copy of rabbitmq.conf that names the definitions where they lie below scratch: the schema refuses a
// file that is not there.
func besideDefinitions(scratch string, f target.File) (string, error) {
	var text strings.Builder
	for line := range bytes.Lines(f.Content) {
		key, value, ok := strings.Cut(string(line), "=")
		value = strings.TrimSpace(value)
		if key = strings.TrimSpace(key); ok && strings.HasSuffix(key, "load_definitions") && filepath.IsAbs(value) {
			line = []byte(key + " = " + filepath.Join(scratch, value) + "\n")
		}
		text.Write(line)
	}
	file := At(scratch, f) + ".judged"
	return file, os.WriteFile(file, []byte(text.String()), 0o600)
}

// readTerms reads a file of terms, which must be one list.
const readTerms = `
erlang:halt(case file:consult(os:getenv("MCO_FILE")) of
  {ok, [L]} when is_list(L) -> 0;
  {ok, Terms} -> io:format("~b terms, not one list~n", [length(Terms)]), 1;
  {error, Why} -> io:format("~ts~n", [file:format_error(Why)]), 1
end).`

func consult(ctx context.Context, scratch string, f target.File) Result {
	_, r := command{name: "erl", args: []string{"-noinput", "-boot", "start_clean", "-eval", readTerms}, dir: scratch,
		env: []string{"MCO_FILE=" + At(scratch, f), "ERL_CRASH_DUMP=/dev/null"}}.run(ctx)
	return r
}
