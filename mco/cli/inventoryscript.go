package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/inspect"
	"github.com/mco-go/mco-go/mco/rpc"
)

// maxScript bounds a report's script.
const maxScript = 1 << 20

// inventoryScript is a report of `mco inventory --script`: a file in Ruby with the words of application/inventory.rb. The original
// evaluates it; here it is read by the bounded interpreter that reads DDLs, so that a report can ask for nodes and print, and no more.
type inventoryScript struct {
	s      *session
	script *ddl.Script
	node   *rpc.Reply // who is reported on; nil outside of fields and pages

	format           *mco.Value
	fields           ddl.Block
	heading, body    *string
	pageLength, line int
}

func (s *session) runScript(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return textError("Could not find script to run: " + path)
	} else if err != nil {
		return fileError(err)
	}
	defer f.Close()
	source, err := io.ReadAll(io.LimitReader(f, maxScript+1))
	switch {
	case err != nil:
		return fileError(err)
	case len(source) > maxScript:
		return fmt.Errorf("%s is larger than %d bytes", path, maxScript)
	}
	r := &inventoryScript{s: s}
	r.script = ddl.NewScript(path, r.words())
	_, err = r.script.Eval(string(source))
	if refused, ok := errors.AsType[*ddl.RefusedError](err); ok {
		return fmt.Errorf("%s:%d: %s is beyond the Ruby that reports may use here: literals, conditions, loops over lists and methods of texts, lists and hashes",
			refused.File, refused.Line, refused.What)
	}
	return err
}

func (r *inventoryScript) words() map[string]ddl.Word {
	text := func(to **string) ddl.Word {
		return ddl.Word{Least: 1, Most: 1, Run: func(args []mco.Value, _ ddl.Block) (mco.Value, error) {
			*to = new(inspect.Text(args[0]))
			return args[0], nil
		}}
	}
	of := func(get func(*rpc.Reply) mco.Value) ddl.Word {
		return ddl.Word{Run: func([]mco.Value, ddl.Block) (mco.Value, error) {
			if r.node == nil {
				return mco.Nil(), errors.New("identity, facts, classes and agents are those of a node: they belong into fields or a page")
			}
			return get(r.node), nil
		}}
	}
	data := func(key string) ddl.Word { return of(func(n *rpc.Reply) mco.Value { return n.Data.Field(key) }) }
	return map[string]ddl.Word{
		"inventory":           {Block: true, Run: r.inventory},
		"formatted_inventory": {Block: true, Run: r.formattedInventory},
		"format": {Least: 1, Most: 1, Run: func(args []mco.Value, _ ddl.Block) (mco.Value, error) {
			r.format = &args[0]
			return args[0], nil
		}},
		"fields": {Block: true, Run: func(_ []mco.Value, block ddl.Block) (mco.Value, error) {
			r.fields = block
			return mco.Nil(), nil
		}},
		"page_length": {Least: 1, Most: 1, Run: func(args []mco.Value, _ ddl.Block) (mco.Value, error) {
			n, ok := args[0].AsInt()
			if !ok || n < 1 || n > 1<<20 {
				return mco.Nil(), errors.New("page_length takes a number of lines")
			}
			r.pageLength = int(n)
			return args[0], nil
		}},
		"page_heading": text(&r.heading),
		"page_body":    text(&r.body),
		"puts":         {Most: 64, Run: r.puts},
		"identity":     of(func(n *rpc.Reply) mco.Value { return mco.String(n.Sender) }),
		"facts":        data("facts"),
		"classes":      data("classes"),
		"agents":       data("agents"),
	}
}

func (r *inventoryScript) puts(args []mco.Value, _ ddl.Block) (mco.Value, error) {
	var b strings.Builder
	for _, a := range args {
		b.WriteString(strings.TrimSuffix(inspect.Text(a), "\n") + "\n")
	}
	if len(args) == 0 {
		b.WriteByte('\n')
	}
	_, err := io.WriteString(r.s.out, b.String())
	return mco.Nil(), err
}

// inventory prints a line for each node: its format, filled with its fields.
func (r *inventoryScript) inventory(_ []mco.Value, block ddl.Block) (mco.Value, error) {
	if block == nil {
		//lint:ignore ST1005 the original's text
		return mco.Nil(), errors.New("Need to give a block to inventory")
	}
	if _, err := block(); err != nil {
		return mco.Nil(), err
	}
	switch {
	case r.format == nil:
		//lint:ignore ST1005 the original's text
		return mco.Nil(), errors.New("Need to define a format")
	case r.fields == nil:
		//lint:ignore ST1005 the original's text
		return mco.Nil(), errors.New("Need to define inventory fields")
	}
	return mco.Nil(), r.each(func() error {
		v, err := r.fields()
		if err != nil {
			return err
		}
		values, ok := v.AsList()
		if !ok {
			values = []mco.Value{v}
		}
		text, err := ddl.Format(inspect.Text(*r.format), values...)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(r.s.out, strings.TrimSuffix(r.s.show(text), "\n"))
		return err
	})
}

// each asks the nodes for their inventory and calls report for each that answers.
func (r *inventoryScript) each(report func() error) error {
	util, err := r.s.agent("rpcutil", false)
	if err != nil {
		return err
	}
	util.progress = false
	defer func() { r.node = nil }()
	return util.each("inventory", nil, func(reply rpc.Reply) error {
		r.node = &reply
		return report()
	})
}
