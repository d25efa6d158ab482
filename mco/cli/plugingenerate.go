package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/inspect"
)

// generate writes the first files of a plugin into a folder of its name: a DDL and a Ruby class (generators/*.rb).
func (c *pluginCommand) generate(s *session) error {
	if c.name == "" {
		fmt.Fprintln(s.out, "No plugin name specified. Using 'new_plugin'")
		c.name = "new_plugin"
	}
	var kind, class, ddl, code string
	switch strings.ToLower(c.target) {
	case "agent":
		kind, class = "Agent", "RPC::Agent"
		ddl, code = agentDDL(c.actions), agentCode(c.actions)
	case "data":
		if len(c.outputs) == 0 {
			return textError("data plugin must have at least one output")
		}
		kind, class = "Data", "Base"
		ddl, code = dataDDL(c.outputs), dataCode(c.outputs)
	default:
		return textError("invalid plugin type. cannot generate plugin '" + c.target + "'")
	}
	ddl = c.metadata(s) + ddl
	name := strings.ToUpper(c.name[:1]) + strings.ToLower(c.name[1:])
	code = fmt.Sprintf("module MCollective\n  module %s\n    class %s<%s\n%s\n    end\n  end\nend\n", kind, name, class, code)
	return c.write(s, kind, ddl, code)
}

// metadata is the head of a DDL: what the options say, then the cfg file, then a word to be replaced.
func (c *pluginCommand) metadata(s *session) string {
	value := func(given, key, missing string) string {
		if given != "" {
			return given
		}
		if v, ok := s.cfg.Plugin("metadata." + key); ok {
			return v
		}
		return missing
	}
	timeout := ""
	if c.timeout != nil {
		timeout = inspect.Text(mco.Int(*c.timeout))
	}
	return fmt.Sprintf(`metadata :name => "%s",
         :description => "%s",
         :author => "%s",
         :license => "%s",
         :version => "%s",
         :url => "%s",
         :timeout => %s

`, c.name, value(c.description, "description", "%DESCRIPTION%"), value(c.author, "author", "%AUTHOR%"), value(c.license, "license", "%LICENSE%"),
		value(c.version, "version", "%VERSION%"), value(c.url, "url", "%URL%"), value(timeout, "timeout", "%TIMEOUT%"))
}

const exampleAction = `     # Example Input
     input :name,
           :prompt => "%PROMPT%",
           :description => "%DESCRIPTION%",
           :type => %TYPE%,
           :validation => '%VALIDATION%',
           :optional => %OPTIONAL%,
           :maxlength => %MAXLENGTH%

     # Example output
     output :name,
            :description => "%DESCRIPTION%",
            :display_as => "%DISPLAYAS%"
`

func agentDDL(actions []string) string {
	blocks := make([]string, len(actions))
	for i, a := range actions {
		body := ""
		if i == 0 {
			body = exampleAction
		}
		blocks[i] = "action \"" + a + "\", :description => \"%ACTIONDESCRIPTION%\" do\n" + body + "end\n"
	}
	return strings.Join(blocks, "\n")
}

func agentCode(actions []string) string {
	blocks := make([]string, len(actions))
	for i, a := range actions {
		blocks[i] = "      action \"" + a + "\" do\n      end\n"
	}
	return strings.Join(blocks, "\n")
}

const exampleQuery = `dataquery :description => "Query information" do
  input :query,
        :prompt => "%PROMP%",
        :description => "%DESCRIPTION%",
        :type => %TYPE%,
        :validation => %VALIDATION%,
        :maxlength => %MAXLENGTH%

`

func dataDDL(outputs []string) string {
	blocks := make([]string, len(outputs))
	for i, o := range outputs {
		blocks[i] = "  output :" + o + ",\n         :description => \"%DESCRIPTION%\",\n         :display_as => \"%DESCRIPTION%\"\n"
	}
	return exampleQuery + strings.Join(blocks, "\n") + "end\n"
}

func dataCode(outputs []string) string {
	var b strings.Builder
	b.WriteString("      query do |what|\n")
	for _, o := range outputs {
		b.WriteString("        result[:" + o + "] = nil\n")
	}
	b.WriteString("      end\n")
	return b.String()
}

// write makes the folder, which must not be there, and the files in it. What was made is taken away again when something fails.
func (c *pluginCommand) write(s *session, kind, ddl, code string) error {
	if err := os.Mkdir(c.name, 0o777); errors.Is(err, fs.ErrExist) {
		return textError("cannot generate '" + c.name + "' : plugin directory already exists.")
	} else if err != nil {
		return fmt.Errorf("cannot generate plugin - %w", systemError("dir_s_mkdir", err))
	}
	err := func() error {
		dir := filepath.Join(c.name, strings.ToLower(kind))
		if err := os.Mkdir(dir, 0o777); err != nil {
			return err
		}
		fmt.Fprintln(s.out, "Created plugin directory : "+c.name)
		for _, f := range []struct{ what, ext, text string }{{"DDL", ".ddl", ddl}, {kind, ".rb", code}} {
			path := filepath.Join(dir, c.name+f.ext)
			if err := os.WriteFile(path, []byte(f.text), 0o666); err != nil {
				return err
			}
			fmt.Fprintf(s.out, "Created %s file : %s\n", f.what, path)
		}
		return nil
	}()
	if err != nil {
		return fmt.Errorf("cannot generate plugin - %w", errors.Join(err, os.RemoveAll(c.name)))
	}
	return nil
}
