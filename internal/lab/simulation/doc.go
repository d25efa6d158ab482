// Package simulation runs small fleets in memory: real daemons and clients over connector/loopback, in a bubble of testing/synctest
// where minutes take milliseconds, with faults that are drawn from a seed. What happened is kept as a history, and a checker that
// knows what is promised reads it. It holds only tests. A seed that fails is printed, and `SEED=n go test ./internal/lab/simulation`
// repeats that run and prints its history; SEEDS=n runs as many.
//
// What is simulated is everything above a link: the failover of sessions, the order of checks in a daemon, the client's waiting and
// naming. Sockets, frames and the counting of heart-beats belong to connector/stomp and its own tests: here a link that nothing
// passes is given up after the time that heart-beats promise.
package simulation
