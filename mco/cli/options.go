package cli

import (
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
)

// defaultTimeout is the -t that stands for "the agent's own"; the original cannot tell it from one that was typed.
const defaultTimeout = 5

// options is what the command line said. A nil pointer is an option that was not given.
type options struct {
	config     string
	verbose    bool
	collective string

	discoveryTimeout *int64
	timeout          int64
	ttl              *int64
	replyTo          *string
	method           string   // --dm; empty: the cfg file's
	methodOptions    []string // the cfg file's and --do
	publishTimeout   *int64
	threaded         bool
	sort             bool
	connTimeout      *int64
	allBrokers       bool
	noExplain        bool

	filter mco.Filter

	progress   bool
	limit      string // a number, or one with % behind it; empty: none
	batch      string // a number, or one with % behind it; empty: the cfg file's
	batchSleep *float64
	limitSeed  *int64
	json       bool
	display    string // ok, failed or always; empty: what the DDL says

	rerun string // failed or silent: only the nodes that were so the last time; empty: as the filters say
	keep  *replyFilter
}

// newOptions returns the options before anything was read. cfg may be nil.
func newOptions(cfg *config.Config) *options {
	o := &options{timeout: defaultTimeout, progress: true}
	if cfg != nil {
		o.methodOptions = append(o.methodOptions, cfg.DefaultDiscoveryOptions...)
	}
	return o
}

// settle fills in what the cfg file says where the command line was silent, as the original does right after parsing.
func (o *options) settle(cfg *config.Config) {
	if o.collective == "" && cfg != nil {
		o.collective = cfg.MainCollective
	}
}

func seconds(n int64) time.Duration { return time.Duration(min(max(n, 0), 1e9)) * time.Second }

// lenientInt is Ruby's String#to_i: the number that a text begins with, 0 where it begins with none.
func lenientInt(text string) int64 {
	i := 0
	for i < len(text) && (text[i] == ' ' || text[i] >= '\t' && text[i] <= '\r') {
		i++
	}
	negative := false
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		negative = text[i] == '-'
		i++
	}
	n := int64(0)
	for digit := false; i < len(text); i++ {
		if text[i] == '_' && digit {
			digit = false
			continue
		}
		if text[i] < '0' || text[i] > '9' {
			break
		}
		digit = true
		if n < 1e15 {
			n = n*10 + int64(text[i]-'0')
		}
	}
	if negative {
		return -n
	}
	return n
}
