package puppet

import (
	"fmt"
	"net/netip"
	"strings"
)

// isName tells whether a text names an environment, or a part of a class or tag: a letter, or several word characters.
func isName(s string) bool {
	if s == "" || len(s) == 1 && !isLetter(s[0]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// splitServer splits host, host:port, [IPv6]:port and a bare IPv6 address. Without a server both are empty.
func splitServer(server string) (host, port string, err error) {
	host = server
	hasPort := false
	switch {
	case server == "":
		return "", "", nil
	case strings.HasPrefix(server, "["):
		var rest string
		host, rest, _ = strings.Cut(server[1:], "]")
		port, hasPort = strings.CutPrefix(rest, ":")
	case strings.Count(server, ":") == 1:
		host, port, hasPort = strings.Cut(server, ":")
	}
	if _, err := netip.ParseAddr(host); (err != nil || strings.Contains(host, "%")) && !isHostName(host) {
		//lint:ignore ST1005 the original's text
		return "", "", fmt.Errorf("The hostname '%s' is not a valid hostname", host)
	}
	if hasPort && (port == "" || strings.Trim(port, "0123456789") != "") {
		//lint:ignore ST1005 the original's text
		return "", "", fmt.Errorf("The port '%s' is not a valid puppet master port", port)
	}
	return host, port, nil
}

// isHostName tells whether each label begins with a letter and ends with a letter or digit.
func isHostName(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || !isLetter(label[0]) || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !isLetter(c) && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}
