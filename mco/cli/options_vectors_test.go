package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/internal/vectors"
	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/cli/optparse"
	"github.com/mco-go/mco-go/mco/config"
)

type lineVector struct {
	Env    string
	Args   []string
	Result *vectors.Value
	Error  string
	Class  string
	Left   []string
}

type lineVectors struct {
	CommandLines []lineVector `json:"command_lines"`
	ExtraOpts    []lineVector `json:"extra_opts"`
}

// value is the options hash that the original's parser leaves behind, for comparison.
func (o *options) value() mco.Value {
	m := new(mco.Map)
	set := func(key mco.Symbol, v mco.Value) { m.Set(mco.Sym(key), v) }
	number := func(key mco.Symbol, n *int64, always bool) {
		if n != nil {
			set(key, mco.Int(*n))
		} else if always {
			set(key, mco.Nil())
		}
	}
	text := func(s string) mco.Value {
		if s == "" {
			return mco.Nil()
		}
		return mco.String(s)
	}
	set("verbose", mco.Bool(o.verbose))
	number("disctimeout", o.discoveryTimeout, true)
	set("timeout", mco.Int(o.timeout))
	set("collective", text(o.collective))
	set("discovery_method", text(o.method))
	set("discovery_options", mco.Strings(o.methodOptions...))
	set("filter", o.filter.Value())
	set("progress_bar", mco.Bool(o.progress))
	number("ttl", o.ttl, false)
	number("publish_timeout", o.publishTimeout, false)
	number("connection_timeout", o.connTimeout, false)
	number("limit_seed", o.limitSeed, false)
	if o.replyTo != nil {
		set("reply_to", mco.String(*o.replyTo))
	}
	if o.threaded {
		set("threaded", mco.Bool(true))
	}
	if o.sort {
		set("sort", mco.Bool(true))
	}
	if n, err := strconv.ParseInt(o.limit, 10, 64); err == nil {
		set("mcollective_limit_targets", mco.Int(n))
	} else if o.limit != "" {
		set("mcollective_limit_targets", mco.String(o.limit))
	}
	if o.batch != "" {
		set("batch_size", mco.String(o.batch))
	}
	if o.batchSleep != nil {
		set("batch_sleep_time", mco.Float(*o.batchSleep))
	}
	if o.json {
		set("output_format", mco.Sym("json"))
	}
	if o.display != "" {
		set("force_display_mode", mco.Sym(mco.Symbol(o.display)))
	}
	return mco.Hash(m)
}

// config is not part of the vectors' hashes: it depends on the machine that they were made on.
func TestVectorsCommandLines(t *testing.T) {
	v := vectors.Load[lineVectors](t, "filter_options.json")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hosts"), []byte("a.example.net\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(list string, cases []lineVector) {
		done := 0
		for _, tc := range cases {
			t.Run(list+"/"+tc.Env+strings.Join(tc.Args, " "), func(t *testing.T) {
				done++
				tc.compare(t, dir)
			})
		}
		vectors.Count(t, "filter_options.json", list, done, len(cases))
	}
	run("command_lines", v.CommandLines)
	run("extra_opts", v.ExtraOpts)
}

func (tc lineVector) compare(t *testing.T, dir string) {
	t.Helper()
	var args []string
	for _, a := range tc.Args {
		args = append(args, strings.ReplaceAll(a, "<dir>", dir))
	}
	var left []string
	app := &application{name: "x", words: func(words []string) error { left = words; return nil }}
	o := newOptions(nil)
	err := app.parse(o, tc.Env, args, false)
	if tc.Result == nil {
		if err == nil || strings.ReplaceAll(err.Error(), dir, "<dir>") != tc.Error {
			t.Errorf("error %v, want %q", err, tc.Error)
		}
		if e, ok := err.(*optparse.Error); ok && e.Class() != tc.Class {
			t.Errorf("class %s, want %s", e.Class(), tc.Class)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	o.settle(&config.Config{MainCollective: "mcollective"})
	for i, m := range o.methodOptions {
		o.methodOptions[i] = strings.ReplaceAll(m, dir, "<dir>")
	}
	if got := o.value(); !sameOptions(got, tc.Result.Value) {
		t.Errorf("got  %+v\nwant %+v", got, tc.Result.Value)
	}
	if !slices.Equal(left, tc.Left) {
		t.Errorf("words %q, want %q", left, tc.Left)
	}
}

// sameOptions compares two values; texts by their bytes alone, because the original labels those of the environment as binary.
func sameOptions(a, b mco.Value) bool {
	if s, ok := a.AsString(); ok {
		w, ok := b.AsString()
		return ok && s == w
	}
	if list, ok := a.AsList(); ok {
		other, ok := b.AsList()
		return ok && slices.EqualFunc(list, other, sameOptions)
	}
	if m, ok := a.AsMap(); ok {
		other, ok := b.AsMap()
		if !ok || m.Len() != other.Len() {
			return false
		}
		for k, v := range m.All() {
			if w, ok := other.Get(k); !ok || !sameOptions(v, w) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}
