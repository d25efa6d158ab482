package ddl

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// CacheTime is how long a node and a client keep a file that they read (DDL.load_and_cache).
const CacheTime = 300 * time.Second

// Cache loads files and keeps them for a while. The zero Cache looks in no folder but has our own files. It is safe for concurrent use.
type Cache struct {
	LibDirs []string
	Options []Option
	Keep    time.Duration    // 0: [CacheTime]
	Now     func() time.Time // nil: [time.Now]

	mu   sync.Mutex
	kept map[string]entry // guarded by mu
}

type entry struct {
	ddl  func() *DDL
	read time.Time
}

// Get is [Load] through the cache. Failures are not kept.
func (c *Cache) Get(kind Kind, name string) (*DDL, error) {
	d, err := c.Find(kind, name)
	if err != nil {
		return nil, err
	}
	return d(), nil
}

// Find is Get for those who may not need the answer: a file from a folder is read now, so that its mistakes are told at once, one of our
// own at the first call of the function. A node at rest then does without most of what agents declare.
func (c *Cache) Find(kind Kind, name string) (func() *DDL, error) {
	now, keep := time.Now, CacheTime
	if c.Now != nil {
		now = c.Now
	}
	if c.Keep > 0 {
		keep = c.Keep
	}
	key := string(kind) + "/" + name
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.kept[key]; ok && now().Sub(e.read) < keep {
		return e.ddl, nil
	}
	d, err := c.open(kind, name)
	if err != nil {
		return nil, err
	}
	if c.kept == nil {
		c.kept = make(map[string]entry)
	}
	c.kept[key] = entry{d, now()}
	return d, nil
}

func (c *Cache) open(kind Kind, name string) (func() *DDL, error) {
	src, file, err := find(c.LibDirs, kind, name)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(file, own) {
		return sync.OnceValue(func() *DDL {
			d, err := parse(kind, name, src, file, c.Options)
			if err != nil {
				panic(fmt.Sprintf("our own DDL: %s", err)) // the tests read all of them
			}
			return d
		}), nil
	}
	d, err := parse(kind, name, src, file, c.Options)
	if err != nil {
		return nil, err
	}
	return func() *DDL { return d }, nil
}
