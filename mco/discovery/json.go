package discovery

import (
	"encoding/json"
	"fmt"
	"slices"
)

// fromJSON takes the names out of a list of objects, each once. A name that is no text is refused; the original fails on it.
func fromJSON(text string) ([]string, error) {
	var list any
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("read list of nodes as JSON: %w", err)
	}
	items, ok := list.([]any)
	if !ok {
		return nil, textError("JSON hosts list is not an array")
	}
	var hosts []string
	seen := map[string]bool{}
	for _, item := range items {
		object, ok := item.(map[string]any)
		if !ok {
			return nil, textError("JSON host list is not an array of Hashes")
		}
		_, sender := object["sender"]
		_, certname := object["certname"]
		if !sender && !certname {
			return nil, textError("JSON host list does not have senders in it")
		}
		name := object["sender"]
		if name == nil || name == false {
			name = object["certname"]
		}
		host, ok := name.(string)
		if !ok {
			return nil, fmt.Errorf("JSON host list has a sender that is no text: %.60v", name)
		}
		if !seen[host] {
			seen[host] = true
			hosts = append(hosts, host)
		}
	}
	return slices.Clip(hosts), nil
}
