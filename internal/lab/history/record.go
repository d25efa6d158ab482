package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// maxLine bounds one event in a file: a call to thousands of nodes is long.
const maxLine = 16 << 20

// Record takes events and passes them on as lines. It is safe for concurrent use.
type Record struct {
	from  Source
	begin time.Time

	mu  sync.Mutex // guards the fields below
	out io.Writer
	err error
}

// NewRecord writes events of one source to out. Times are counted from begin, which all records of a run share.
func NewRecord(out io.Writer, from Source, begin time.Time) *Record {
	return &Record{from: from, begin: begin, out: out}
}

// Now is the time since the beginning of the run.
func (r *Record) Now() time.Duration { return time.Since(r.begin) }

// Add writes an event that happens now, or, where At is set, happened then.
func (r *Record) Add(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.At == 0 {
		e.At = r.Now()
	}
	if e.From == "" {
		e.From = r.from
	}
	line, err := json.Marshal(e)
	if err == nil {
		_, err = r.out.Write(append(line, '\n'))
	}
	if r.err == nil {
		r.err = err
	}
}

// Err is the first error of writing.
func (r *Record) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Read reads lines that a [Record] wrote. A last line without an end, which a killed process leaves, is not an event.
func Read(in io.Reader) ([]Event, error) {
	var events []Event
	for r, number := bufio.NewReader(in), 1; ; number++ {
		line, err := readLine(r)
		if errors.Is(err, io.EOF) {
			return events, nil
		}
		if err != nil {
			return nil, fmt.Errorf("history, line %d: %w", number, err)
		}
		var e Event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("history, line %d: %w", number, err)
		}
		if e.What == "" || e.What == Called && e.Call == nil || (e.What == Baseline || e.What == Remaining) && e.Held == nil {
			return nil, fmt.Errorf("history, line %d: %q is not whole", number, e.What)
		}
		events = append(events, e)
	}
}

func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return nil, fmt.Errorf("longer than %d bytes", maxLine)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}
