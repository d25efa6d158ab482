//go:build !without_proof

package defence

// Proof tells that a session is Ready only when a receipt has proven its subscriptions.
const Proof = true
