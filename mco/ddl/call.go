package ddl

import (
	"errors"
	"fmt"

	"github.com/mco-go/mco-go/mco"
)

func (in *interpreter) call(n *call) (mco.Value, error) {
	if n.receiver != nil {
		return in.methodCall(n)
	}
	if n.name == "defined?" {
		if !in.isKnown(n.args[0]) {
			return mco.Nil(), nil
		}
		return mco.String("expression"), nil
	}
	if n.name == "respond_to?" {
		args, err := in.all(n.args)
		if err != nil {
			return mco.Nil(), err
		}
		if len(args) == 0 || len(args) > 2 {
			return mco.Nil(), in.wrap(n.at(), arity{1, 2}.check(len(args)))
		}
		_, known := in.words.arity(text(args[0]))
		return mco.Bool(known || text(args[0]) == "respond_to?"), nil
	}
	takes, known := in.words.arity(n.name)
	if !known && isRuby(n.name) {
		return mco.Nil(), &RefusedError{in.file, n.at(), "`" + n.name + "'"}
	}
	if !known && !in.words.isFunction(n.name) {
		return mco.Nil(), in.wrap(n.at(), fmt.Errorf("undefined local variable or method `%s'", n.name))
	}
	args, err := in.all(n.args)
	if err != nil {
		return mco.Nil(), err
	}
	if !known {
		return functionValue(n.name, args), nil
	}
	if err := takes.check(len(args)); err != nil {
		return mco.Nil(), in.wrap(n.at(), err)
	}
	var run func() (mco.Value, error)
	if n.block != nil {
		around := in.vars
		run = func() (mco.Value, error) {
			inside := in.vars
			defer func() { in.vars = inside }()
			in.vars = around
			v, err := in.runBlock(n.block)
			if errors.Is(err, errNext) {
				return mco.Nil(), nil
			}
			return v, err
		}
	}
	v, err := in.words.call(n.name, args, run)
	if err != nil {
		return mco.Nil(), in.wrap(n.at(), err)
	}
	return v, nil
}

// runBlock evaluates a block with the given values as its parameters.
func (in *interpreter) runBlock(b *block, values ...mco.Value) (mco.Value, error) {
	if len(b.params) > 1 && len(values) == 1 {
		if items, ok := values[0].AsList(); ok {
			values = items
		}
	}
	in.vars = &scope{outer: in.vars, vars: make(map[string]mco.Value, len(b.params))}
	defer func() { in.vars = in.vars.outer }()
	for i, name := range b.params {
		var v mco.Value
		if i < len(values) {
			v = values[i]
		}
		in.vars.vars[name] = v
	}
	return in.eval(b.body)
}

func (in *interpreter) methodCall(n *call) (mco.Value, error) {
	receiver, err := in.eval(n.receiver)
	if err != nil {
		return mco.Nil(), err
	}
	if n.safe && receiver.IsNil() {
		return mco.Nil(), nil
	}
	args, err := in.all(n.args)
	if err != nil {
		return mco.Nil(), err
	}
	m := method{in: in, at: n.at(), name: n.name, self: receiver, args: args, block: n.block}
	v, err := m.run()
	if err != nil {
		return mco.Nil(), in.wrap(n.at(), err)
	}
	return v, nil
}

// isRuby tells whether a word is one that every Ruby object understands: what it would do is not done here, and "undefined" would be
// untrue.
func isRuby(word string) bool {
	switch word {
	case "puts", "print", "p", "pp", "printf", "putc", "warn", "display_help", "require", "require_relative", "load", "autoload", "system", "exec",
		"spawn", "fork", "exit", "exit!", "abort", "at_exit", "eval", "instance_eval", "instance_exec", "class_eval", "send", "__send__", "public_send",
		"method", "methods", "raise", "fail", "catch", "throw", "sleep", "open", "gets", "readline", "readlines", "select", "test", "trap", "binding",
		"lambda", "proc", "loop", "rand", "srand", "format", "sprintf", "Integer", "Float", "String", "Array", "Hash", "Rational", "Complex", "caller",
		"block_given?", "freeze", "frozen?", "dup", "clone", "tap", "then", "extend", "define_singleton_method", "singleton_class", "instance_variable_get",
		"instance_variable_set", "instance_variables", "object_id", "hash", "inspect", "to_s", "nil?", "is_a?", "kind_of?", "instance_of?", "class",
		"itself", "enum_for", "to_enum", "set_trace_func", "syscall", "global_variables", "local_variables", "binding_irb", "help", "meta", "entities",
		"pluginname", "plugintype", "requirements", "loadddlfile", "findddlfile", "template_for_plugintype", "validate_requirements",
		"validate_input_argument", "actions", "action_interface", "set_default_input_arguments", "validate_rpc_request", "dataquery_interface",
		"discovery_interface", "initialize", "attr_accessor", "include", "using", "private", "public", "protected":
		return true
	}
	return false
}
