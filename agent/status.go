package agent

import (
	"errors"
	"fmt"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/ddl"
)

// Error is a failure with a status of the protocol. Agents return it to choose the code; its text goes to the caller as it is.
type Error struct {
	Code mco.StatusCode // Aborted, UnknownAction, MissingData or InvalidData; any other arrives as UnknownError
	Text string
}

// Error returns the text that the caller sees.
func (e *Error) Error() string { return e.Text }

// Failf returns an [*Error] with a formatted text.
func Failf(code mco.StatusCode, format string, args ...any) error {
	return &Error{Code: code, Text: fmt.Sprintf(format, args...)}
}

// ErrNotAuthorized is the refusal that callers see, whatever the reason.
var ErrNotAuthorized error = &Error{Code: mco.Aborted, Text: "You are not authorized to call this agent or action."}

// UnknownAction is what an agent returns for an action that its DDL declares and that it does not have.
func UnknownAction(r *Request) error {
	return Failf(mco.UnknownAction, "Unknown action '%s' for agent '%s'", r.Action, r.Agent)
}

// Status maps an error to the status code and the text of a reply. No other place does.
func Status(err error) (mco.StatusCode, string) {
	if err == nil {
		return mco.OK, "OK"
	}
	if e, ok := errors.AsType[*Error](err); ok {
		if e.Code < mco.Aborted || e.Code > mco.InvalidData {
			return mco.UnknownError, e.Text
		}
		return e.Code, e.Text
	}
	if e, ok := errors.AsType[*ddl.ValidationError](err); ok {
		return mco.InvalidData, e.Error()
	}
	return mco.UnknownError, err.Error()
}
