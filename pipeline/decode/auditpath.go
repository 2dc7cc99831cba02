package decode

import (
	"net/url"
	"strings"
)

// resourcePath is what the path of a request says that it is about.
type resourcePath struct {
	group, version      string
	namespace, resource string
	name, subresource   string
}

// parsePath reads a request URI as RequestInfoFactory of k8s.io/apiserver does,
// by which requests are authorized and dispatched. It is false for what is no
// path of a resource:
//
//	/api/v1/[watch/|proxy/][namespaces/shop/]pods[/name[/subresource...]]
//	/apis/group/v1/...
//
// A namespace itself, with its subresources status and finalize, is in the
// namespace of that name.
func parsePath(uri string) (p resourcePath, ok bool) {
	path, _, _ := strings.Cut(uri, "?")
	if !strings.HasPrefix(path, "/") {
		return p, false
	}
	if strings.IndexByte(path, '%') >= 0 {
		plain, err := url.PathUnescape(path)
		if err != nil {
			return p, false
		}
		path = strings.ToValidUTF8(plain, "\uFFFD")
	}
	prefix, rest, more := strings.Cut(strings.Trim(path, "/"), "/")
	switch {
	case prefix == "apis" && more:
		p.group, rest, more = strings.Cut(rest, "/")
	case prefix != "api":
		return p, false
	}
	if !more {
		return p, false
	}
	if p.version, rest, more = strings.Cut(rest, "/"); !more {
		return p, false
	}
	verb, after, more := strings.Cut(rest, "/")
	proxy := verb == "proxy"
	if proxy || verb == "watch" {
		if !more {
			return p, false
		}
		rest = after
	}
	if after, ok := strings.CutPrefix(rest, "namespaces/"); ok {
		namespace, inside, more := strings.Cut(after, "/")
		p.namespace = namespace
		if kind, _, _ := strings.Cut(inside, "/"); more && kind != "status" && kind != "finalize" {
			rest = inside
		}
	}
	p.resource, rest, _ = strings.Cut(rest, "/")
	p.name, rest, _ = strings.Cut(rest, "/")
	if !proxy {
		p.subresource, _, _ = strings.Cut(rest, "/")
	}
	return p, true
}
