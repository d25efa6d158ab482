package validate

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
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
		{Name: "RabbitMQ's schema", Kinds: []string{"rabbitmq.conf"}, Available: need("rabbitmq-server", "erl", plugins+"/cuttlefish-*/ebin"),
			Run: alone(schema), All: schema},
		{Name: "Erlang's file:consult", Kinds: []string{"rabbitmq.config", "advanced.config", "enabled_plugins"}, Available: need("erlang-base", "erl"),
			Run: alone(consult), All: consult},
	}
}

// eachFile leaves a verdict on each file by the function Judge, which returns ok or words.
const eachFile = `
{ok, Names} = file:read_file(os:getenv("MCO_FILES")),
lists:foreach(fun(Name) ->
  File = unicode:characters_to_list(Name),
  Verdict = try Judge(File) of
    ok -> "accepted\n";
    Words -> ["refused\n", Words]
  catch Class:Why -> ["refused\n", io_lib:format("~p: ~p~n", [Class, Why])]
  end,
  ok = file:write_file(File ++ ".verdict", unicode:characters_to_binary(Verdict))
end, string:lexemes(Names, "\n")),
erlang:halt(0).`

// applySchema maps files by the schemas. Errors of cuttlefish are {error, Term} or {error, [{error, ...}]} in a tuple with the phase.
const applySchema = `
Schemas = filelib:wildcard(os:getenv("MCO_PLUGINS") ++ "/*/priv/schema/*.schema"),
{ok, _} = application:ensure_all_started(cuttlefish),
Schema = case cuttlefish_schema:files(Schemas) of
  {errorlist, Errors} -> io:format("schema: ~p~n", [Errors]), erlang:halt(3);
  Good -> Good
end,
Judge = fun(File) ->
  case cuttlefish_conf:file(File) of
    {errorlist, E} -> io_lib:format("~p~n", [E]);
    Conf ->
      case cuttlefish_generator:map(Schema, Conf) of
        {error, Phase, {errorlist, E}} -> io_lib:format("~p: ~p~n", [Phase, E]);
        L when is_list(L) -> ok;
        Other -> io_lib:format("~p~n", [Other])
      end
  end
end,` + eachFile

func schema(ctx context.Context, cases []Case) []Result {
	home, err := find(plugins)
	if err != nil {
		return slices.Repeat([]Result{{Missing, err.Error()}}, len(cases))
	}
	ebins, err := filepath.Glob(home + "/*/ebin")
	if err != nil {
		return slices.Repeat([]Result{{Unable, err.Error()}}, len(cases))
	}
	files := make([]string, len(cases))
	for i, c := range cases {
		if files[i], err = besideDefinitions(c.Scratch, c.File); err != nil {
			return slices.Repeat([]Result{{Unable, err.Error()}}, len(cases))
		}
	}
	args := append([]string{"-noinput", "-boot", "start_clean", "-pa"}, ebins...)
	return verdicts(ctx, command{name: "erl", args: append(args, "-eval", applySchema), dir: cases[0].Scratch,
		env: []string{"MCO_PLUGINS=" + home, "ERL_CRASH_DUMP=/dev/null"}, unable: []int{3}}, files)
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

// readTerms reads files of terms, each of which must be one list.
const readTerms = `
Judge = fun(File) ->
  case file:consult(File) of
    {ok, [L]} when is_list(L) -> ok;
    {ok, Terms} -> io_lib:format("~b terms, not one list~n", [length(Terms)]);
    {error, Why} -> io_lib:format("~ts~n", [file:format_error(Why)])
  end
end,` + eachFile

func consult(ctx context.Context, cases []Case) []Result {
	return verdicts(ctx, command{name: "erl", args: []string{"-noinput", "-boot", "start_clean", "-eval", readTerms}, dir: cases[0].Scratch,
		env: []string{"ERL_CRASH_DUMP=/dev/null"}}, places(cases))
}
