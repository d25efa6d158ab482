#!/bin/bash
# Runs one fuzz target for a time: fuzz.sh PACKAGE TARGET TIME. It begins with the seeds in the code, the corpus in the package's
# testdata/fuzz/TARGET, and what earlier runs kept in Go's build cache; it says where to find what this run adds.
# Targets run side by side, so each has one worker, and its output is printed when it ends.
# Go's fuzzer sometimes reports its own end of time as the target's failure: that one message, without an
# input that fails, is run once more before it counts.
set -euo pipefail
run() { go test -run='^$' -fuzz="^$2\$" -fuzztime="$3" -parallel=1 "$1" >"$log" 2>&1; }
count() { if [ -d "$1" ]; then find "$1" -type f | wc -l; else echo 0; fi; }

log=$(mktemp)
trap 'rm -f "$log"' EXIT
kept=$(go env GOCACHE)/fuzz/$(go list "$1")/$2
corpus=$1/testdata/fuzz/$2
before=$(count "$kept")

status=0
run "$@" || status=1
if [ $status = 1 ] && grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input' "$log"; then
	status=0
	run "$@" || status=1
fi
echo "fuzz $1 $2"
cat "$log"
echo "  $(($(count "$kept") - before)) new interesting inputs kept in $kept; one that fails would be in $corpus, to be committed with its repair"
exit $status
