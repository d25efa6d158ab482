package acceptance

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mco-go/mco-go/internal/lab"
)

var update = flag.Bool("update", false, "write REFERENCE.md anew")

// manifests are the module's classes.
func manifests(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(lab.Root(), "manifests", "*.pp"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no manifests: %v", err)
	}
	return files
}

// The real parser and the linter have nothing to say against the manifests.
func TestPuppetLint(t *testing.T) {
	lab.Need(t, lab.Puppet)
	t.Parallel()
	dir := t.TempDir()
	module := filepath.Join(dir, "mco") // the linter knows a module by its folder's name
	if err := os.Symlink(lab.Root(), module); err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, f := range manifests(t) {
		files = append(files, filepath.Join(module, "manifests", filepath.Base(f)))
	}
	for _, args := range [][]string{
		{"puppet", "parser", "validate", "--confdir", dir + "/c", "--vardir", dir + "/v"},
		{"puppet-lint", "--fail-on-warnings"},
	} {
		cmd := exec.Command(args[0], append(args[1:], files...)...)
		cmd.Env = append(os.Environ(), "HOME="+dir)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", args[0], err, out)
		}
	}
}

// functionsOfPuppet5 are what Puppet 5.0 has and manifests of ours may call.
var functionsOfPuppet5 = []string{"include", "contain", "each", "filter", "map", "reduce", "with", "unwrap", "lookup", "file", "template",
	"epp", "fail", "notice", "warning", "sprintf", "split", "regsubst", "dig", "new", "type", "defined", "hiera", "mco::json", "mco::render"}

