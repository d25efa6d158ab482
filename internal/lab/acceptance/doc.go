// Package acceptance holds the tests of the whole: our programs and the original's, as processes, with real brokers between them
// ([lab]). It promises what the README says: that either program asks nodes of either program, that a fleet survives its brokers, and
// that no fault of a peer ends a node.
package acceptance
