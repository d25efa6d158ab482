// Command coldcall is the least that a program which calls one node can do: start, connect, send what it was given, wait for the answer,
// end. It reads host:port from its first argument and, from standard input, the bytes to send to connect, a NUL, and the bytes to send
// then.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

func main() {
	if err := call(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func call() error {
	in := bufio.NewReader(os.Stdin)
	connect, err := in.ReadBytes(0)
	if err != nil {
		return err
	}
	send, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	conn, err := net.Dial("tcp", os.Args[1])
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	answers := bufio.NewReader(conn)
	for _, frame := range [][]byte{connect, send} {
		if _, err := conn.Write(frame); err != nil {
			return err
		}
		if _, err := answers.ReadBytes(0); err != nil {
			return err
		}
	}
	return nil
}
