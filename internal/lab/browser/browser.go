// Package browser opens pages in a headless Chromium, for tests of what this project serves or writes as HTML.
//
// What it promises: the browser has a profile of its own, which goes with it; it ends with the test, and with the test binary where that
// is killed; it reaches nothing but this machine; and what a page complains of on its console, a breach of its own content security
// policy among it, fails the test.
package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/mco-go/mco-go/internal/lab"
)

// limit bounds one step: a busy machine needs its time.
const limit = 60 * time.Second

// ReportDir names the folder that screenshots are kept in; without it they go where the test keeps its artefacts.
const ReportDir = "MCO_LAB_REPORT"

// Page is one tab.
type Page struct {
	ctx context.Context // of the tab, until the test ends

	mu       sync.Mutex // guards the fields below
	errors   []string
	forgiven []string
}

// Open starts a browser and opens a page: a URL, or the path of a file.
func Open(t testing.TB, target string) *Page {
	t.Helper()
	lab.Need(t, lab.Chromium)
	ctx, cancel := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(
		chromedp.ExecPath("/usr/bin/chromium"),
		chromedp.NoSandbox, // tests run as root, and open pages of our own
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"),
		chromedp.WindowSize(1200, 800),
	))
	p := &Page{ctx: ctx}
	var listener sync.WaitGroup
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("end the browser: %v", err)
		}
		cancel()
		listener.Wait()
		for _, e := range p.Errors() {
			t.Errorf("the page says on its console: %s", e)
		}
	})
	if err := chromedp.Do(ctx); err != nil { // the browser lives as long as ctx, not as a step's deadline
		t.Fatalf("start the browser: %v", err)
	}
	console := chromedp.Console(ctx)
	listener.Go(func() {
		for m, err := range console {
			if err != nil {
				return
			}
			if m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleException {
				p.mu.Lock()
				p.errors = append(p.errors, m.Text+" "+m.URL)
				p.mu.Unlock()
			}
		}
	})
	if !strings.Contains(target, "://") {
		path, err := filepath.Abs(target)
		if err != nil {
			t.Fatal(err)
		}
		target = (&url.URL{Scheme: "file", Path: path}).String()
	}
	p.do(t, "open "+target, chromedp.Navigate(target))
	return p
}

func (p *Page) do(t testing.TB, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, limit)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// Errors returns what the page complained of so far.
func (p *Page) Errors() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.errors), func(e string) bool {
		return slices.ContainsFunc(p.forgiven, func(text string) bool { return strings.Contains(e, text) })
	})
}

// Forgive overlooks the complaints that contain text, which the test expects, also those to come.
func (p *Page) Forgive(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forgiven = append(p.forgiven, text)
}

// Eval returns the value of a JavaScript expression. A promise is waited for.
func Eval[T any](t testing.TB, p *Page, expression string) T {
	t.Helper()
	v, err := TryEval[T](p, expression)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// TryEval is [Eval] for conditions that are waited for.
func TryEval[T any](p *Page, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, limit)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Text returns what a reader sees of the element that a CSS selector finds; "" where there is none.
func (p *Page) Text(t testing.TB, selector string) string {
	t.Helper()
	quoted, err := json.Marshal(selector)
	if err != nil {
		t.Fatal(err)
	}
	return Eval[string](t, p, fmt.Sprintf("(document.querySelector(%s) || {innerText: ''}).innerText", quoted))
}

// Size makes the window width by height points; a narrow one is a phone's.
func (p *Page) Size(t testing.TB, width, height int64) {
	t.Helper()
	step := chromedp.EmulateViewport(width, height)
	if width < 600 {
		step = chromedp.EmulateViewport(width, height, chromedp.EmulateMobile, chromedp.EmulateScale(2))
	}
	p.do(t, "size the window", step)
}

// Dark sets whether the reader prefers a dark page.
func (p *Page) Dark(t testing.TB, dark bool) {
	t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	params := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	p.do(t, "set the colour scheme", chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, params)
		return err
	}))
}

// Screenshot takes a picture of the whole page and keeps it as name.png. It returns the file. A page that changes ten times a second never
// holds still on a busy machine.
func (p *Page) Screenshot(t testing.TB, name string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, limit)
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatalf("take a screenshot: %v", err)
	}
	dir := os.Getenv(ReportDir)
	if dir == "" {
		dir = t.ArtifactDir()
	}
	file := filepath.Join(dir, name+".png")
	err = os.MkdirAll(dir, 0o755)
	if err == nil {
		err = os.WriteFile(file, picture, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("screenshot: %s", file)
	return file
}
