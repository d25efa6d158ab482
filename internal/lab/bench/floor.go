package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
)

// floorJob tells a floor process what to be: count sessions, each with the subscriptions of a node, each answering every broadcast
// with the same Reply. It travels in an environment variable to a copy of the test binary, because the simulated fleet that it is
// compared with is one process too.
type floorJob struct {
	Login      login
	Count      int
	Collective string
	Agents     []string
	Reply      []byte
}

const floorVariable = "MCO_BENCH_FLOOR"

// runFloor is the floor process: it prints "ready" when every session is subscribed and ends with its standard input.
func runFloor(job string) error {
	var j floorJob
	if err := json.Unmarshal([]byte(job), &j); err != nil {
		return err
	}
	const atOnce = 32 // sessions being opened; the broker is the bottleneck
	var (
		wg    sync.WaitGroup
		slots = make(chan struct{}, atOnce)
		errs  = make(chan error, j.Count)
	)
	for i := range j.Count {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			s, err := dialRaw(j.Login, 4096)
			if err == nil {
				err = s.subscribe(j.destinations(i)...)
			}
			if err != nil {
				errs <- err
				return
			}
			go s.answer(j.Reply) // ends with the process
		})
	}
	wg.Wait()
	if len(errs) > 0 {
		return fmt.Errorf("%d of %d sessions failed, the first: %w", len(errs), j.Count, <-errs)
	}
	fmt.Println("ready")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// destinations are what a node of RabbitMQ's connector subscribes to (connector/rabbitmq.rb make_target).
func (j floorJob) destinations(i int) []string {
	d := []string{fmt.Sprintf("/exchange/%s_directed/floor%d.example.net", j.Collective, i)}
	for _, a := range j.Agents {
		d = append(d, fmt.Sprintf("/exchange/%s_broadcast/%s", j.Collective, a))
	}
	return d
}
