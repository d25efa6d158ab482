package metrics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Bounds of what readers may do.
const (
	maxReaders = 16               // connections at a time; the next one waits
	readTime   = 5 * time.Second  // for a request
	writeTime  = 10 * time.Second // for the page
	endTime    = time.Second      // for a reader when the node ends
	acceptWait = time.Second      // after a connection could not be accepted
)

// Server is the page on an address, as /metrics. It speaks as much of HTTP/1.1 as a page needs, one request for each connection:
// net/http would cost each node half a megabyte of memory at rest.
type Server struct {
	listener net.Listener
	source   Source
}

// Listen opens address, HOST:PORT. Nobody is answered before [Server.Run].
func Listen(address string, s Source) (*Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("open the metrics page at %s: %w", address, err)
	}
	return &Server{listener: l, source: s}, nil
}

// Addr is the address that is listened on.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Run answers until ctx ends. It returns when its goroutines have ended: readers get a second to finish.
func (s *Server) Run(ctx context.Context) error {
	defer s.listener.Close()
	defer context.AfterFunc(ctx, func() { s.listener.Close() })()
	var readers sync.WaitGroup
	defer readers.Wait()
	places := make(chan struct{}, maxReaders)
	for {
		conn, err := s.listener.Accept()
		switch {
		case ctx.Err() != nil:
			if conn != nil {
				conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // such as a lack of descriptors, which may pass
			select {
			case <-ctx.Done():
			case <-time.After(acceptWait):
			}
			continue
		}
		places <- struct{}{} // each is free again after readTime and writeTime at the latest
		readers.Go(func() {
			defer func() { <-places }()
			s.serve(ctx, conn)
		})
	}
}

// serve answers one connection. An error is the reader's: one that went away needs no page.
func (s *Server) serve(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(readTime))
	_ = conn.SetWriteDeadline(time.Now().Add(readTime + writeTime))
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now().Add(endTime)) })()
	r, err := readRequest(conn)
	if err != nil {
		if errors.Is(err, errRequest) {
			_, _ = conn.Write(response(badRequest, nil, true))
		}
		return
	}
	_, _ = conn.Write(s.answer(r))
}

// answer makes the response to r.
func (s *Server) answer(r request) []byte {
	switch {
	case r.path != "/metrics":
		return response(notFound, nil, true)
	case r.method != "GET" && r.method != "HEAD":
		return response(notAllowed, nil, true)
	}
	return response(statusOK, Page(s.source), r.method == "GET")
}
