package manpage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Golden compares files of folder, by name, with what they should hold, and writes them where update is set.
func Golden(t *testing.T, folder string, update bool, want map[string]string) {
	t.Helper()
	for name, text := range want {
		path := filepath.Join(folder, name)
		if update {
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if string(got) != text {
			t.Errorf("%s is older than the program: make docs", path)
		}
	}
}
