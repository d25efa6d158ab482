package browser_test

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
	"github.com/mco-go/mco-go/internal/lab/browser"
)

const page = `<!doctype html><title>T</title><style>body{background:white}@media (prefers-color-scheme: dark){body{background:black}}</style>
<p id=p>hello</p><script>setTimeout(() => document.getElementById('p').textContent = 'changed', 50)</script>`

// A file is opened, evaluated, seen in both schemes and sizes, and photographed.
func TestFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a b.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	p := browser.Open(t, file)
	lab.Wait(t, "the page's script", 10*time.Second, func() error {
		if got := p.Text(t, "#p"); got != "changed" {
			return fmt.Errorf("it shows %q", got)
		}
		return nil
	})
	if got := p.Text(t, "#none"); got != "" {
		t.Errorf("what is not there shows %q", got)
	}
	for dark, want := range map[bool]string{false: "rgb(255, 255, 255)", true: "rgb(0, 0, 0)"} {
		p.Dark(t, dark)
		if got := browser.Eval[string](t, p, "getComputedStyle(document.body).backgroundColor"); got != want {
			t.Errorf("dark %v: %s", dark, got)
		}
	}
	p.Size(t, 400, 700)
	if got := browser.Eval[int](t, p, "window.innerWidth"); got < 400 {
		t.Errorf("the window is %d points wide", got)
	}
	raw, err := os.ReadFile(p.Screenshot(t, "browser"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(raw)); err != nil {
		t.Error(err)
	}
	if _, err := browser.TryEval[int](p, "nothing.there"); err == nil {
		t.Error("no error of a wrong expression")
	}
}

// What breaks the page's own policy is told, and no other machine is reached.
func TestComplaints(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		fmt.Fprint(w, "<!doctype html><title>T</title><script>1</script>")
	}))
	defer s.Close()
	p := browser.Open(t, s.URL)
	lab.Wait(t, "the complaint", 10*time.Second, func() error {
		if got := strings.Join(p.Errors(), "\n"); !strings.Contains(got, "Content Security Policy") {
			return fmt.Errorf("errors: %q", got)
		}
		return nil
	})
	p.Forgive("Content Security Policy")
	if got := browser.Eval[string](t, p, "fetch('http://example.com/').then(() => 'reached', () => 'refused')"); got != "refused" {
		t.Error("another machine is reached")
	}
}

// The browser and its profile are gone when its test is.
func TestLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	t.Run("a page", func(t *testing.T) {
		browser.Open(t, "chrome://version")
	})
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
