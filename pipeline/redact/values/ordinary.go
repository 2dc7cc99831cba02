package values

import "strings"

// shortName is the length in bytes from which on something that looks like a
// name may as well be a random token.
const shortName = 20

// isOrdinary reports whether text may well stand in records without being
// sensitive. Of what stands under a key that names a credential only the words
// of Kubernetes itself and what is public by its form are ordinary.
func isOrdinary(text string, credential bool) bool {
	if isReserved(text) || isCertificate(text) {
		return true
	}
	if credential {
		return false
	}
	return isName(text) || isURL(text) || isProse(text) || isTime(text)
}

// reservedParts are of names that Kubernetes and its projects keep for themselves.
var reservedParts = []string{"kube-", "kubernetes", "k8s.io", "system:", "x-k8s", "metadata."}

// reservedWords are words of at least minClusterLength bytes that stand in most
// records, in lower case: kinds, verbs, stages, reasons and fields.
var reservedWords = map[string]bool{
	"apiversion": true, "annotations": true, "application": true, "backoff": true, "clusterrole": true,
	"clusterrolebinding": true, "completed": true, "configmap": true, "configmaps": true, "container": true,
	"containers": true, "controller": true, "creationtimestamp": true, "cronjob": true, "cronjobs": true,
	"daemonset": true, "daemonsets": true, "default-scheduler": true, "deletecollection": true,
	"deployment": true, "deployments": true, "endpoints": true, "endpointslice": true, "failedmount": true,
	"failedscheduling": true, "forbidden": true, "generation": true, "imagepullbackoff": true,
	"impersonate": true, "ingresses": true, "labelselector": true, "managedfields": true, "metadata": true,
	"namespace": true, "namespaces": true, "networkpolicy": true, "objectref": true, "persistentvolume": true,
	"persistentvolumeclaim": true, "poddisruptionbudget": true, "progressing": true, "replicaset": true,
	"replicasets": true, "replicationcontroller": true, "requestobject": true, "requestreceived": true,
	"requestresponse": true, "resourceversion": true, "responsecomplete": true, "responseobject": true,
	"responsestarted": true, "rolebinding": true, "scalingreplicaset": true, "scheduled": true,
	"selfsubjectaccessreview": true, "serviceaccount": true, "serviceaccounts": true, "statefulset": true,
	"statefulsets": true, "storageclass": true, "successfulcreate": true, "successfuldelete": true,
	"template": true, "terminating": true, "unhealthy": true, "useragent": true, "withheld": true,
	"application/json": true, "redacted": true, "[redacted]": true, "[withheld]": true, "hmac-sha256": true,
}

// isReserved reports whether Kubernetes or this program has text for itself.
func isReserved(text string) bool {
	if len(text) > 253 {
		return false
	}
	lower := strings.ToLower(text)
	if reservedWords[lower] {
		return true
	}
	if !isWords(lower) {
		return false
	}
	for _, p := range reservedParts {
		if strings.HasPrefix(lower, p) || strings.Contains(lower, "."+p) || strings.HasSuffix(lower, p) || strings.Contains(lower, p+"/") {
			return true
		}
	}
	return false
}

// isCertificate reports whether text is made of PEM blocks none of which is
// private.
func isCertificate(text string) bool {
	return strings.HasPrefix(strings.TrimSpace(text), "-----BEGIN ") && !strings.Contains(text, "PRIVATE")
}

// isWords reports whether text has nothing but what names, host names, paths and
// image references are made of.
func isWords(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case c == '-', c == '.', c == '/', c == ':', c == '_':
		default:
			return false
		}
	}
	return true
}

// isName reports whether text looks like the name of an object, of a host, of a
// file or of an image.
func isName(text string) bool {
	if !isWords(text) {
		return false
	}
	if len(text) < shortName {
		return true
	}
	if text[0] == '/' {
		return !hasToken(text)
	}
	host, _, _ := strings.Cut(text, "/")
	host, _, _ = strings.Cut(host, ":")
	dot := strings.LastIndexByte(host, '.')
	return dot > 0 && len(host)-dot > 2 && !strings.ContainsAny(host[dot:], "0123456789") && !hasToken(text)
}

// isURL reports whether text is a URL in which nothing looks like a credential.
func isURL(text string) bool {
	i := strings.Index(text, "://")
	return i > 0 && !strings.ContainsAny(text, "@?#&= \t\r\n") && !hasToken(text[i:])
}

// isProse reports whether text is made of words: letters with few changes from
// small to capital ones, and what stands between words.
func isProse(text string) bool {
	letters, humps, length := 0, 0, 0
	for i := range len(text) {
		c := text[i]
		if 'a' <= c|0x20 && c|0x20 <= 'z' {
			letters++
			length++
			if length >= shortName {
				return false
			}
			if c < 'a' && i > 0 && 'a' <= text[i-1] && text[i-1] <= 'z' {
				humps++
			}
			continue
		}
		length = 0
		if strings.IndexByte(" \t\r\n.,:;'\"()[]/_-", c) < 0 {
			return false
		}
	}
	return letters > 0 && humps*4 <= letters
}

// isTime reports whether text looks like a time or a number.
func isTime(text string) bool {
	return len(text) <= 35 && strings.Trim(text, "0123456789TZ:.+- ") == ""
}

// hasToken reports whether a segment of text is long and has both letters and
// digits, as webhooks have in their paths.
func hasToken(text string) bool {
	for segment := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '/' || r == '.' || r == ':' }) {
		if len(segment) >= 16 && strings.ContainsAny(segment, "0123456789") && strings.Trim(segment, "0123456789-") != "" {
			return true
		}
	}
	return false
}
