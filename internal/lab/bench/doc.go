// Package bench measures the daemon and the command against the original, and against the floor that broker and protocol set, side
// by side in one run and in the order A B B A. It holds only benchmarks; `make bench` prints the tables that docs/benchmarks.md quotes.
package bench
