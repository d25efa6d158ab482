package systems

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mco-go/mco-go/internal/lab"
)

// probing is the environment variable with which this test program becomes a probe: it opens AMQP connections to the address, and tells
// of each whether a broker answers. A host can then ask as a client does.
const probing = "MCO_LAB_AMQP_PROBE"

func probe(address string) (exit int) {
	n, err := strconv.Atoi(os.Getenv(probing + "_TIMES"))
	if err != nil {
		fmt.Println(err)
		return 2
	}
	for range n {
		if err := greet(address); err != nil {
			fmt.Println(err)
			exit = 1
		}
	}
	return exit
}

// greet begins an AMQP connection, up to where the broker says who it is.
func greet(address string) error {
	c, err := net.DialTimeout("tcp", address, 5*time.Second)
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

// greetings opens n AMQP connections from the host, one after the other, and returns what went wrong with them.
func greetings(t testing.TB, from *lab.Host, address string, n int) error {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out, exit := from.Try(t, "env", probing+"="+address, probing+"_TIMES="+strconv.Itoa(n), self)
	if exit != 0 {
		return errors.New(strings.TrimSpace(out))
	}
	return nil
}
