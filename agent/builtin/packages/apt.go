package packages

import (
	"context"
	"fmt"
	"strings"

	"github.com/mco-go/mco-go/mco"
)

// apt is Debian's apt-get with dpkg.
type apt struct{ *tools }

var _ manager = apt{}

func (apt) name() string { return "apt" }

// checkDebName takes name and name:architecture. A minus at the end is apt-get's order to remove.
func checkDebName(name string) error {
	bare, arch, hasArch := strings.Cut(name, ":")
	if !made(bare, "+.-") || bare == "" || strings.IndexByte("+.-", bare[0]) >= 0 || strings.HasSuffix(bare, "-") ||
		hasArch && (arch == "" || arch[0] == '-' || !made(arch, "-")) {
		return fmt.Errorf("%q names no package", name)
	}
	return nil
}

func (a apt) status(ctx context.Context, name string) (status, error) {
	if err := checkDebName(name); err != nil {
		return status{}, err
	}
	res, err := a.run(ctx, "dpkg-query", "-W", "--showformat", `${Status} ${Package} ${Version} ${Architecture}\n`, "--", name)
	if err != nil {
		return status{}, err
	}
	return parseDpkg(name, res.output), nil
}

// parseDpkg reads a line of dpkg-query: three words of state, name, version and architecture. Of an unknown package there is none.
func parseDpkg(name, text string) status {
	line, _, _ := strings.Cut(text, "\n")
	words := strings.Fields(line)
	if len(words) < 4 {
		return status{ensure: purged, name: name, from: "apt", more: dpkgState("", "ok", "missing")}
	}
	s := status{name: words[3], from: "apt", more: dpkgState(words[0], words[1], words[2])}
	switch words[2] {
	case "not-installed":
		s.ensure = purged
	case "config-files":
		s.ensure = absent
	default:
		if len(words) < 6 {
			s.ensure = absent // half of it is there, but no version
			return s
		}
		s.ensure, s.arch = words[4], words[5]
		s.epoch, s.version, s.release = splitDebVersion(words[4])
	}
	return s
}

func dpkgState(desired, flag, state string) []mco.Pair {
	pairs := []mco.Pair{{Key: mco.Sym("error"), Value: mco.String(flag)}, {Key: mco.Sym("status"), Value: mco.String(state)}}
	if desired != "" {
		pairs = append(pairs, mco.Pair{Key: mco.Sym("desired"), Value: mco.String(desired)})
	}
	return pairs
}

// splitDebVersion splits epoch:upstream-revision; an epoch that is not there is 0.
func splitDebVersion(version string) (epoch, upstream, revision string) {
	epoch, rest, ok := strings.Cut(version, ":")
	if !ok {
		epoch, rest = "0", version
	}
	if i := strings.LastIndexByte(rest, '-'); i >= 0 {
		return epoch, rest[:i], rest[i+1:]
	}
	return epoch, rest, ""
}

func (a apt) change(ctx context.Context, verb, name, version string) (string, error) {
	if err := checkDebName(name); err != nil {
		return "", err
	}
	if err := checkVersion(version); err != nil {
		return "", err
	}
	// Names are names: no pattern is tried where there is no such package. Another program that is at work is waited for.
	argv := []string{"apt-get", "-q", "-y", "-o", "DPkg::Options::=--force-confold", "-o", "APT::Cmd::Pattern-Only=true", "-o", "DPkg::Lock::Timeout=60"}
	word := name
	switch verb {
	case "install", "update":
		argv = append(argv, "install")
		if version != "" {
			argv = append(argv, "--allow-downgrades")
			word += "=" + version
		}
	case "uninstall":
		argv = append(argv, "remove")
	case "purge":
		argv = append(argv, "remove", "--purge")
	}
	return a.tools.change(ctx, append(argv, "--", word)...)
}

// search tells the versions of one package, or of all whose names match a pattern of shells.
func (a apt) search(ctx context.Context, name string) ([]available, error) {
	names := []string{name}
	if strings.ContainsAny(name, "*?") {
		if !made(name, "+.-*?") || name[0] == '-' {
			return nil, fmt.Errorf("%q names no package", name)
		}
		prefix := name[:strings.IndexAny(name, "*?")]
		res, err := a.run(ctx, "apt-cache", "pkgnames", "--", prefix)
		if err != nil {
			return nil, err
		}
		names = matching(name, strings.Fields(res.output))
		if len(names) == 0 {
			return nil, nil
		}
	} else if err := checkDebName(name); err != nil {
		return nil, err
	}
	res, err := a.run(ctx, append([]string{"apt-cache", "madison", "--"}, names...)...)
	return parseMadison(res.output), err
}

// parseMadison reads lines "name | version | where from"; those of sources are not installed.
func parseMadison(text string) []available {
	var found []available
	for line := range strings.Lines(text) {
		columns := strings.SplitN(line, "|", 3)
		if len(columns) != 3 {
			continue
		}
		p := available{strings.TrimSpace(columns[0]), strings.TrimSpace(columns[1]), strings.TrimSpace(columns[2])}
		if !strings.HasSuffix(p.repo, " Sources") {
			found = append(found, p)
		}
	}
	return found
}

func (a apt) installed(ctx context.Context) (result, []string, error) {
	res, err := a.must(ctx, "dpkg command", "dpkg", "--list")
	var lines []string
	for line := range strings.Lines(res.output) {
		if strings.HasPrefix(line, "ii") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return res, lines, err
}

func (a apt) refresh(ctx context.Context) (result, error) {
	return a.must(ctx, "apt-get update", "apt-get", "update")
}

func (a apt) updates(ctx context.Context) (result, []available, error) {
	res, err := a.must(ctx, "Apt check-update", "apt-get", "--simulate", "dist-upgrade")
	return res, parseSimulation(res.output), err
}

// parseSimulation reads lines as "Inst name [old] (new where-from [arch])"; a package without an old version is new, not outdated.
func parseSimulation(text string) []available {
	var found []available
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, "Inst ")
		if !ok {
			continue
		}
		name, rest, ok1 := strings.Cut(rest, " [")
		_, rest, ok2 := strings.Cut(rest, "] (")
		version, rest, ok3 := strings.Cut(rest, " ")
		repo, _, ok4 := strings.Cut(rest, ")")
		if ok1 && ok2 && ok3 && ok4 && !strings.ContainsAny(name, " (") {
			found = append(found, available{name, version, strings.TrimSpace(repo)})
		}
	}
	return found
}
