// Package advise knows what changes for an estate when the versions of its programs do: which of the things that it uses behave
// otherwise, what is written instead, and in which order to go about it.
//
// The facts are from the release notes of RabbitMQ, HAProxy, Keepalived, Pacemaker, Puppet and Ruby, and, where Debian has the version,
// from the program itself.
package advise

import (
	"fmt"
	"slices"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/version"
)

// Note is one thing that changes.
type Note struct {
	Software string `json:"software"`
	At       string `json:"at"`      // the version from which on it does
	Uses     string `json:"uses"`    // what of the estate it concerns
	Happens  string `json:"happens"` // what happens if nothing is done
	Instead  string `json:"instead"` // what is written for the new version, or what to do
	Step     int    `json:"step"`    // when to do it: Before, During or After
}

// The steps of an upgrade.
const (
	Before = 1 + iota // with the old version still running
	During            // between stop and start
	After             // once the new version runs everywhere
)

// Programs lists what there is advice about.
func Programs() []string {
	var names []string
	for _, r := range rules() {
		if !slices.Contains(names, r.software) {
			names = append(names, r.software)
		}
	}
	return names
}

// Notes returns what changes for e when software goes from one version to another, by step and version. A rule that concerns nothing
// of the estate is left out.
func Notes(e *estate.Estate, software string, from, to version.Version) ([]Note, error) {
	if !slices.Contains(Programs(), software) {
		return nil, fmt.Errorf("no advice about %q; there is some about %v", software, Programs())
	}
	if to.Compare(from) <= 0 {
		return nil, fmt.Errorf("from %v to %v is no step forward", from, to)
	}
	var notes []Note
	for _, r := range rules() {
		if r.software != software || from.AtLeast(r.at...) || to.Below(r.at...) {
			continue
		}
		uses := r.uses(e)
		if uses == "" {
			continue
		}
		var at version.Version
		copy(at[:], r.at)
		notes = append(notes, Note{r.software, at.String(), uses, r.happens, r.instead, r.step})
	}
	slices.SortStableFunc(notes, func(a, b Note) int { return a.Step - b.Step })
	return notes, nil
}
