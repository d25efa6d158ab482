package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/ddl"
	"github.com/mco-go/mco-go/mco/inspect"
	"github.com/mco-go/mco-go/mco/rpc"
)

// Results prints the results of a call between two empty lines, or as JSON. action is nil where no DDL is known.
func (p *Printer) Results(replies []rpc.Reply, action *ddl.Action) error {
	text, err := p.ResultText(replies, action)
	if err != nil {
		return err
	}
	if p.JSON {
		return p.write(text + "\n")
	}
	return p.write("\n" + text + "\n")
}

// Result prints one result as it comes, without empty lines around it.
func (p *Printer) Result(reply rpc.Reply, action *ddl.Action) error {
	text, err := p.ResultText([]rpc.Reply{reply}, action)
	if err != nil || text == "" {
		return err
	}
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return p.write(text)
}

// ResultText returns the result blocks as Results prints them (rpc/helpers.rb, rpcresults).
func (p *Printer) ResultText(replies []rpc.Reply, action *ddl.Action) (string, error) {
	if p.JSON {
		return p.json(replies, action)
	}
	var b strings.Builder
	for i := range replies {
		r := &replies[i]
		switch {
		case p.Verbose:
			p.verbose(&b, r, action)
		case action == nil:
			if r.Code != mco.OK {
				fmt.Fprintf(&b, "%-40s %s\n", p.show(r.Sender), p.paint(Red, p.show(r.Message)))
			}
		case p.Display == "" && action.Display == displayFlatten:
			p.flat(&b, r)
		case p.shown(r, action):
			p.block(&b, r, action)
		}
	}
	return b.String(), nil
}

// shown tells whether the display mode wants the result of r.
func (p *Printer) shown(r *rpc.Reply, action *ddl.Action) bool {
	mode := p.Display
	if mode == "" {
		mode = action.Display
	}
	switch mode {
	case DisplayOK:
		return r.Code == mco.OK
	case DisplayFailed:
		return r.Code != mco.OK
	}
	return mode == DisplayAlways
}

// block writes the result of one node with the labels of the DDL (text_for_result).
func (p *Printer) block(b *strings.Builder, r *rpc.Reply, action *ddl.Action) {
	fmt.Fprintf(b, "%-40s %s\n", p.show(r.Sender), p.status(r.Code))
	if r.Message != "OK" {
		b.WriteString("   " + p.paint(Yellow, p.show(r.Message)) + "\n")
	}
	if r.Code == mco.OK {
		data := declared(r.Data, action)
		if m, ok := data.AsMap(); ok {
			p.fields(b, m, action)
		} else {
			b.WriteString("\n\t" + strings.ReplaceAll(p.pretty(data), "\n", "\n\t"))
		}
	}
	b.WriteByte('\n')
}

// flat writes the data alone, for DDLs that still ask for it.
func (p *Printer) flat(b *strings.Builder, r *rpc.Reply) {
	if r.Code != mco.OK && r.Code != mco.Aborted {
		fmt.Fprintf(b, "%-40s %s\n", p.show(r.Sender), p.paint(Red, p.show(r.Message)))
		return
	}
	if text, ok := r.Data.AsString(); ok {
		b.WriteString(p.show(text))
		return
	}
	b.WriteString(p.pretty(r.Data) + "\n")
}

// status returns the word for a status code. The original's table ends at 5; codes beyond, and negative ones, say the same here.
func (p *Printer) status(code mco.StatusCode) string {
	switch code {
	case mco.OK:
		return ""
	case mco.Aborted:
		return p.paint(Red, "Request Aborted")
	case mco.UnknownAction:
		return p.paint(Yellow, "Unknown Action")
	case mco.MissingData:
		return p.paint(Yellow, "Missing Request Data")
	case mco.InvalidData:
		return p.paint(Yellow, "Invalid Request Data")
	}
	return p.paint(Red, "Unknown Request Status")
}

