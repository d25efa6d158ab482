package metrics

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// maxRequest bounds the bytes of a request: its first line and its headers.
const maxRequest = 8 << 10

// errRequest is a request that is none of HTTP/1.0 or HTTP/1.1, or too long.
var errRequest = errors.New("no request of HTTP/1")

// status is the first line of a response, behind the version.
type status string

const (
	statusOK   status = "200 OK"
	badRequest status = "400 Bad Request"
	notFound   status = "404 Not Found"
	notAllowed status = "405 Method Not Allowed"
)

// request is what counts of a request: no header changes the answer.
type request struct{ method, path string }

// readRequest reads up to the empty line behind the headers. The error is [errRequest] or the connection's.
func readRequest(from io.Reader) (request, error) {
	r := bufio.NewReaderSize(io.LimitReader(from, maxRequest), 1<<10)
	first, err := readLine(r)
	if err != nil {
		return request{}, err
	}
	method, rest, _ := strings.Cut(first, " ")
	target, version, _ := strings.Cut(rest, " ")
	if method == "" || !strings.HasPrefix(target, "/") || version != "HTTP/1.0" && version != "HTTP/1.1" {
		return request{}, errRequest
	}
	for {
		switch header, err := readLine(r); {
		case err != nil:
			return request{}, err
		case header == "":
			path, _, _ := strings.Cut(target, "?")
			return request{method, path}, nil
		}
	}
}

// readLine reads a line without its end. A request that is cut short is none.
func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if errors.Is(err, io.EOF) {
		return "", errRequest
	}
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), err
}

// response returns the bytes of a response; without withBody they end behind the headers, which HEAD asks for.
func response(s status, page []byte, withBody bool) []byte {
	if page == nil {
		page = []byte(s + "\n")
	}
	allow := ""
	if s == notAllowed {
		allow = "Allow: GET, HEAD\r\n"
	}
	head := fmt.Sprintf("HTTP/1.1 %s\r\nDate: %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n%sContent-Length: %d\r\nConnection: close\r\n\r\n",
		s, time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"), allow, len(page))
	if !withBody {
		return []byte(head)
	}
	return append([]byte(head), page...)
}
