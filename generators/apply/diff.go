package apply

import (
	"bytes"
	"fmt"
	"io"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff writes what would change as unified differences, without any value of a secret: neither those that the new files hold nor, as
// far as lines of the same keys tell, those that the old ones hold. A file that was not written by this package is not shown, because
// nothing tells where its secrets are.
func (p *Plan) Diff(w io.Writer) error {
	for _, s := range p.steps {
		if err := s.diff(w); err != nil {
			return err
		}
	}
	return nil
}

func (s step) diff(w io.Writer) error {
	var err error
	switch s.Verb {
	case Unchanged:
	case Refuse:
		_, err = fmt.Fprintf(w, "refused %s: %s\n", s.Path, s.Why)
	case Remove:
		_, err = fmt.Fprintf(w, "remove %s: %s\n", s.Path, s.Why)
	case Mode:
		_, err = fmt.Fprintf(w, "mode %s: %s -> %s\n", s.Path, s.From, s.To)
	case Create, Update:
		masks := newMasks(s.file)
		fresh := masks.hide(s.file.Content)
		var old []byte
		name := "/dev/null"
		if s.old != nil {
			name = s.Path
			if !s.old.managed && len(s.file.Secrets) > 0 && !masks.marksNothing {
				_, err = fmt.Fprintf(w, "update %s: what is there is not shown, for it was not written by mco generate and may hold secrets\n", s.Path)
				return err
			}
			old = masks.hide(s.old.content)
		}
		if bytes.Equal(old, fresh) {
			_, err = fmt.Fprintf(w, "update %s: only secrets change\n", s.Path)
			return err
		}
		_, err = w.Write(diff.Diff(name, old, s.Path+" (new)", fresh))
	}
	return err
}
