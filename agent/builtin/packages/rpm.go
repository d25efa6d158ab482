package packages

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// rpm is dnf or yum with rpm.
type rpm struct {
	*tools
	program string // dnf or yum
}

var _ manager = rpm{}

func (rpm) name() string { return "yum" }

// checkRPMName keeps options, patterns, groups, files and addresses out.
func checkRPMName(name string) error {
	if name == "" || strings.IndexByte("-.+@", name[0]) >= 0 || !made(name, "+._-") {
		return fmt.Errorf("%q names no package", name)
	}
	return nil
}

func (r rpm) status(ctx context.Context, name string) (status, error) {
	if err := checkRPMName(name); err != nil {
		return status{}, err
	}
	res, err := r.run(ctx, "rpm", "-q", "--qf", `%{NAME} %|EPOCH?{%{EPOCH}}:{0}| %{VERSION} %{RELEASE} %{ARCH}\n`, "--", name)
	if err != nil {
		return status{}, err
	}
	if res.code != 0 {
		return status{ensure: purged, name: name, from: r.program}, nil
	}
	return parseRPM(res.output, r.program)
}

// parseRPM reads the line of the package that was installed last, of those that may be there side by side.
func parseRPM(text, from string) (status, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	words := strings.Fields(lines[len(lines)-1])
	if len(words) != 5 {
		return status{}, errors.New("rpm answered something else than a package")
	}
	return status{ensure: words[2] + "-" + words[3], name: words[0], epoch: words[1], version: words[2], release: words[3], arch: words[4], from: from}, nil
}

func (r rpm) change(ctx context.Context, verb, name, version string) (string, error) {
	if err := checkRPMName(name); err != nil {
		return "", err
	}
	if err := checkVersion(version); err != nil {
		return "", err
	}
	word := name
	switch verb {
	case "install":
		if version != "" {
			word += "-" + version
		}
	case "uninstall", "purge":
		verb = "remove"
	}
	return r.tools.change(ctx, r.program, "-d", "0", "-e", "1", "-y", verb, "--", word)
}

func (r rpm) search(ctx context.Context, name string) ([]available, error) {
	if !made(name, "+._*?-") || name == "" || name[0] == '-' {
		return nil, fmt.Errorf("%q names no package", name)
	}
	res, err := r.run(ctx, r.program, "list", "-q", "--showduplicates", "--", name)
	return parseYum(res.output), err
}

func (r rpm) installed(ctx context.Context) (result, []string, error) {
	res, err := r.must(ctx, "rpm command", "rpm", "-qa")
	return res, strings.Fields(res.output), err
}

func (r rpm) refresh(ctx context.Context) (result, error) {
	return r.must(ctx, r.program+" makecache", r.program, "-q", "makecache")
}

func (r rpm) updates(ctx context.Context) (result, []available, error) {
	res, err := r.run(ctx, r.program, "-q", "check-update") // 100 says that there are some
	return res, parseYum(res.output), err
}

// parseYum reads lines "name.arch version repository" until those of packages that replace others.
func parseYum(text string) []available {
	var found []available
	for line := range strings.Lines(strings.TrimSpace(text)) {
		if strings.HasPrefix(strings.ToLower(line), "obsoleting packages") {
			break
		}
		if words := strings.Fields(line); len(words) >= 3 {
			found = append(found, available{words[0], words[1], words[2]})
		}
	}
	return found
}

// clean empties the cache, all of it unless a mode says which part.
func (r rpm) clean(ctx context.Context, mode string) (result, error) {
	if mode == "" {
		mode = "all"
	}
	if !slices.Contains([]string{"all", "headers", "packages", "metadata", "dbcache", "plugins", "expire-cache"}, mode) {
		//lint:ignore ST1005 the original's text
		return result{}, fmt.Errorf("Unsupported yum clean mode: %s", mode)
	}
	return r.must(ctx, "Yum clean", r.program, "clean", mode)
}

// matching returns the names that a pattern of shells matches.
func matching(pattern string, names []string) []string {
	const most = 200 // what one command line and one reply should carry
	var found []string
	for _, n := range slices.Sorted(slices.Values(names)) {
		if ok, err := path.Match(pattern, n); err == nil && ok && len(found) < most {
			found = append(found, n)
		}
	}
	return found
}
