{{/* What the schema cannot say, all mistakes at once: what is wrong, and the way out. */}}
{{- define "live-status.validate" -}}
{{- $v := .Values -}}
{{- $f := include "live-status.facts" . | fromYaml -}}
{{- $found := list -}}
{{- if not $v.clusterName -}}
{{- $found = append $found "clusterName is not set. Name the cluster as its records shall: --set clusterName=production" -}}
{{- end -}}
{{- $found = concat $found (include "live-status.validateReading" (dict "root" . "facts" $f) | fromJsonArray) -}}
{{- $found = concat $found (include "live-status.validateKinds" . | fromJsonArray) -}}
{{- $found = concat $found (include "live-status.validateWebhook" (dict "root" . "facts" $f) | fromJsonArray) -}}
{{- $found = concat $found (include "live-status.validateMetrics" (dict "root" . "facts" $f) | fromJsonArray) -}}
{{- $found = concat $found (include "live-status.validateOptions" . | fromJsonArray) -}}
{{- $found = concat $found (include "live-status.validateRunning" (dict "root" . "facts" $f) | fromJsonArray) -}}
{{- if $found -}}
{{- fail (printf "\n\nThe values do not fit together:\n- %s\n" (join "\n- " $found)) -}}
{{- end -}}
{{- end -}}

