// Package secret keeps passwords, keys and cookies away from whatever is shown: a [Value] prints as its name, and only a writer of
// files asks for its bytes.
package secret

import (
	"encoding/json"
	"fmt"
	"log/slog"
)

// Value is one secret. Printed, logged or marshalled it is "[secret NAME]".
type Value struct {
	name  string
	bytes string
}

// New returns the secret of that name.
func New(name, bytes string) Value { return Value{name: name, bytes: bytes} }

// Name is what the topology calls the secret.
func (v Value) Name() string { return v.name }

// Set tells whether there is a secret at all.
func (v Value) Set() bool { return v.name != "" }

// Reveal returns the secret itself, for the file that needs it.
func (v Value) Reveal() string { return v.bytes }

func (v Value) String() string { return "[secret " + v.name + "]" }

// Format prints the name whatever the verb: %#v and %q must not show the secret either.
func (v Value) Format(f fmt.State, _ rune) { fmt.Fprint(f, v.String()) }

// LogValue implements [slog.LogValuer].
func (v Value) LogValue() slog.Value { return slog.StringValue(v.String()) }

// MarshalJSON implements [json.Marshaler].
func (v Value) MarshalJSON() ([]byte, error) { return json.Marshal(v.String()) }
