package systems

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// greet begins an AMQP connection from the host, up to where the broker says who it is.
func greet(from *lab.Host, address string) error {
	c, err := from.Dial("tcp", address, 5*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, "AMQP\x00\x00\x09\x01"); err != nil {
		return err
	}
	start := make([]byte, 512)
	n, err := io.ReadAtLeast(c, start, 32)
	if err != nil {
		return fmt.Errorf("the broker's greeting: %w", err)
	}
	if !bytes.Contains(start[:n], []byte("capabilities")) {
		return fmt.Errorf("no greeting of a broker: %q", start[:n])
	}
	return nil
}

// greetings opens n AMQP connections, one after the other, and returns what went wrong with them.
func greetings(from *lab.Host, address string, n int) error {
	var errs []error
	for range n {
		errs = append(errs, greet(from, address))
	}
	return errors.Join(errs...)
}