{{- define "live-status.validateReading" -}}
{{- $v := .root.Values -}}
{{- $f := .facts -}}
{{- $found := list -}}
{{- $own := include "live-status.own" (dict "root" .root "value" $v.config.inputs) -}}
{{- if and (not $v.existingConfigMap) (not (or $v.input.enabled $v.output.enabled $own (include "live-status.own" (dict "root" .root "value" $v.config.outputs)))) -}}
{{- $found = append $found "neither plugin is on. Set input.enabled, or output.enabled with config.inputs" -}}
{{- end -}}
{{- if and $v.input.enabled (not (or $f.events $f.inputObjects $f.auditFile $f.webhook)) -}}
{{- $found = append $found (printf "the input has nothing to read%s. Set audit.file.enabled, audit.webhook.enabled, events.enabled or objects.enabled" (ternary "" " (in a DaemonSet events and objects are off unless set)" $f.deployment)) -}}
{{- end -}}
{{- if not (or $v.existingConfigMap $v.output.enabled (include "live-status.list" (dict "root" .root "value" $v.config.outputs) | trim)) -}}
{{- $found = append $found "config.outputs is empty: the records would go nowhere. Name an output" -}}
{{- end -}}
{{- if and $v.input.enabled (eq (toString $v.status.enabled) "true") (not $f.inputObjects) -}}
{{- $found = append $found "status.enabled needs the live objects. Set objects.enabled=true" -}}
{{- end -}}
{{- if and (not $v.input.enabled) (or $v.audit.file.enabled $v.audit.webhook.enabled) -}}
{{- $found = append $found "audit is read by the input plugin, which is off. Set input.enabled=true, or read the audit trail by config.inputs" -}}
{{- end -}}
{{- if and $v.output.enabled (not $v.output.forwardTo) -}}
{{- $found = append $found "output.forwardTo is not set. Say where the records go: https://HOST/PATH, forward://HOST:PORT, stdout or file:PATH" -}}
{{- end -}}
{{- if and $v.output.enabled (not $v.input.enabled) (empty $v.config.inputs) -}}
{{- $found = append $found "the output plugin gets no records. Set config.inputs" -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}

{{- define "live-status.validateKinds" -}}
{{- $v := .Values -}}
{{- $found := list -}}
{{- if and $v.kinds.only (or $v.kinds.include $v.kinds.apiGroups) -}}
{{- $found = append $found "kinds.only names all kinds that are watched. Move those of kinds.include and kinds.apiGroups there (*.GROUP is a whole group)" -}}
{{- end -}}
{{- $core := concat (include "live-status.coreResources" (dict "namespaced" false) | fromJsonArray) (list "endpoints" "secrets") -}}
{{- range concat $v.kinds.only $v.kinds.include -}}
{{- if contains "*" (trimPrefix "*." .) -}}
{{- $found = append $found (printf "kinds: %q cannot be granted: Kubernetes has no patterns for kinds, and * would grant pods/exec. Name the kind, or a whole group as *.GROUP" .) -}}
{{- else if and (not (contains "." .)) (not (has . $core)) -}}
{{- $found = append $found (printf "kinds: %q is no kind of the core group. Write it with its group, as kubectl api-resources -o name does: deployments.apps" .) -}}
{{- else if and (eq . "secrets") (not $v.rbac.helmReleases) -}}
{{- $found = append $found "kinds: secrets need the right to read them. Set rbac.helmReleases=true" -}}
{{- end -}}
{{- end -}}
{{- if and $v.rbac.helmReleases (has "secrets" $v.kinds.exclude) -}}
{{- $found = append $found "rbac.helmReleases reads Secrets, and kinds.exclude leaves them out. Drop one of them" -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}

{{- define "live-status.validateTLS" -}}
{{- $found := list -}}
{{- if and .tls.secretName .tls.certManager.enabled -}}
{{- $found = append $found (printf "%s has two certificates. Set secretName or certManager.enabled, not both" .key) -}}
{{- end -}}
{{- if and .tls.certManager.enabled (not (index .tls.certManager.issuerRef "name")) -}}
{{- $found = append $found (printf "%s.certManager.issuerRef.name is not set. Name an Issuer, or a ClusterIssuer with issuerRef.kind" .key) -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}

{{- define "live-status.validateWebhook" -}}
{{- $w := .root.Values.audit.webhook -}}
{{- $found := list -}}
{{- if .facts.webhook -}}
{{- $found = include "live-status.validateTLS" (dict "key" "audit.webhook.tls" "tls" $w.tls) | fromJsonArray -}}
{{- if not (or $w.tls.secretName $w.tls.certManager.enabled $w.tls.generate) -}}
{{- $found = append $found "audit.webhook.tls has no certificate. Set one of audit.webhook.tls.secretName, audit.webhook.tls.certManager.enabled, audit.webhook.tls.generate" -}}
{{- else if and $w.tls.generate (or $w.tls.secretName $w.tls.certManager.enabled) -}}
{{- $found = append $found "audit.webhook.tls has two certificates. Drop audit.webhook.tls.generate" -}}
{{- end -}}
{{- if not (or $w.token.enabled $w.clientCA.secretName) -}}
{{- $found = append $found "audit.webhook takes audit events from anyone, who can then forge the trail. Set audit.webhook.token.enabled=true, or audit.webhook.clientCA.secretName" -}}
{{- end -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}

{{- define "live-status.validateMetrics" -}}
{{- $v := .root.Values -}}
{{- $m := $v.metrics -}}
{{- $found := list -}}
{{- if $m.enabled -}}
{{- $found = include "live-status.validateTLS" (dict "key" "metrics.tls" "tls" $m.tls) | fromJsonArray -}}
{{- if and (not .facts.metricsTLS) (not $m.insecure) -}}
{{- $found = append $found "metrics are served without encryption. Set metrics.tls.generate=true or another certificate of metrics.tls, or metrics.insecure=true" -}}
{{- end -}}
{{- if and (not $m.auth) (not $m.insecure) -}}
{{- $found = append $found "metrics are served to anyone. Set metrics.auth=true, or metrics.insecure=true" -}}
{{- end -}}
{{- if and $v.serviceMonitor.enabled $m.auth (not .facts.metricsTLS) -}}
{{- $found = append $found "serviceMonitor would have Prometheus send its token without encryption. Set metrics.tls.generate=true or another certificate of metrics.tls, or metrics.auth=false" -}}
{{- end -}}
{{- else if $v.serviceMonitor.enabled -}}
{{- $found = append $found "serviceMonitor has no metrics to scrape. Set metrics.enabled=true" -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}

{{/* Options that the chart sets, which its permissions, volumes and ports follow. */}}
{{- define "live-status.validateOptions" -}}
{{- $found := list -}}
{{- $owners := dict "name" "input.enabled" "tag" "input.tag" "match" "output.match" "cluster_name" "clusterName" "db" "persistence" "kube_events" "events.enabled" "kube_objects" "objects.enabled" "kube_status" "status.enabled" "kube_namespace" "targetNamespaces" "objects_only" "kinds.only" "objects_include" "kinds.include" "objects_exclude" "kinds.exclude" "redact_cluster_secrets" "rbac.redactClusterSecrets" "audit_path" "audit.file" "audit_webhook_listen" "audit.webhook" "audit_tls_crt_file" "audit.webhook.tls" "audit_tls_key_file" "audit.webhook.tls" "audit_tls_client_ca_file" "audit.webhook.clientCA" "audit_token_file" "audit.webhook.token" "audit_spool_max_size" "audit.webhook.spoolMaxSize" "metrics_listen" "metrics" "metrics_tls_crt_file" "metrics.tls" "metrics_tls_key_file" "metrics.tls" "metrics_auth" "metrics.auth" "metrics_insecure" "metrics.insecure" "metrics_objects" "metrics.objects" "metrics_max_series" "metrics.maxSeries" "forward_to" "output.forwardTo" -}}
{{- range $value, $options := dict "pluginOptions" .Values.pluginOptions "output.options" .Values.output.options -}}
{{- range $key := keys $options | sortAlpha -}}
{{- with index $owners (lower $key) -}}
{{- $found = append $found (printf "%s: %s is set by the chart. Use the value %s" $value $key .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}

{{- define "live-status.validateRunning" -}}
{{- $v := .root.Values -}}
{{- $f := .facts -}}
{{- $found := list -}}
{{- $grace := index $v.config.service "grace" | default 5 | int -}}
{{- if ge $grace ($v.terminationGracePeriodSeconds | int) -}}
{{- $found = append $found (printf "terminationGracePeriodSeconds (%d) is not longer than config.service.grace (%d): Fluent Bit would be killed while it stops. Raise it to %d" ($v.terminationGracePeriodSeconds | int) $grace (add $grace 10)) -}}
{{- end -}}
{{- if and $v.hotReload.enabled (or $v.output.enabled (include "live-status.own" (dict "root" .root "value" $v.config.outputs))) -}}
{{- $found = append $found "hotReload.enabled with an output live_status: a hot reload starts the workers of a Go output twice, and Fluent Bit 5.1 crashes. Set hotReload.enabled=false: a changed configuration restarts the pod, and nothing is lost" -}}
{{- end -}}
{{- if and (not $f.deployment) $v.persistence.existingClaim -}}
{{- $found = append $found "persistence.existingClaim is for a Deployment: the instances of a DaemonSet cannot share a cursor. Use persistence.hostPath" -}}
{{- end -}}
{{- if hasKey $v.config.extraFiles "fluent-bit.yaml" -}}
{{- $found = append $found "config.extraFiles names fluent-bit.yaml, which the chart makes. Use another name, or existingConfigMap" -}}
{{- end -}}
{{- if has "salt" $v.registration.keys -}}
{{- $found = append $found "registration.keys names salt, which is the salt's own key. Use another name" -}}
{{- end -}}
{{- if and $v.registration.enabled (ne (empty $v.registration.credentialsSecret) (empty $v.registration.keys)) (not (empty $v.registration.credentialsSecret)) -}}
{{- $found = append $found "registration.credentialsSecret has credentials, and registration.keys does not say which. Name them" -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}