// fields writes the members of the data, sorted, right-aligned at their colons. Where symbols and strings are mixed the original
// fails to sort and prints nothing of use: here they are sorted by their text.
func (p *Printer) fields(b *strings.Builder, m *mco.Map, action *ddl.Action) {
	pairs := slices.Clone(m.Pairs())
	slices.SortStableFunc(pairs, func(x, y mco.Pair) int { return strings.Compare(inspect.Text(x.Key), inspect.Text(y.Key)) })
	labels := make([]string, len(pairs))
	widest := 0
	for i, pair := range pairs {
		labels[i] = p.show(label(pair.Key, action))
		widest = max(widest, utf8.RuneCountInString(labels[i]))
	}
	indent := strings.Repeat(" ", widest+5)
	for i, pair := range pairs {
		fmt.Fprintf(b, "%*s:", widest+3, labels[i])
		text, isString := pair.Value.AsString()
		if !isString {
			b.WriteString(" " + strings.ReplaceAll(p.pretty(pair.Value), "\n", "\n"+indent) + "\n")
			continue
		}
		text = strings.TrimRight(text, "\n") // as Ruby's split, which drops empty lines at the end
		if text == "" {
			b.WriteByte('\n')
			continue
		}
		b.WriteString(" " + strings.ReplaceAll(p.show(text), "\n", "\n"+indent) + "\n")
	}
}

// label returns what an output is shown under.
func label(key mco.Value, action *ddl.Action) string {
	for _, out := range action.Outputs {
		if out.Name.Equal(key) {
			return out.Label()
		}
	}
	return inspect.Text(key)
}

// pretty returns the lines of pp, without the last newline.
func (p *Printer) pretty(v mco.Value) string {
	return p.show(strings.TrimSuffix(inspect.Pretty(v, inspect.DefaultWidth), "\n"))
}

// verbose writes the result of one node in the form that needs no DDL (old_rpcresults). The original joins the lines of the data
// without newlines, and ends unknown failures without one.
func (p *Printer) verbose(b *strings.Builder, r *rpc.Reply, action *ddl.Action) {
	fmt.Fprintf(b, "%-40s: %s\n", p.show(r.Sender), p.show(r.Message))
	switch r.Code {
	case mco.OK, mco.Aborted:
		for line := range strings.SplitSeq(p.pretty(declared(r.Data, action)), "\n") {
			b.WriteString("    " + line)
		}
		b.WriteString("\n\n")
	case mco.UnknownAction, mco.MissingData, mco.InvalidData:
	default:
		b.WriteString("    " + p.show(r.Message))
	}
}

// json returns the results as JSON: on one line for programs, indented for people.
func (p *Printer) json(replies []rpc.Reply, action *ddl.Action) (string, error) {
	items := make([]mco.Value, len(replies))
	for i, r := range replies {
		items[i] = mco.Hash(mco.NewMap(
			mco.Pair{Key: mco.Sym("agent"), Value: mco.String(r.Agent)},
			mco.Pair{Key: mco.Sym("action"), Value: mco.String(r.Action)},
			mco.Pair{Key: mco.Sym("sender"), Value: mco.String(r.Sender)},
			mco.Pair{Key: mco.Sym("statuscode"), Value: mco.Int(int64(r.Code))},
			mco.Pair{Key: mco.Sym("statusmsg"), Value: mco.String(r.Message)},
			mco.Pair{Key: mco.Sym("data"), Value: declared(r.Data, action)}))
	}
	if !p.Terminal {
		text, err := inspect.JSON(mco.List(items...))
		return string(text), err
	}
	text, err := inspect.JSONPretty(mco.List(items...))
	return cleanJSON(string(text)), err
}

// declared returns data with the outputs that the DDL declares as symbols under symbol keys, where a node that speaks JSON sent
// strings. Such members move to the end (rpc/result.rb, convert_data_based_on_ddl).
func declared(data mco.Value, action *ddl.Action) mco.Value {
	m, ok := data.AsMap()
	if !ok || action == nil {
		return data
	}
	var moved []mco.Pair
	gone := map[string]bool{}
	for _, out := range action.Outputs {
		name, isSymbol := out.Name.AsSymbol()
		if _, found := m.Get(out.Name); !isSymbol || found {
			continue
		}
		if v, found := m.Get(mco.String(string(name))); found {
			moved = append(moved, mco.Pair{Key: out.Name, Value: v})
			gone[string(name)] = true
		}
	}
	if len(moved) == 0 {
		return data
	}
	var pairs []mco.Pair
	for _, pair := range m.Pairs() {
		if name, isString := pair.Key.AsString(); !isString || !gone[name] {
			pairs = append(pairs, pair)
		}
	}
	return mco.Hash(mco.NewMap(append(pairs, moved...)...))
}
