package security

import (
	"fmt"
	"log/slog"
)

// Secret is a text that must not be shown: logs, formatted text and JSON get "[redacted]" in its place. Convert it to string where it
// is used.
type Secret string

const redacted = "[redacted]"

// LogValue keeps the secret out of logs.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format keeps it out of formatted text, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// MarshalText keeps it out of JSON.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
