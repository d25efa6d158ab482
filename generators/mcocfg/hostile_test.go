package mcocfg

import (
	"testing"

	"github.com/mco-go/mco-go/internal/lab/estates"
)

func TestHostileStrings(t *testing.T) { estates.Hostilities(t, Files) }
