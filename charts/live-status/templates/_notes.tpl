{{/* What the notes say besides: things that only the cluster, or the person, can judge. */}}

{{/* API groups that the cluster serves, that are watched by default, and that no rule
grants. `helm template` knows none. */}}
{{- define "live-status.notGranted" -}}
{{- $v := .Values -}}
{{- $f := include "live-status.facts" . | fromYaml -}}
{{- $found := list -}}
{{- if and $f.objects $v.rbac.create (not $v.kinds.only) -}}
{{- $known := concat (include "live-status.groups" (dict "namespaced" false) | fromJsonArray) $v.kinds.apiGroups -}}
{{- range concat $v.kinds.exclude $v.kinds.include -}}
{{- $known = append $known (trimPrefix "*." .) -}}
{{- end -}}
{{- range $v.rbac.extraRules -}}
{{- $known = concat $known (default list (index . "apiGroups")) -}}
{{- end -}}
{{- range .Capabilities.APIVersions -}}
{{- $group := splitList "/" . | first -}}
{{/* Kubernetes' own groups that are not among those granted deploy nothing. */}}
{{- if and (contains "/" .) (contains "." $group) (not (regexMatch "^(authentication|authorization|certificates|coordination|discovery|events|flowcontrol[.]apiserver|internal[.]apiserver|metrics|custom[.]metrics|external[.]metrics|storagemigration)[.]k8s[.]io$" $group)) (not (has $group $known)) -}}
{{- $found = append $found $group -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $found | uniq | sortAlpha | toJson -}}
{{- end -}}

{{/* Outputs that may lose records, and records that no output takes. */}}
{{- define "live-status.lossy" -}}
{{- $v := .Values -}}
{{- $found := list -}}
{{- if and (kindIs "slice" $v.config.outputs) (not $v.existingConfigMap) -}}
{{- $taken := $v.output.enabled -}}
{{- range $v.config.outputs -}}
{{/* Fluent Bit does not mind in which case its keys are written. */}}
{{- $output := dict -}}
{{- range $key, $value := . -}}
{{- $_ := set $output (lower $key) (toString $value) -}}
{{- end -}}
{{- if not (has (index $output "retry_limit" | default "" | lower) (list "no_limits" "false")) -}}
{{- $found = append $found (printf "the output %s gives up after some retries, and drops records then. Set its retry_limit to no_limits" (index $output "name" | default "without a name")) -}}
{{- end -}}
{{- $match := index $output "match" | default "" -}}
{{- if or (index $output "match_regex") (regexMatch (printf "^%s$" (regexQuoteMeta $match | replace "\\*" ".*")) $v.input.tag) -}}
{{- $taken = true -}}
{{- end -}}
{{- end -}}
{{- if and $v.input.enabled (not $taken) (empty $v.config.filters) -}}
{{- $found = append $found (printf "no output matches the tag %s: records go nowhere. Set match to it in one of config.outputs" $v.input.tag) -}}
{{- end -}}
{{- end -}}
{{- if and $v.prometheusRule.enabled (not $v.metrics.enabled) -}}
{{- $found = append $found "prometheusRule has alerts, and this release no metrics: LiveStatusAbsent fires unless another release has some. Set metrics.enabled=true" -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}
