{{/* Kubernetes' own groups and those of common tools. Of the core group resources are
named one by one: a `*` there would grant pods/exec, nodes/proxy and Secrets. */}}
{{- define "live-status.coreResources" -}}
{{- $all := list "configmaps" "limitranges" "persistentvolumeclaims" "pods" "podtemplates" "replicationcontrollers" "resourcequotas" "serviceaccounts" "services" -}}
{{- if not .namespaced -}}
{{- $all = concat $all (list "namespaces" "nodes" "persistentvolumes") -}}
{{- end -}}
{{- $all | sortAlpha | toJson -}}
{{- end -}}

{{- define "live-status.groups" -}}
{{- $all := list "apps" "autoscaling" "batch" "networking.k8s.io" "policy" "rbac.authorization.k8s.io" "resource.k8s.io" "storage.k8s.io" -}}
{{- if not .namespaced -}}
{{- $all = concat $all (list "admissionregistration.k8s.io" "apiextensions.k8s.io" "apiregistration.k8s.io" "node.k8s.io" "scheduling.k8s.io") -}}
{{- end -}}
{{- $tools := list "gateway.networking.k8s.io" "argoproj.io" "helm.toolkit.fluxcd.io" "kustomize.toolkit.fluxcd.io" "source.toolkit.fluxcd.io" "core.oam.dev" "app.k8s.io" "acme.cert-manager.io" "cert-manager.io" "monitoring.coreos.com" -}}
{{- concat (sortAlpha $all) (sortAlpha $tools) | toJson -}}
{{- end -}}

{{/* The group of a kind as the values name it. Kinds of the core group have none. */}}
{{- define "live-status.groupOf" -}}
{{- if contains "." . -}}
{{- regexReplaceAll "^[^.]*[.]" . "" -}}
{{- end -}}
{{- end -}}

{{/* The rule for kinds that are named one by one, by their groups. */}}
{{- define "live-status.namedRules" -}}
{{- $groups := dict -}}
{{- range . -}}
{{- if ne . "secrets" -}}
{{- $group := include "live-status.groupOf" . -}}
{{- $resource := splitList "." . | first -}}
{{- $_ := set $groups $group (append (default list (index $groups $group)) $resource) -}}
{{- end -}}
{{- end -}}
{{- range $group := keys $groups | sortAlpha }}
- apiGroups: [{{ $group | quote }}]
  resources: {{ index $groups $group | uniq | sortAlpha | toJson }}
  verbs: [get, list, watch]
{{- end }}
{{- end -}}

{{/* Rules for what is read in a namespace, or in all. */}}
{{- define "live-status.readRules" -}}
{{- $v := .root.Values -}}
{{- $f := include "live-status.facts" .root | fromYaml -}}
{{- if $f.events }}
# Either group will do; with both, events.k8s.io is read.
- apiGroups: ["", events.k8s.io]
  resources: [events]
  verbs: [get, list, watch]
{{- end }}
{{- if $f.objects }}
# The live objects.
{{- if $v.kinds.only }}
{{- include "live-status.namedRules" $v.kinds.only }}
{{- else }}
{{- $core := include "live-status.coreResources" . | fromJsonArray }}
{{- $groups := include "live-status.groups" . | fromJsonArray }}
{{- range $v.kinds.exclude }}
{{- $core = without $core . }}
{{- $groups = without $groups (trimPrefix "*." .) }}
{{- end }}
{{- with $core }}
- apiGroups: [""]
  resources:
    {{- toYaml . | nindent 4 }}
  verbs: [get, list, watch]
{{- end }}
{{- with concat $groups $v.kinds.apiGroups | uniq }}
- apiGroups:
    {{- toYaml . | nindent 4 }}
  resources: ["*"]
  verbs: [get, list, watch]
{{- end }}
{{- include "live-status.namedRules" $v.kinds.include }}
{{- end }}
{{- end }}
{{- if $f.secrets }}
# {{ ternary "Helm's releases are Secrets." "" (and $f.objects $v.rbac.helmReleases) }}{{ ternary " Their values are redacted wherever they occur." "" $v.rbac.redactClusterSecrets }}
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch]
{{- end }}
{{- with $v.rbac.extraRules }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Rules for what is of the cluster as a whole. */}}
{{- define "live-status.clusterRules" -}}
{{- $f := include "live-status.facts" . | fromYaml -}}
{{- if and .Values.rbac.clusterIdentity (or $f.events $f.objects) }}
# The identity of the cluster.
- apiGroups: [""]
  resources: [namespaces]
  resourceNames: [kube-system]
  verbs: [get]
{{- end }}
{{- if $f.auth }}
# Who scrapes metrics, and may they? Both write nothing.
- apiGroups: [authentication.k8s.io]
  resources: [tokenreviews]
  verbs: [create]
- apiGroups: [authorization.k8s.io]
  resources: [subjectaccessreviews]
  verbs: [create]
{{- end }}
{{- if not .Values.targetNamespaces }}
{{- include "live-status.readRules" (dict "root" . "namespaced" false) }}
{{- end }}
{{- end -}}
