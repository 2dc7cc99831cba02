package health

import "strings"

// isHook reports whether Argo CD takes the object for a hook: by its own
// annotation, unless that says nothing but Skip, or else by Helm's.
func (o *object) isHook() bool {
	const argo, helm = "argocd.argoproj.io/hook", "helm.sh/hook"
	annotations, _ := o.top().child("metadata.annotations", "metadata", "annotations")
	if annotations.m == nil {
		return false
	}
	if _, ok := annotations.m[argo]; !ok {
		_, ok := annotations.m[helm]
		return ok && annotations.text(helm) != "crd-install"
	}
	skips, others := 0, 0
	for typ := range strings.SplitSeq(annotations.text(argo), ",") {
		switch strings.TrimSpace(typ) {
		case "Skip":
			skips++
		case "PreSync", "Sync", "PostSync", "SyncFail":
			others++
		}
	}
	return skips != 1 || others != 0
}
