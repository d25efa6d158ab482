package estates

import "testing"

// Installed are the versions of the laboratory's programs, as --software takes them.
func Installed(t testing.TB) map[string]string {
	t.Helper()
	return expectations(t).Today
}
