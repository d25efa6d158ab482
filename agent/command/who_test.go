package command

import (
	"errors"
	"io/fs"
	"os/user"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/internal/lab"
)

func TestEnvironment(t *testing.T) {
	t.Setenv("SECRET_OF_THE_DAEMON", "x")
	t.Setenv("LC_ALL", "xx_XX")
	who, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	res, err := newRunner(t, Options{}).Run(t.Context(), Spec{Argv: []string{"env"}, Env: map[string]string{"COLOUR": "blue green", "LANG": "C.UTF-8"}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"COLOUR=blue green", "HOME=" + who.HomeDir, "LANG=C.UTF-8", "LC_ALL=C", "LOGNAME=" + who.Username,
		"PATH=" + searchPath, "SHELL=/bin/sh", "USER=" + who.Username}
	if diff := cmp.Diff(strings.Join(want, "\n")+"\n", string(res.Stdout)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestRefused(t *testing.T) {
	r := newRunner(t, Options{})
	for name, row := range map[string]struct {
		spec Spec
		want string
		is   error
	}{
		"nothing":             {Spec{}, "no command", nil},
		"no program":          {Spec{Argv: []string{"no-such-program"}}, "start no-such-program: no such file or directory", fs.ErrNotExist},
		"no program at all":   {Spec{Argv: []string{"/no/such/program", "-x"}}, "start /no/such/program: no such file or directory", fs.ErrNotExist},
		"no program but data": {Spec{Argv: []string{"/etc/passwd"}}, "start /etc/passwd: permission denied", fs.ErrPermission},
		"no folder":           {Spec{Argv: []string{"true"}, Dir: "/no/such"}, "start true: no such file or directory", fs.ErrNotExist},
		"no user":             {Spec{Argv: []string{"true"}, User: "nobody-there"}, "run as nobody-there: user: unknown user nobody-there", nil},
		"a zero byte":         {Spec{Argv: []string{"echo", "a\x00b"}}, "start echo: invalid argument", nil},
		"a loader's variable": {Spec{Argv: []string{"true"}, Env: map[string]string{"LD_PRELOAD": "x"}}, "environment: LD_PRELOAD is not to be set for a command", nil},
		"a shell's variable":  {Spec{Argv: []string{"true"}, Env: map[string]string{"BASH_ENV": "x"}}, "environment: BASH_ENV is not to be set for a command", nil},
		"no variable":         {Spec{Argv: []string{"true"}, Env: map[string]string{"A=B": "x"}}, `environment: "A=B" is no variable`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := r.Run(t.Context(), row.spec)
			if err == nil || err.Error() != row.want || row.is != nil && !errors.Is(err, row.is) {
				t.Errorf("error %q, want %q", err, row.want)
			}
			if res.ExitCode != -1 {
				t.Errorf("exit code %d of what did not run", res.ExitCode)
			}
		})
	}
}

func TestRunAsAnother(t *testing.T) {
	lab.Need(t, lab.Superuser)
	who, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	groups, err := who.GroupIds()
	if err != nil {
		t.Fatal(err)
	}
	r := newRunner(t, Options{})
	res, err := r.Run(t.Context(), Spec{Line: "cat /proc/self/status; echo HOME $HOME $USER", User: "nobody"})
	if err != nil {
		t.Fatal(err)
	}
	four := func(id string) string { return strings.Join([]string{id, id, id, id}, "\t") }
	for _, want := range []string{
		"Uid:\t" + four(who.Uid) + "\n", "Gid:\t" + four(who.Gid) + "\n", "Groups:\t" + strings.Join(groups, " "),
		"CapEff:\t0000000000000000\n", "HOME " + who.HomeDir + " nobody\n",
	} {
		if !strings.Contains(string(res.Stdout), want) {
			t.Errorf("no %q in\n%s", want, res.Stdout)
		}
	}
}
