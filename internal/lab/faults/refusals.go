package faults

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/mco-go/mco-go/internal/lab"
)

// Expel throws everybody out of a RabbitMQ, who may come back at once.
func Expel(b *lab.Broker, number int) Fault {
	return Fault{Name: "expel", Broker: number, inject: func(context.Context) (func() error, error) {
		return func() error { return nil }, expel(b)
	}}
}

func expel(b *lab.Broker) error {
	return control(b, "eval", `[exit(C, shutdown) || C <- rabbit_stomp:list()], ok.`)
}

// BadPassword gives the user of a RabbitMQ another password, and throws everybody out.
func BadPassword(b *lab.Broker, number int) Fault {
	return Fault{Name: "bad password", Broker: number, inject: func(context.Context) (func() error, error) {
		heal := func() error { return control(b, "change_password", b.User, b.Password) }
		return heal, errors.Join(control(b, "change_password", b.User, "not "+b.Password), expel(b))
	}}
}

// NoVHost takes the vhost out of a RabbitMQ, with all that is in it, and throws everybody out.
func NoVHost(b *lab.Broker, number int) Fault {
	return Fault{Name: "vhost gone", Broker: number, inject: func(context.Context) (func() error, error) {
		dir, err := os.MkdirTemp("", "mco-lab-vhost-*")
		if err != nil {
			return nil, err
		}
		file := filepath.Join(dir, "definitions.json")
		if err := control(b, "export_definitions", file); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
		heal := func() error { return errors.Join(control(b, "import_definitions", file), os.RemoveAll(dir)) }
		return heal, errors.Join(control(b, "delete_vhost", b.VHost), expel(b))
	}}
}

// MemoryAlarm lets a RabbitMQ believe that its memory is full: it reads nothing from who publishes.
func MemoryAlarm(b *lab.Broker, number int) Fault {
	return Fault{Name: "memory alarm", Broker: number, inject: func(context.Context) (func() error, error) {
		return func() error { return control(b, "set_vm_memory_high_watermark", "0.4") }, control(b, "set_vm_memory_high_watermark", "0.00001")
	}}
}

func control(b *lab.Broker, args ...string) error {
	_, err := b.Control(args...)
	return err
}
