package ddl

import (
	"errors"
	"strconv"
	"strings"

	"github.com/mco-go/mco-go/mco"
)

// communityValidator runs the validators that come with well-known agents, whose Ruby files cannot be run here: of the puppet, service,
// package, nettest and shell agents (validator/*.rb of their own repositories). known is false for any other name.
func communityValidator(v mco.Value, name string) (known bool, err error) {
	s, isString := v.AsString()
	switch name {
	case "puppet_server_address":
		return true, firstError(shellsafe(v), puppetServer(s))
	case "puppet_tags":
		return true, firstError(shellsafe(v), puppetTags(s))
	case "puppet_variable":
		return true, firstError(shellsafe(v), puppetVariable(s))
	case "puppet_resource":
		return true, firstError(shellsafe(v), puppetResource(s))
	case "service_name":
		if !isString || !all(s, "-_.:@") {
			return true, errors.New("service name contains invalid characters")
		}
		return true, nil
	case "package_name":
		return true, shellsafe(v)
	case "nettest_fqdn":
		if !isString || !hostName(s) && ipFamily(s) == 0 {
			return true, errors.New("value should be a fully qualified domain name or an IP address")
		}
		return true, nil
	case "nettest_server_address":
		return true, firstError(shellsafe(v), puppetServer(s))
	case "bool":
		if v.Kind() != mco.KindBool {
			return true, errors.New("value should be a boolean")
		}
		return true, nil
	}
	return false, nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// all tells whether s is not empty and made of ASCII letters, digits and the given signs.
func all(s, signs string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlnum(c) && strings.IndexByte(signs, c) < 0 {
			return false
		}
	}
	return s != ""
}

func isAlnum(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// hostName tells whether s is made of labels of letters, digits and inner dashes.
func hostName(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if !all(label, "-") || label[0] == '-' || label[len(label)-1] == '-' || len(label) > 63 {
			return false
		}
	}
	return true
}

func puppetServer(s string) error {
	host, port, hasPort := strings.Cut(s, ":")
	if !hostName(host) {
		return errors.New("the hostname is not valid")
	}
	if n, err := strconv.ParseUint(port, 10, 16); hasPort && (err != nil || n == 0) {
		return errors.New("the port is not valid")
	}
	return nil
}

func puppetTags(s string) error {
	for tag := range strings.SplitSeq(s, ",") {
		for part := range strings.SplitSeq(strings.TrimSpace(tag), "::") {
			if err := puppetVariable(part); err != nil {
				return err
			}
		}
	}
	return nil
}

func puppetVariable(s string) error {
	if !all(s, "_") || len(s) == 1 && (isDigit(s[0]) || s[0] == '_') {
		return errors.New("only word characters are allowed, and a single one must be a letter")
	}
	return nil
}

// puppetResource takes "type[title]".
func puppetResource(s string) error {
	kind, title, ok := strings.Cut(s, "[")
	if !ok || !all(kind, "_") || !strings.HasSuffix(title, "]") || len(title) < 2 || strings.ContainsAny(title, "\r\n") {
		return errors.New("only Type[title] names a resource")
	}
	return nil
}
