package bench

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/rubyjudge"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/marshal"
)

// rubyMarshal times Ruby's Marshal: ["dump" or "load", ROUNDS, MARSHAL] is answered with the seconds taken. The object is loaded before
// the clock starts, and the garbage collector runs as it does in a daemon.
const rubyMarshal = `
judge do |what, n, bytes|
  bytes = bytes.unpack1("m0"); object = Marshal.load(bytes)
  start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  if what == 'dump' then n.times { Marshal.dump(object) } else n.times { Marshal.load(bytes) } end
  Process.clock_gettime(Process::CLOCK_MONOTONIC) - start
end
`

// rubyMicros returns the microseconds that one round takes.
func rubyMicros(b *testing.B, ruby *rubyjudge.Judge, what string, rounds int, payload []byte) float64 {
	b.Helper()
	return rubyjudge.Ask[float64](b, ruby, []any{what, rounds, payload}) * 1e6 / float64(rounds)
}

func goMicros(rounds int, f func()) float64 {
	start := time.Now()
	for range rounds {
		f()
	}
	return float64(time.Since(start).Nanoseconds()) / 1e3 / float64(rounds)
}

// BenchmarkMarshal compares the codec with Ruby's, which is written in C.
func BenchmarkMarshal(b *testing.B) {
	ruby := rubyjudge.Start(b, "-e", rubyMarshal)
	t := table{
		title: "Marshal, against Ruby's C code",
		note:  "Microseconds for one value, median (spread). Goals: encode at least 3 x, decode at least 1.5 x Ruby's speed.",
		head:  []string{"value", "bytes", "direction", "Go", "Ruby", "times as fast"},
	}
	const rounds = 9
	for _, c := range []struct {
		name  string
		value mco.Value
	}{{"request", requestValue()}, {"reply", replyValue()}, {"inventory", inventoryValue()}} {
		payload, err := marshal.Encode(c.value)
		if err != nil {
			b.Fatal(err)
		}
		n := max(200, 4_000_000/len(payload)/20)
		limits := marshal.DefaultLimits()
		for _, d := range []struct {
			name, ruby string
			run        func()
		}{
			{"encode", "dump", func() {
				if _, err := marshal.Encode(c.value); err != nil {
					b.Fatal(err)
				}
			}},
			{"decode", "load", func() {
				if _, err := marshal.Decode(payload, limits); err != nil {
					b.Fatal(err)
				}
			}},
		} {
			ours, theirs, _, _ := abba(b, rounds,
				func() measure { return measure{wall: goMicros(n, d.run)} },
				func() measure { return measure{wall: rubyMicros(b, ruby, d.ruby, n, payload)} })
			t.row(c.name, strconv.Itoa(len(payload)), d.name, ours.String(), theirs.String(), short(theirs.median()/ours.median()))
		}
	}
	t.print(b)
}

func symbolHash(pairs ...any) mco.Value {
	m := mco.SymbolMap(len(pairs) / 2)
	for i := 0; i < len(pairs); i += 2 {
		m.SetSymbol(mco.Symbol(pairs[i].(string)), pairs[i+1].(mco.Value))
	}
	return mco.Hash(m)
}

// requestValue is the envelope of an RPC request with a fact filter.
func requestValue() mco.Value {
	body, err := marshal.Encode(symbolHash("agent", mco.String("rpcutil"), "action", mco.String("get_fact"), "caller", mco.String("uid=0"),
		"data", symbolHash("fact", mco.String("operatingsystem"), "process_results", mco.Bool(true))))
	if err != nil {
		panic(err)
	}
	filter := mco.Filter{Agents: []string{"rpcutil"}, Facts: []mco.FactFilter{{Fact: "osfamily", Operator: "==", Value: "Debian"}}}
	return symbolHash("body", mco.Text(string(body), mco.Binary), "senderid", mco.String("admin.example.net"),
		"requestid", mco.Text("a9ef6a1d1ea65b1ea2b2c5d6bd3a4f7c", mco.USASCII), "filter", filter.Value(),
		"collective", mco.String(mco.DefaultCollective), "agent", mco.String("rpcutil"), "callerid", mco.String("uid=0"),
		"ttl", mco.Int(60), "msgtime", mco.Int(1700000000), "hash", mco.Text("0123456789abcdef0123456789abcdef", mco.USASCII))
}

// replyValue is the envelope of the answer.
func replyValue() mco.Value {
	body, err := marshal.Encode(symbolHash("statuscode", mco.Int(0), "statusmsg", mco.String("OK"),
		"data", symbolHash("fact", mco.String("operatingsystem"), "value", mco.String("Debian"))))
	if err != nil {
		panic(err)
	}
	return symbolHash("senderid", mco.String("web1.example.net"), "requestid", mco.Text("a9ef6a1d1ea65b1ea2b2c5d6bd3a4f7c", mco.USASCII),
		"senderagent", mco.String("rpcutil"), "msgtime", mco.Int(1700000000), "body", mco.Text(string(body), mco.Binary),
		"hash", mco.Text("0123456789abcdef0123456789abcdef", mco.USASCII))
}

// inventoryValue is the body of a reply to rpcutil's inventory, about 10 KB.
func inventoryValue() mco.Value {
	facts := new(mco.Map)
	for i := range 120 {
		facts.Set(mco.String(fmt.Sprintf("fact_number_%03d", i)), mco.String(fmt.Sprintf("the value of fact %d on this node", i)))
	}
	classes := make([]string, 60)
	for i := range classes {
		classes[i] = fmt.Sprintf("profile::service%02d::config", i)
	}
	return symbolHash("statuscode", mco.Int(0), "statusmsg", mco.String("OK"), "data", symbolHash(
		"agents", mco.Strings("discovery", "rpcutil", "puppet", "service", "package"), "facts", mco.Hash(facts),
		"classes", mco.Strings(classes...), "version", mco.String("2.12.5"), "main_collective", mco.String(mco.DefaultCollective),
		"collectives", mco.Strings(mco.DefaultCollective), "data_plugins", mco.Strings("agent_data", "collective_data", "fact_data", "fstat_data")))
}
