// Package chaos injects faults into fleets of real programs and holds them to their bounds: RabbitMQ brokers, our daemons and the
// original's, hundreds of simulated nodes, and a client that asks all of them several times a second, each on a host of its own behind a
// bridge. Every test is named after the fault (F01 to F13), keeps a history, and has it checked by [history.Check] besides its own
// bounds. It holds only tests.
//
// `make lab` runs a smoke set; with FULL=1 everything, which takes long; `make soak T=1h` draws faults from a seed. Figures are written
// as a page into the folder MCO_LAB_REPORT.
package chaos
