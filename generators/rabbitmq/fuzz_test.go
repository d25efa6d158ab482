package rabbitmq

import (
	"bytes"
	"slices"
	"testing"

	"github.com/mco-go/mco-go/generators/erlang"
)

// What a reader takes can be written, and reads back as the same.

func FuzzConf(f *testing.F) {
	f.Add([]byte("# x\nlisteners.tcp.1 = ::1:5672\nheartbeat=60 # y\n"), true)
	f.Add([]byte("a.b = it's\n"), false)
	f.Fuzz(func(t *testing.T, text []byte, quotes bool) {
		d := Dialect{quotes}
		settings, err := d.Parse(text)
		if err != nil {
			return
		}
		written, err := d.Encode("x", settings)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := d.Parse(written); err != nil || !slices.Equal(back, settings) {
			t.Errorf("%q became %q, %v", settings, back, err)
		}
	})
}

func FuzzEnv(f *testing.F) {
	f.Add([]byte("# x\nNODENAME='rabbit@a'\n\nLOG_BASE='/var/log'\n"))
	f.Add([]byte("A='$(id)'\nB='`'\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		variables, err := ParseEnv(text)
		if err != nil {
			return
		}
		written, err := EncodeEnv("x", variables)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseEnv(written); err != nil || !slices.Equal(back, variables) {
			t.Errorf("%q became %q, %v", variables, back, err)
		}
	})
}

func FuzzPlugins(f *testing.F) {
	f.Add([]byte("%% x\n[rabbitmq_management,rabbitmq_stomp].\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		plugins, err := ParsePlugins(text)
		if err != nil {
			return
		}
		written, err := erlang.Compact(plugins)
		if err != nil {
			return // an atom of characters that we do not write
		}
		if back, err := ParsePlugins([]byte(written)); err != nil || !slices.Equal(back, plugins) {
			t.Errorf("%q became %q, %v", plugins, back, err)
		}
	})
}

func FuzzDefinitions(f *testing.F) {
	f.Add([]byte(`{"users":[{"name":"a","tags":"x,y","password_hash":"","hashing_algorithm":""},{"name":"ä","tags":["z"]}]}`))
	f.Add([]byte(`{"policies":[{"definition":{"a":[1,2.5,"x",null,{"b":true}]},"priority":-1}],"vhosts":[{"name":"\ud83d\ude00","metadata":{}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := ParseDefinitions(text)
		if err != nil {
			return
		}
		written, err := d.Encode()
		if err != nil {
			return // a tag with a comma
		}
		if i := bytes.IndexFunc(written, func(r rune) bool { return r > '~' || r < ' ' && r != '\n' }); i >= 0 {
			t.Errorf("byte %#x in %s", written[i], written)
		}
		back, err := ParseDefinitions(written)
		if err != nil {
			t.Fatalf("%v: %s", err, written)
		}
		if err := d.compare(back); err != nil {
			t.Errorf("%v: %s became %s", err, text, written)
		}
	})
}
