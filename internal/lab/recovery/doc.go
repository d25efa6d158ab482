// Package recovery holds a small fleet of both programs, with real brokers, to the times in which it must get over the loss of a broker:
// killed, frozen, stopped, back again. It measures, so nothing else runs beside it; what fails in an estate of many hosts is
// [github.com/mco-go/mco-go/internal/lab/chaos]'s.
package recovery
