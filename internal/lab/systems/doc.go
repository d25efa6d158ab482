// Package systems has the well-known ways to keep a broker reachable brought up from generated files and failed over: what must happen
// then, within which time, and what did. It has tests alone. They name a figure for each system; with MCO_LAB_REPORT set, to a folder, all
// of them are gathered there in systems.md.
package systems
