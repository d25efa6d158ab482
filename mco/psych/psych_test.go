package psych_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/internal/rubyjudge"
	"github.com/mco-go/mco-go/mco/inspect"
	"github.com/mco-go/mco-go/mco/psych"
)

var update = flag.Bool("update", false, "ask ruby for the answers in testdata/psych.json again")

// answer is what Psych 4 makes of a document: the value as Ruby inspects it, or the exception.
type answer struct {
	Text  string `json:"text"`
	Value string `json:"value,omitempty"`
	Class string `json:"class,omitempty"`
	Error string `json:"error,omitempty"`
}

const ask = `
require "yaml"
judge do |text|
  a = {"text" => text}
  begin
    a["value"] = YAML.safe_load(text, permitted_classes: [Symbol], aliases: true).inspect
  rescue Exception => e
    a["class"], a["error"] = e.class.to_s, e.message
  end
  a
end
`

func answers(t *testing.T) []answer {
	t.Helper()
	file := filepath.Join("testdata", "psych.json")
	if *update {
		rubyjudge.Record(t, file, documents(), "-W0", "-e", ask)
	}
	return rubyjudge.Recorded[answer](t, file)
}

func TestReadsAsPsych(t *testing.T) {
	all := answers(t)
	for _, a := range all {
		v, err := psych.Load([]byte(a.Text))
		if a.Class == "" {
			if got := inspect.Inspect(v); err != nil || got != a.Value {
				t.Errorf("%q: %s, %v, want %s", a.Text, got, err, a.Value)
			}
			continue
		}
		got, ok := errors.AsType[*psych.Error](err)
		switch {
		case !ok:
			t.Errorf("%q: %s, %v, want %s: %s", a.Text, inspect.Inspect(v), err, a.Class, a.Error)
		case got.Class != a.Class:
			t.Errorf("%q: %s: %s, want %s: %s", a.Text, got.Class, got, a.Class, a.Error)
		case a.Class == "Psych::DisallowedClass" && got.Reason != a.Error:
			t.Errorf("%q: %s, want %s", a.Text, got, a.Error)
		}
	}
	t.Logf("%d documents", len(all))
}

// documents are scalars by themselves, alone and in every place that treats them in its own way, and structures.
func documents() []string {
	var docs []string
	for s := range strings.Lines(scalars) {
		s = strings.TrimSuffix(s, "\n")
		docs = append(docs, "--- "+s, "a: "+s, "["+s+"]", s+": 1", "'"+strings.ReplaceAll(s, "'", "''")+"'")
	}
	return append(docs, structures...)
}

const scalars = `abc
yes
Yes
YES
yEs
no
No
on
ON
off
Off
y
n
Y
true
True
TRUE
truE
false
~
null
Null
NULL
nil
~a
0
00
01
07
08
0644
-0644
+0644
0o17
0x1f
0xFFg
-0x1F
0b101
0b12
0b,
0x,
1
-1
+1
12
1_000
1,000
1__000
1_
_1
1,
,1
12345678901234567890
1.5
-1.5
+1.5
.5
5.
-.5
.
-.
+.
..
...a
1.5e3
1.5e+3
1.5E-3
1e3
1e+3
.e+5
1_0.5
1,0.5
1.5_0
1.2.3
10.0.0.1
1.0e+400
.inf
.Inf
.INF
-.inf
+.inf
.iNf
inf
.nan
.NaN
nan
12:30
12:30:45
-12:30
+1:2
1:60
1:5:9
190:20:30
1:2:3:4
12:30.5
1_0:20
12:30:45.5
00:11:22:33:44:55
1:a
:a
:a b
:"a b"
:'a'
:1
: a
::
::a
:a:b
:
a:b
http://x/y
2024-01-02
2024-1-2
2024-13-02
2024-02-31
24-01-02
2024-01-02 03:04:05
2024-01-02T03:04:05Z
2024-01-02 03:04:05 +00:00
2024-01-02 03:04:05.123
2024-01-02t3:04:05-5
2024-01
2024
-2024-01-02 03:04:05
<<
=
!
!x
@x
$x
%x
*
&
(a)
~/x
/var/www
\x
a\nb
a b
a  b
é
ünï
日本
- a
-a
--a
-
?
? a
?a
1a
a1
1.a
15.62 GB
8 GB
64-bit
4.2.1
v1.2
0.10
1.
"12"
"a\tb"
'12'
!str 12
!!str 12
!!int 12
!!int abc
!!float 12
!!float 1.5
!!float abc
!float 0x1f
!!bool yes
!!null x
!!binary aGVsbG8=
!binary aGVsbG8
!foo 12
!ruby/symbol foo
!ruby/sym foo
!ruby/regexp /a/
!ruby/range 1..2
!ruby/object:Object {}
!ruby/class String
!!timestamp 2024-01-02
! 12
!!str
!ruby/string x
!str:Foo x
!ruby/object:BigDecimal 1
!ruby/object:Rational 1/2
`

