package discovery

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Limit says how many of the nodes found are meant, and which.
type Limit struct {
	Count  string // a number, or a number and %
	Random bool   // rpclimitmethod is not first
	Seed   *int64 // --limit-seed: the same seed picks the same nodes of a set, as in the original
}

// Pick returns the nodes that the limit leaves: the first ones, or ones drawn at random, each at most once. A limit that is not
// smaller than the set leaves it as it is; a percentage leaves at least one.
func (l Limit) Pick(nodes []string) ([]string, error) {
	count, err := l.count(len(nodes))
	if err != nil {
		return nil, err
	}
	if len(nodes) <= count {
		return nodes, nil
	}
	if !l.Random {
		return nodes[:count], nil
	}
	left := slices.Clone(nodes)
	draw := rand.IntN
	if l.Seed != nil {
		slices.Sort(left)
		draw = newTwister(*l.Seed).intN
	}
	picked := make([]string, 0, count)
	for range count {
		i := draw(len(left))
		picked = append(picked, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return picked, nil
}

func (l Limit) count(size int) (int, error) {
	digits := strings.TrimRight(l.Count, "%")
	if digits == l.Count {
		n, err := strconv.Atoi(digits)
		if err != nil {
			return 0, fmt.Errorf("limit %q: %w", l.Count, err)
		}
		return n, nil
	}
	percent, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return 0, fmt.Errorf("limit %q: %w", l.Count, err)
	}
	n := float64(size) * (percent / 100)
	return max(1, int(min(n, float64(size)))), nil
}

// twister is the Mersenne twister MT19937, Ruby's generator: only with it does a seed mean the same nodes for both programs.
type twister struct {
	state [624]uint32
	next  int
}

// newTwister seeds as Ruby 3.1's srand does: with the 32-bit words of the seed's magnitude, lowest first; one word alone by the
// simpler of the generator's two ways. A highest word of 1 is lost there, because Ruby takes it for its own mark.
func newTwister(seed int64) *twister {
	magnitude := uint64(seed)
	if seed < 0 {
		magnitude = -magnitude
	}
	key := []uint32{uint32(magnitude)}
	if high := uint32(magnitude >> 32); high > 1 {
		key = append(key, high)
	}
	t := &twister{next: 624}
	s := &t.state
	s[0] = 19650218
	if len(key) == 1 {
		s[0] = key[0]
	}
	for i := 1; i < len(s); i++ {
		s[i] = 1812433253*(s[i-1]^s[i-1]>>30) + uint32(i)
	}
	if len(key) == 1 {
		return t
	}
	i, j := 1, 0
	for range max(len(s), len(key)) {
		s[i] = (s[i] ^ (s[i-1]^s[i-1]>>30)*1664525) + key[j] + uint32(j)
		if i++; i == len(s) {
			s[0], i = s[len(s)-1], 1
		}
		j = (j + 1) % len(key)
	}
	for range len(s) - 1 {
		s[i] = (s[i] ^ (s[i-1]^s[i-1]>>30)*1566083941) - uint32(i)
		if i++; i == len(s) {
			s[0], i = s[len(s)-1], 1
		}
	}
	s[0] = 1 << 31
	return t
}

func (t *twister) uint32() uint32 {
	s := &t.state
	if t.next == len(s) {
		for i := range s {
			y := s[i]&(1<<31) | s[(i+1)%len(s)]&(1<<31-1)
			s[i] = s[(i+397)%len(s)] ^ y>>1 ^ (y&1)*0x9908b0df
		}
		t.next = 0
	}
	y := s[t.next]
	t.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// intN draws below n as Ruby's rand(n) does: as many bits as n-1 has, again while the number is too large.
func (t *twister) intN(n int) int {
	limit := uint32(n - 1)
	mask := limit
	for shift := 1; shift < 32; shift *= 2 {
		mask |= mask >> shift
	}
	if mask == 0 {
		return 0
	}
	for {
		if v := t.uint32() & mask; v <= limit {
			return int(v)
		}
	}
}
