package cli

import (
	"fmt"
	"math"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
	"github.com/mco-go/mco-go/mco/rpc"
)

// replyFilter is the expression of --filter-replies. What does not match is counted in the statistics, but neither shown nor summed up.
// A nil filter keeps everything.
type replyFilter struct {
	program *vm.Program
	failed  int   // replies that the expression could not be applied to; they are not kept
	first   error // why, of the first one
}

// maxExpression bounds the text of an expression; its work is bounded by the interpreter.
const maxExpression = 4096

func newReplyFilter(text string) (*replyFilter, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("--filter-replies: an expression of %d bytes, at most %d are taken", len(text), maxExpression)
	}
	program, err := expr.Compile(text, expr.Env(replyValues(rpc.Reply{})), expr.AsBool())
	if err != nil {
		return nil, fmt.Errorf("--filter-replies: %s", strings.TrimSpace(err.Error()))
	}
	return &replyFilter{program: program}, nil
}

func (f *replyFilter) keeps(r rpc.Reply) bool {
	if f == nil {
		return true
	}
	v, err := expr.Run(f.program, replyValues(r))
	if err != nil {
		if f.failed++; f.first == nil {
			f.first = err
		}
		return false
	}
	yes, _ := v.(bool)
	return yes
}

// failure tells about replies that the expression could not be applied to.
func (f *replyFilter) failure() error {
	if f == nil || f.failed == 0 {
		return nil
	}
	line, _, _ := strings.Cut(f.first.Error(), "\n")
	return fmt.Errorf("--filter-replies cannot be applied to %d replies, such as: %s", f.failed, line)
}

// replyValues are what an expression can name: the fields that --json prints, and ok.
func replyValues(r rpc.Reply) map[string]any {
	data, _ := plainValue(r.Data).(map[string]any)
	if data == nil {
		data = map[string]any{}
	}
	return map[string]any{
		"agent": r.Agent, "action": r.Action, "sender": r.Sender, "statuscode": int(r.Code), "statusmsg": r.Message, "ok": r.Code == mco.OK,
		"data": data,
	}
}

// plainValue is a value as expressions know them.
func plainValue(v mco.Value) any {
	switch v.Kind() {
	case mco.KindNil:
		return nil
	case mco.KindBool:
		b, _ := v.AsBool()
		return b
	case mco.KindInt:
		n, _ := v.AsInt()
		return int(n)
	case mco.KindBigInt:
		n, _ := v.AsBigInt()
		f, _ := n.Float64()
		return f
	case mco.KindFloat:
		f, _ := v.AsFloat()
		if math.IsNaN(f) {
			return nil
		}
		return f
	case mco.KindList:
		items, _ := v.AsList()
		list := make([]any, len(items))
		for i, item := range items {
			list[i] = plainValue(item)
		}
		return list
	case mco.KindMap:
		m, _ := v.AsMap()
		values := make(map[string]any, m.Len())
		for k, item := range m.All() {
			values[inspect.Text(k)] = plainValue(item)
		}
		return values
	}
	return inspect.Text(v)
}
