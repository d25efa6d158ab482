# Few verbs, the same for people and for CI (.ci/run). `make test T=TestPool PKG=./mco/connector` runs one test of one package,
# `make test T=TestVectors` the tests of that name anywhere, `make fuzz T=1m` every fuzz target for a minute.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.SILENT:
MAKEFLAGS += --no-builtin-rules --warn-undefined-variables
.DEFAULT_GOAL := build

T ?=
PKG ?= ./...
N ?=
SEED ?=
HOSTILE ?=
FULL ?=
# cgo is for the race detector alone; what ships is static.
export CGO_ENABLED := 0
LAB := ./internal/lab/...
CHAOS := ./internal/lab/chaos
SYSTEMS := ./internal/lab/recovery ./internal/lab/systems
ALONE := ./agent/command ./internal/lab ./internal/lab/acceptance $(SYSTEMS)
# Where the laboratory writes its pages of figures.
export MCO_LAB_REPORT ?= $(CURDIR)/bin/figures

.PHONY: build test check lint fuzz lab soak bench demo docs man golden corpus

build: ## the programs, into bin/
	mkdir -p bin
	go build -trimpath -o bin/ ./...

test: ## everything under the race detector; installs missing peers on Debian as root, else names at the end what was not run
	bash internal/lab/peers.sh install
	missing=$$(mktemp); trap 'rm -f "$$missing"' EXIT
	export MCO_LAB_MISSING=$$missing CGO_ENABLED=1
	race=-race; bash internal/lab/peers.sh has-race || { race=; echo "the race detector: no C compiler" >>"$$missing"; }
	status=0
	if [ -n '$(T)' ] || [ '$(PKG)' != ./... ]; then
		go test $$race -count=1 -p 1 -parallel 4 -timeout 60m $(if $(T),-v -run '$(T)',) $(PKG) $(if $(T),| sed -u -e '/no test files\]$$/d' -e '/no tests to run\]$$/d' -e '/^testing: warning: no tests to run$$/d',) || status=$$?
	else
		# make check does the vetting. What measures times of real peers gets the machine to itself.
		others() { grep -v -x -F -f <(go list $(ALONE) $(CHAOS)); }
		# The longest one first, so that nothing waits for it alone.
		{ go list ./mco/cmd/mco; go list ./... | grep -v /internal/lab/ | others; } | xargs go test $$race -vet=off -p 3 -timeout 30m || status=$$?
		go test $$race -vet=off -p 1 -parallel 5 -timeout 45m $(ALONE) || status=$$?
		go list $(LAB) | others | xargs go test $$race -vet=off -p 2 -parallel 4 -timeout 20m || status=$$?
		# Its bounds, of memory too, are those of the programs as they ship.
		go test -timeout 20m $(CHAOS) || status=$$?
	fi
	bash internal/lab/peers.sh report "$$missing" || status=1
	exit $$status

check: ## format, vet, linter, tidy modules
	echo "gofmt, go vet, staticcheck, go mod tidy -diff"
	unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go'))
	[ -z "$$unformatted" ] || { echo "gofmt: $$unformatted"; exit 1; }
	go vet ./...
	$(MAKE) --no-print-directory lint
	go mod tidy -diff
	go -C tools mod tidy -diff

lint: ## staticcheck, in the version that tools/go.mod names
	go tool -modfile=tools/go.mod staticcheck ./...

fuzz: ## every fuzz target of the tree for T (default 10s) each
	packages=$$(git ls-files -co --exclude-standard '*_test.go' | xargs grep -l '^func Fuzz' | xargs -n1 dirname | sort -u)
	for package in $$packages; do
		go test -list '^Fuzz' "./$$package" | sed -n "s#^Fuzz#./$$package Fuzz#p"
	done | xargs -P $$((4 * $$(getconf _NPROCESSORS_ONLN))) -L 1 sh -c 'bash internal/lab/fuzz.sh "$$0" "$$1" $(or $(T),10s)'

lab: ## brokers and networks that fail under load, a smoke set of 6 minutes; FULL=1: all of them, an hour and a half; T=TestX: those; SEED=n repeats
	bash internal/lab/peers.sh install
	export SEED='$(SEED)' MCO_LAB_FULL='$(FULL)'
	quiet() { sed -u -e '/no test files\]$$/d' -e '/no tests to run\]$$/d' -e '/^testing: warning: no tests to run$$/d'; }
	status=0
	if [ -n '$(T)' ]; then
		go list $(LAB) | grep -v -x -F -f <(go list $(CHAOS)) | xargs go test -count=1 -v -p 1 -timeout 4h -run '$(T)' | quiet || status=$$?
	elif [ -n '$(FULL)' ]; then
		go test -count=1 -v -p 1 -parallel 1 -timeout 4h $(SYSTEMS) || status=$$?
	fi
	go test -count=1 -v -timeout 4h $(if $(T),-run '$(T)',) $(CHAOS) | quiet || status=$$?
	echo "figures: $$MCO_LAB_REPORT"
	exit $$status

soak: ## faults drawn from SEED (printed) under load, for T (default 1h)
	bash internal/lab/peers.sh install
	SEED='$(SEED)' MCO_LAB_SOAK='$(or $(T),1h)' go test -count=1 -v -timeout 0 -run '^TestSoak$$' $(CHAOS)
	echo "figures: $$MCO_LAB_REPORT"

bench: ## beside the original and the floor, as tables; with PKG=./mco/marshal that package's own benchmarks
	if [ '$(PKG)' = ./... ]; then
		bash internal/lab/peers.sh install
		go test -run='^$$' -bench='$(or $(T),.)' -benchtime=1x -timeout 180m ./internal/lab/bench
	else
		go test -run='^$$' -bench='$(or $(T),.)' -benchmem $(PKG)
	fi

demo: ## a fleet on this machine that loses a broker, with nothing installed but Go
	go run ./mco/cmd/mco demo

corpus: ## N (default 2000) estates made by chance from SEED on, before rules, writers and real programs; HOSTILE=1000000 also that many hostile strings
	bash internal/lab/peers.sh install
	MCO_CORPUS=$(or $(N),2000) MCO_SEED=$(SEED) go test -count=1 -v -timeout 24h -run '^TestCorpus$$' ./internal/lab/corpus
	if [ -n '$(HOSTILE)' ]; then
		MCO_HOSTILE=$(HOSTILE) go test -count=1 -v -timeout 24h -run '^TestHostileStrings' ./generators/... | sed -u -e '/no test files\]$$/d' -e '/no tests to run\]$$/d' -e '/^testing: warning: no tests to run$$/d'
	fi

docs: ## what is made from tables and comments: docs/reference-*.md, REFERENCE.md, man/, completions/
	go test -count=1 -run '^Test(ReferencePage|Manual|Completions|Pictures)$$' ./mco/config ./mco/cli ./mco/cmd/mco ./agent/cmd/mcollectived ./generators/graph ./internal/lab/acceptance -update

man: ## manual pages and completions alone, from the commands
	go test -count=1 -run '^Test(Manual|Completions)$$' ./mco/cmd/mco ./agent/cmd/mcollectived -update

golden: ## write the golden files anew; review them like code
	packages=$$(git ls-files -co --exclude-standard '*_test.go' | xargs grep -l 'flag.Bool("update"' | xargs -n1 dirname | sort -u)
	for package in $$packages; do go test "./$$package" -update; done
