package marshal_test

import (
	"fmt"
	"testing"

	"github.com/mco-go/mco-go/internal/rubyjudge"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/marshal"
)

// sample returns the three messages that the benchmarks are about: a request with its envelope, a reply with its envelope, and the
// body of an inventory of about 10 KB.
func samples() map[string]mco.Value {
	sym := func(k string, v mco.Value) mco.Pair { return mco.Pair{Key: mco.Sym(mco.Symbol(k)), Value: v} }
	hash := func(pairs ...mco.Pair) mco.Value { return mco.Hash(mco.NewMap(pairs...)) }
	binary := func(v mco.Value) mco.Value {
		b, err := marshal.Encode(v)
		if err != nil {
			panic(err)
		}
		return mco.Text(string(b), mco.Binary)
	}
	request := hash(
		sym("body", binary(hash(sym("agent", mco.String("rpcutil")), sym("action", mco.String("get_fact")),
			sym("caller", mco.String("uid=0")), sym("data", hash(sym("fact", mco.String("osfamily")), sym("process_results", mco.Bool(true))))))),
		sym("senderid", mco.String("client.example.net")),
		sym("requestid", mco.String("0123456789ab5cdef0123456789abcde")),
		sym("filter", mco.Filter{Facts: []mco.FactFilter{{Fact: "osfamily", Operator: "==", Value: "Debian"}}, Agents: []string{"rpcutil"}}.Value()),
		sym("collective", mco.String("mcollective")),
		sym("agent", mco.String("rpcutil")),
		sym("callerid", mco.String("uid=0")),
		sym("ttl", mco.Int(60)),
		sym("msgtime", mco.Int(1700000000)),
		sym("hash", mco.Text("d41d8cd98f00b204e9800998ecf8427e", mco.USASCII)))
	reply := hash(
		sym("senderid", mco.String("node1.example.net")),
		sym("requestid", mco.String("0123456789ab5cdef0123456789abcde")),
		sym("senderagent", mco.String("rpcutil")),
		sym("msgtime", mco.Int(1700000000)),
		sym("body", binary(hash(sym("statuscode", mco.Int(0)), sym("statusmsg", mco.String("OK")),
			sym("data", hash(sym("fact", mco.String("osfamily")), sym("value", mco.String("Debian"))))))),
		sym("hash", mco.Text("d41d8cd98f00b204e9800998ecf8427e", mco.USASCII)))
	facts := new(mco.Map)
	for i := range 230 {
		facts.Set(mco.String(fmt.Sprintf("network_fact_%d", i)), mco.String(fmt.Sprintf("192.0.2.%d", i)))
	}
	classes := make([]string, 40)
	for i := range classes {
		classes[i] = fmt.Sprintf("role::web::part%d", i)
	}
	inventory := hash(sym("statuscode", mco.Int(0)), sym("statusmsg", mco.String("OK")), sym("data", hash(
		sym("agents", mco.Strings("discovery", "rpcutil", "shell", "puppet")),
		sym("facts", mco.Hash(facts)), sym("classes", mco.Strings(classes...)), sym("version", mco.String("2.12.5")),
		sym("data_plugins", mco.Strings("agent_data", "fact_data")), sym("main_collective", mco.String("mcollective")),
		sym("collectives", mco.Strings("mcollective")))))
	return map[string]mco.Value{"request": request, "reply": reply, "inventory": inventory}
}

func BenchmarkDecode(b *testing.B) {
	for name, v := range samples() {
		payload, err := marshal.Encode(v)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(payload)))
			for b.Loop() {
				if _, err := marshal.Decode(payload, marshal.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	for name, v := range samples() {
		payload, err := marshal.Encode(v)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(payload)))
			for b.Loop() {
				if _, err := marshal.Encode(v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRuby measures Ruby's own reader and writer on the same messages, for comparison in the same run.
func BenchmarkRuby(b *testing.B) {
	ruby := rubyjudge.Start(b, "-e", `judge do |way, n, bytes|
		bytes = bytes.unpack1("m0"); object = Marshal.load(bytes)
		start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
		way == "decode" ? n.times { Marshal.load(bytes) } : n.times { Marshal.dump(object) }
		(Process.clock_gettime(Process::CLOCK_MONOTONIC) - start) * 1e9 / n
	end`)
	for name, v := range samples() {
		payload, err := marshal.Encode(v)
		if err != nil {
			b.Fatal(err)
		}
		for _, way := range []string{"decode", "encode"} {
			b.Run(way+"/"+name, func(b *testing.B) {
				b.ReportMetric(rubyjudge.Ask[float64](b, ruby, []any{way, b.N, payload}), "ns/op")
			})
		}
	}
}
