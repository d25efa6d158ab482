package command

import (
	"fmt"
	"maps"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// searchPath is where programs are looked up, as root finds them on every distribution, with Puppet's folder behind.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/puppetlabs/bin"

// environ builds the environment of a command.
func environ(who *user.User, extra map[string]string) (map[string]string, error) {
	env := map[string]string{"PATH": searchPath, "HOME": "/", "SHELL": "/bin/sh", "LANG": "C", "LC_ALL": "C"}
	if who != nil {
		env["USER"], env["LOGNAME"] = who.Username, who.Username
		if who.HomeDir != "" {
			env["HOME"] = who.HomeDir
		}
	}
	for name, value := range extra {
		if err := checkVariable(name, value); err != nil {
			return nil, err
		}
		env[name] = value
	}
	return env, nil
}

// checkVariable refuses what is no variable, and what decides which code a program or a shell runs.
func checkVariable(name, value string) error {
	switch {
	case name == "" || strings.ContainsAny(name, "=\x00") || strings.Contains(value, "\x00"):
		return fmt.Errorf("environment: %q is no variable", name)
	case strings.HasPrefix(name, "LD_"), strings.HasPrefix(name, "GIT_"), strings.HasPrefix(name, "BASH_FUNC_"),
		slices.Contains([]string{"BASH_ENV", "ENV", "IFS", "PS4", "SHELLOPTS", "BASHOPTS", "PERL5OPT", "RUBYOPT", "PYTHONSTARTUP"}, name):
		return fmt.Errorf("environment: %s is not to be set for a command", name)
	}
	return nil
}

// variables returns env as exec wants it.
func variables(env map[string]string) []string {
	list := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}

// lookPath finds a program in path, as a shell does: in its folders, unless the name has a slash.
func lookPath(program, path string) (string, error) {
	if strings.Contains(program, "/") {
		return program, nil
	}
	found := syscall.ENOENT
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			continue // the command's folder is none of ours, and nobody means it
		}
		file := filepath.Join(dir, program)
		var st syscall.Stat_t
		if err := syscall.Stat(file, &st); err != nil || st.Mode&syscall.S_IFMT != syscall.S_IFREG {
			continue
		}
		if st.Mode&0o111 != 0 {
			return file, nil
		}
		found = syscall.EACCES
	}
	return "", found
}

// credential looks up who runs the command. For our own user it is nil: nothing is to be changed.
func credential(name string) (*user.User, *syscall.Credential, error) {
	if name == "" {
		who, err := user.Current()
		if err != nil {
			return nil, nil, nil // no name for our number: the command has none either
		}
		return who, nil, nil
	}
	who, err := user.Lookup(name)
	if err != nil {
		return nil, nil, fmt.Errorf("run as %s: %w", name, err)
	}
	ids, err := who.GroupIds()
	if err != nil {
		return nil, nil, fmt.Errorf("run as %s: its groups: %w", name, err)
	}
	c := new(syscall.Credential)
	if c.Uid, err = number(who.Uid); err != nil {
		return nil, nil, fmt.Errorf("run as %s: %w", name, err)
	}
	if c.Gid, err = number(who.Gid); err != nil {
		return nil, nil, fmt.Errorf("run as %s: %w", name, err)
	}
	for _, id := range ids {
		g, err := number(id)
		if err != nil {
			return nil, nil, fmt.Errorf("run as %s: %w", name, err)
		}
		c.Groups = append(c.Groups, g)
	}
	return who, c, nil
}

func number(id string) (uint32, error) {
	n, err := strconv.ParseUint(id, 10, 32)
	return uint32(n), err
}