var structures = []string{
	"", "---\n", "---\n...\n", "# only a comment\n", "a: 1\nb: 2\n", "- 1\n- [2, {a: 3}]\n", "a:\n- 1\n- 2\n", "{a: 1, b: [1, 2]}", "---\na: 1\n---\nb: 2\n",
	"a: 1\na: 2\n", "a: &x {b: 1}\nc: *x\n", "a: &x [1, 2]\nc: [*x, *x]\n", "a: *nope\n", "base: &b {x: 1, y: 2}\nm:\n  <<: *b\n  y: 3\n",
	"base: &b {x: 1, y: 2}\nm:\n  y: 3\n  <<: *b\n", "a: &a {x: 1}\nb: &b {x: 2, z: 3}\nm:\n  <<: [*a, *b]\n", "m:\n  <<: {x: 1}\n", "m:\n  <<: 5\n",
	"m:\n  <<: [1, 2]\n", "a: &a [1]\nm:\n  <<: *a\n", "m:\n  '<<': {x: 1}\n", "m:\n  !!str <<: {x: 1}\n", "a: &a 5\nm:\n  <<: *a\n", "m:\n  <<: [{x: 1}, 2]\n",
	"a: !!set {x, y}\n", "a: !!omap [x: 1, y: 2]\n", "a: !omap [{x: 1}]\n", "a: !!omap {x: 1}\n", "a: !!map {x: 1}\n", "a: !!seq [1]\n", "a: !foo {x: 1}\n", "a: !foo [1]\n",
	"a: !ruby/object:OpenStruct {x: 1}\n", "a: !ruby/object:Hash {x: 1}\n", "a: !ruby/struct:Foo {x: 1}\n", "a: !ruby/hash:Foo {x: 1}\n", "a: !ruby/array:Foo [1]\n",
	"a: !ruby/range {begin: 1, end: 2, excl: false}\n", "a: !ruby/exception:Foo {message: x}\n", "a: !ruby/object:Set {hash: {}}\n", "a: !seq:Foo [1]\n", "a: !map:Foo {x: 1}\n",
	"? [1, 2]\n: x\n", "{a: 1}: x\n", "1: one\n2.5: x\ntrue: y\n~: z\n:s: t\n", "a: |\n  one\n  two\nb: >\n  one\n  two\n", "a: |-\n  1\n", "a: >\n  yes\n", "a: \"multi\n  line\"\n",
	"a: plain\n  over lines\n", "a: 'it''s'\n", "a: \"\\u00fc\\x41\\n\"\n", "a: [1, 2\n", "a:\tb\n\tc: d\n", "a: [\n", "a: }\n", "a: b: c\n", "- a\nb: c\n", "a: 'x\n", "a: \"\\q\"\n",
	"%YAML 1.1\n---\na: 1\n", "%YAML 1.2\n---\na: yes\n", "%TAG ! tag:x.org,2000:\n---\na: !y 1\n", "\ufeffa: 1\n", "a: 1\r\nb: 2\r\n", "a: &x !ruby/symbol q\nb: *x\n", "&a a: *a\n",
	"a: 1 # comment\nb: '# none'\n", "a:\n  b:\n    c: [1, {d: [e]}]\n", "a: \n", "a: ''\n", "- \n- ~\n", "[a, , b]", "[a, ]", "{a, b: 1}", "{a: , b}", "a: @x\n", "a: `x`\n", "a: %x\n", "&x\n", "*x\n",
}

func TestBounds(t *testing.T) {
	var aliases strings.Builder
	aliases.WriteString("a: &a 1\nl: [")
	aliases.WriteString(strings.Repeat("*a, ", psych.MaxAliases+1))
	aliases.WriteString("]\n")
	laughs := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 8 {
		laughs += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 10))
	}
	tests := []struct{ name, text, want string }{
		{"bytes", strings.Repeat("#", psych.MaxBytes+1), "bytes, at most"},
		{"flow depth", strings.Repeat("[", psych.MaxDepth+1) + strings.Repeat("]", psych.MaxDepth+1), "nested deeper"},
		{"very deep", strings.Repeat("[", 200_000), "max depth"},
		{"values", "[" + strings.Repeat("1,", psych.MaxNodes) + "]", "more than 100000 values"},
		{"far too many values", "[" + strings.Repeat("[],", 1_000_000) + "]", "more than 100000 values"},
		{"far too many pairs", strings.Repeat("a:\n", 1_000_000), "more than 100000 values"},
		{"aliases", aliases.String(), "more than 1000 aliases"},
		{"laughs", laughs, "more than 100000 values"},
		{"alias within itself", "a: &a [*a]\n", "Alias within itself: a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := psych.Load([]byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}

// Whatever is read, it ends in a value within the bounds or in an Error.
func FuzzLoad(f *testing.F) {
	for _, d := range documents() {
		f.Add([]byte(d))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := psych.Load(text)
		if _, ok := errors.AsType[*psych.Error](err); err != nil && !ok {
			t.Errorf("%q: error of another type: %v", text, err)
		}
		inspect.Inspect(v)
	})
}

func BenchmarkLoad(b *testing.B) {
	text := []byte(strings.Repeat("fact_%d: {name: web1.example.net, major: 12, cores: 8, up: true}\n", 300))
	for i := range 300 {
		text = bytes.Replace(text, []byte("%d"), fmt.Append(nil, i), 1)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := psych.Load(text); err != nil {
			b.Fatal(err)
		}
	}
}
