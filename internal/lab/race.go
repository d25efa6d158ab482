//go:build race

package lab

// raceEnabled says that this binary was linked with the race detector.
const raceEnabled = true
