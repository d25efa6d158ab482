// Package defence names three defences that a build can be made without, each by a tag, for one purpose: to see the tests of what it
// defends go red. What ships has all of them.
//
//	go test -tags without_watch ./mco/connector/stomp          a silent broker is not noticed
//	go test -tags without_proof ./internal/lab/simulation      a session is Ready before its subscriptions are proven
//	go test -tags without_memory ./internal/lab/simulation     a node takes a request as often as it comes
package defence
