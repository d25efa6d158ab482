package management

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	rabbithole "github.com/michaelklishin/rabbit-hole/v3"
)

// maxAnswerBytes bounds one answer. A page of 500 connections has some 40 KiB, a consumer some 150 bytes.
const maxAnswerBytes = 32 << 20

var errTooLong = fmt.Errorf("the answer is longer than %d bytes", maxAnswerBytes)

// guard is the transport of one call: it ends with ctx, and keeps bounds that rabbit-hole, which takes no context, does not have.
type guard struct {
	*API
	ctx    context.Context // of the call, which the guard does not outlive
	reason string          // told to the clients of a connection that is closed
}

func (g guard) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(g.ctx)
	if g.reason != "" {
		r.Header.Set("X-Reason", g.reason)
	}
	res, err := g.transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		return nil, errors.Join(fmt.Errorf("it sends us elsewhere (status %d)", res.StatusCode), res.Body.Close())
	}
	res.Body = &bounded{res.Body, maxAnswerBytes}
	return res, nil
}

// bounded fails when more than left bytes come.
type bounded struct {
	io.ReadCloser
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left+1)])
	if b.left -= n; b.left < 0 {
		return 0, errTooLong
	}
	return n, err
}

// call runs one conversation with the API under a deadline, and puts its errors into words.
func (a *API) call(ctx context.Context, reason string, do func(guard, *rabbithole.Client) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, a.Timeout, fmt.Errorf("no answer within %s", a.Timeout))
	defer cancel()
	g := guard{a, ctx, reason}
	c, err := rabbithole.NewTLSClient(a.URL, a.User, a.Password, g)
	if err == nil {
		err = do(g, c)
	}
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	} else if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // its text repeats the URL
	}
	return fmt.Errorf("%s: %w", a.URL, err)
}

// get reads one answer that rabbit-hole knows too little of.
func (g guard) get(path string, into any) error {
	r, err := http.NewRequestWithContext(g.ctx, http.MethodGet, g.URL+"/api/"+path, nil)
	if err != nil {
		return err
	}
	r.SetBasicAuth(g.User, g.Password)
	res, err := g.RoundTrip(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return rabbithole.ErrorResponse{StatusCode: res.StatusCode, Message: res.Status, Reason: path}
	}
	return json.NewDecoder(res.Body).Decode(into)
}

// absent tells that the API has no such page: the plugin that has it is not enabled.
func absent(err error) bool {
	answer, ok := errors.AsType[rabbithole.ErrorResponse](err)
	return ok && answer.StatusCode == http.StatusNotFound
}