// The manifests call nothing that Puppet 5 does not have, and the Ruby files no methods that came after its Ruby, 2.4.
func TestPuppet5HasIt(t *testing.T) {
	lab.Need(t, lab.Puppet)
	t.Parallel()
	const calls = `require 'puppet'
Puppet.initialize_settings(['--confdir', ARGV[0], '--vardir', ARGV[0]])
parser = Puppet::Pops::Parser::EvaluatingParser.new
ARGV.drop(1).each do |f|
  walk = lambda do |o|
    case o
    when Puppet::Pops::Model::CallNamedFunctionExpression then puts "#{File.basename(f)} #{o.functor_expr.value}" if o.functor_expr.respond_to?(:value)
    when Puppet::Pops::Model::CallMethodExpression then puts "#{File.basename(f)} #{o.functor_expr.right_expr.value}"
    end
    o._pcore_contents { |c| walk.call(c) }
  end
  walk.call(parser.parse_file(f))
end`
	out, err := exec.Command("ruby", append([]string{"-e", calls, t.TempDir()}, manifests(t)...)...).CombinedOutput()
	if err != nil || len(out) == 0 {
		t.Fatalf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		file, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !slices.Contains(functionsOfPuppet5, name) {
			t.Errorf("%s calls %s", file, name)
		}
	}
	later := regexp.MustCompile(`\.(then|filter_map|sum_of|tally|delete_prefix|delete_suffix|transform_keys|slice|except|filter|yield_self|each_entry_with|intersect\?)\b`)
	for _, pattern := range []string{"lib/puppet/*/*.rb", "lib/puppet/*/*/*.rb", "lib/puppet_x/*/*.rb"} {
		files, err := filepath.Glob(filepath.Join(lab.Root(), pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range later.FindAllString(string(text), -1) {
				t.Errorf("%s calls %s, which came after Ruby 2.4", filepath.Base(f), m)
			}
		}
	}
}

// The function of the Puppet server makes the bytes that the node makes.
func TestPuppetRender(t *testing.T) {
	lab.Need(t, lab.Puppet, lab.Facter)
	t.Parallel()
	m := newMachine(t, lab.NewNetwork(t), "ha1")
	p := newPuppet(t, "ha1", "")
	rows, err := json.Marshal(inventory(t, "ha1", "ha2", "mq1", "web1", "op1"))
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := json.Marshal(puppetSecrets)
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "facts.json", string(rows))
	p.write(t, "secrets.yaml", string(secrets))
	if err := os.Chmod(filepath.Join(p.dir, "secrets.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.write(t, "estate.yaml", p.topology)
	var manifest, command strings.Builder
	for _, row := range []struct{ node, file string }{{"ha1", "haproxy.cfg"}, {"ha1", "keepalived.conf"}, {"mq1", "definitions.json"}, {"web1", "server.cfg"}} {
		fmt.Fprintf(&manifest, "file { '%[1]s/by-function-%[3]s': mode => '0600', show_diff => false, content => mco::render('%[3]s', {\n"+
			"  'topology' => '%[1]s/estate.yaml', 'secrets' => '%[1]s/secrets.yaml', 'facts' => lookup('mco::nodes'), 'node' => '%[2]s', 'command' => '%[4]s' }) }\n",
			p.dir, row.node, row.file, lab.Program(t, "mco"))
		fmt.Fprintf(&command, "%[4]s generate render -t %[1]s/estate.yaml -f %[1]s/facts.json --secrets %[1]s/secrets.yaml -n %[2]s --file %[3]s | cmp - %[1]s/by-function-%[3]s\n",
			p.dir, row.node, row.file, lab.Program(t, "mco"))
	}
	p.write(t, "site.pp", manifest.String())
	out, exit := m.try(t, p.command("apply", "--detailed-exitcodes", "--show_diff", p.dir+"/site.pp")...)
	ends(t, out, exit, 2)
	p.keepsSecrets(t, out)
	m.run(t, "sh", "-euc", command.String())
}

// REFERENCE.md says what the comments of the classes say. Run with -update to write it anew.
func TestReferencePage(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Reference of the Puppet module mco\n\nMade from the comments in manifests/ by `make docs`.\n")
	for _, f := range manifests(t) {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		reference(t, &b, filepath.Base(f), string(text))
	}
	path := filepath.Join(lab.Root(), "REFERENCE.md")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if old, err := os.ReadFile(path); err != nil || string(old) != b.String() {
		t.Errorf("REFERENCE.md (%v) is not what the comments say: run make docs", err)
	}
}

// reference writes the section of one class or defined type: its comment, and a row for each of its parameters, each of which must have a comment.
func reference(t *testing.T, b *strings.Builder, name, text string) {
	t.Helper()
	head, body, ok := strings.Cut(text, "\nclass ")
	if !ok {
		head, body, ok = strings.Cut(text, "\ndefine ")
	}
	if !ok {
		t.Fatalf("%s holds no class and no defined type behind a comment", name)
	}
	class, _, _ := strings.Cut(body, " ")
	fmt.Fprintf(b, "\n## %s\n\n", class)
	said := map[string]string{}
	about := ""
	for line := range strings.Lines(head + "\n") {
		line = strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "#")
		if param, ok := strings.CutPrefix(line, " @param "); ok {
			about = param
			continue
		}
		line = strings.TrimSpace(line)
		if about == "" {
			b.WriteString(line + "\n")
		} else {
			said[about] += strings.TrimSpace(" " + line + " ")
			said[about] += " "
		}
	}
	parameter := regexp.MustCompile(`(?m)^  (\S.*?)\s+\$(\w+)\s*=\s*(.*?),?$`)
	signature, _, ok := strings.Cut(body, "\n) {")
	if !ok {
		signature = "" // a class without parameters
	}
	found := parameter.FindAllStringSubmatch(signature, -1)
	if len(found) > 0 {
		b.WriteString("\n| parameter | type | default | |\n|---|---|---|---|\n")
	}
	for _, p := range found {
		if said[p[2]] == "" {
			t.Errorf("%s: nothing is said about %s", name, p[2])
		}
		value := p[3]
		if value == "{" {
			value = "see the class"
		} else {
			value = "`" + value + "`"
		}
		fmt.Fprintf(b, "| `%s` | `%s` | %s | %s |\n", p[2], p[1], value, strings.TrimSpace(said[p[2]]))
		delete(said, p[2])
	}
	for left := range said {
		t.Errorf("%s: there is no parameter %s", name, left)
	}
}
