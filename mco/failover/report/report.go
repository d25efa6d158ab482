// Package report writes what a drill measured (mco/failover/drill) as JSON, and as one page of HTML that needs nothing else: no script,
// no other file, no network. The page's numbers are those of the JSON, to the millisecond.
package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/mco-go/mco-go/mco/failover"
	"github.com/mco-go/mco-go/mco/failover/drill"
)

// Write writes NAME.html and NAME.json, each as a whole, for everybody to read, and returns their names.
func Write(name string, r *drill.Result) (files []string, err error) {
	for _, x := range []struct {
		ending string
		write  func(io.Writer, *drill.Result) error
	}{{".html", HTML}, {".json", JSON}} {
		var content bytes.Buffer
		if err := x.write(&content, r); err != nil {
			return files, err
		}
		if err := failover.WriteFile(name+x.ending, content.Bytes()); err != nil {
			return files, err
		}
		files = append(files, name+x.ending)
	}
	return files, nil
}

// JSON writes one object; docs/drill.md names its fields.
func JSON(w io.Writer, r *drill.Result) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// ms are seconds as the page shows them, to the millisecond; a dash where there is no time.
func ms(s any) string {
	switch s := s.(type) {
	case float64:
		return fmt.Sprintf("%.3f", s)
	case *float64:
		if s != nil {
			return fmt.Sprintf("%.3f", *s)
		}
	}
	return "–"
}
