{{/* Text or a list, as a list of YAML, its templates evaluated. */}}
{{- define "live-status.list" -}}
{{- $text := .value -}}
{{- if not (kindIs "string" .value) -}}
{{- $text = ternary "" (toYaml .value) (empty .value) -}}
{{- end -}}
{{- tpl $text .root -}}
{{- end -}}

{{- define "live-status.onOff" -}}
{{- ternary "on" "off" . -}}
{{- end -}}

{{/* Options that both plugins have, by the values that set them. */}}
{{- define "live-status.sharedOptions" -}}
{{- $v := .root.Values -}}
{{- $f := .facts -}}
cluster_name: {{ $v.clusterName | quote }}
{{- if not $f.deployment }}
instance_name: ${NODE_NAME}
{{- end }}
{{- if .objects }}
{{- with $v.kinds.only }}
objects_only: {{ join "," (ternary (append . "secrets") . $v.rbac.helmReleases | uniq) | quote }}
{{- end }}
{{- with $v.kinds.include }}
objects_include: {{ join "," . | quote }}
{{- end }}
{{- $exclude := $v.kinds.exclude }}
{{- if not (or $v.rbac.helmReleases $v.kinds.only (has "secrets" $exclude)) }}
{{- $exclude = append $exclude "secrets" }}
{{- end }}
{{- with $exclude }}
objects_exclude: {{ join "," . | quote }}
{{- end }}
{{- end }}
{{- if or .objects .events }}
{{- with $v.targetNamespaces }}
kube_namespace: {{ join "," . | quote }}
{{- end }}
{{- end }}
{{- if $v.rbac.redactClusterSecrets }}
redact_cluster_secrets: "on"
{{- end }}
{{- $paths := list }}
{{- if and $f.registration $v.registration.keys }}
{{- $paths = append $paths "/etc/live-status/credentials" }}
{{- end }}
{{- range $v.redaction.secrets }}
{{- $paths = append $paths (printf "/etc/live-status/values/%s" .) }}
{{- end }}
{{- with $paths }}
redact_values_path: {{ join "," . | quote }}
{{- end }}
{{- if $f.registration }}
redact_salt_file: /etc/live-status/salt/salt
{{- end }}
{{- if and $f.metrics .metrics }}
metrics_listen: ":{{ $v.metrics.port }}"
{{- if $f.metricsTLS }}
metrics_tls_crt_file: /etc/live-status/metrics-tls/tls.crt
metrics_tls_key_file: /etc/live-status/metrics-tls/tls.key
{{- end }}
metrics_auth: {{ include "live-status.onOff" $v.metrics.auth | quote }}
{{- if $v.metrics.insecure }}
metrics_insecure: "on"
{{- end }}
metrics_objects: {{ $v.metrics.objects | quote }}
metrics_max_series: {{ $v.metrics.maxSeries | int }}
{{- end }}
db.sync: full
batch_max_bytes: 4MiB
{{- end -}}

{{/* The input live_status. */}}
{{- define "live-status.input" -}}
{{- $v := .Values -}}
{{- $f := include "live-status.facts" . | fromYaml -}}
name: live_status
tag: {{ $v.input.tag }}
db: /var/lib/live-status/live-status.db
storage.type: filesystem
kube_events: {{ include "live-status.onOff" $f.events | quote }}
kube_objects: {{ include "live-status.onOff" $f.inputObjects | quote }}
{{- if $f.inputObjects }}
kube_status: {{ include "live-status.onOff" $f.status | quote }}
{{- end }}
{{- if $f.auditFile }}
audit_path: {{ $v.audit.file.path }}
{{- end }}
{{- if $f.webhook }}
audit_webhook_listen: "{{ $v.audit.webhook.address }}:{{ $v.audit.webhook.port }}"
audit_spool_max_size: {{ $v.audit.webhook.spoolMaxSize }}
audit_tls_crt_file: /etc/live-status/audit-tls/tls.crt
audit_tls_key_file: /etc/live-status/audit-tls/tls.key
{{- if $v.audit.webhook.token.enabled }}
audit_token_file: /etc/live-status/audit-token/token
{{- end }}
{{- if $v.audit.webhook.clientCA.secretName }}
audit_tls_client_ca_file: /etc/live-status/audit-client-ca/ca.crt
{{- end }}
{{- end }}
{{ include "live-status.sharedOptions" (dict "root" . "facts" $f "events" $f.events "objects" $f.inputObjects "metrics" true) }}
{{- end -}}

{{/* The output live_status. */}}
{{- define "live-status.output" -}}
{{- $v := .Values -}}
{{- $f := include "live-status.facts" . | fromYaml -}}
name: live_status
match: {{ $v.output.match | quote }}
db: /var/lib/live-status/live-status-output.db
forward_to: {{ tpl $v.output.forwardTo . | quote }}
{{- if $v.output.objects }}
kube_objects: "on"
{{- end }}
{{- if $v.output.deadLetters }}
dead_letter_path: /var/lib/live-status/dead-letters.jsonl
{{- end }}
workers: 1
retry_limit: no_limits
{{ include "live-status.sharedOptions" (dict "root" . "facts" $f "events" false "objects" $v.output.objects "metrics" (not $v.input.enabled)) }}
{{- end -}}

{{/* fluent-bit.yaml. What the user writes for a plugin of the chart comes last. */}}
{{- define "live-status.fluentBit" -}}
{{- $v := .Values -}}
{{- $service := deepCopy $v.config.service -}}
{{- if $v.hotReload.enabled -}}
{{- $service = merge (dict "hot_reload" "on") $service -}}
{{- end -}}
service:
{{- toYaml $service | nindent 2 }}

plugins:
{{- if or $v.input.enabled (include "live-status.own" (dict "root" . "value" $v.config.inputs)) }}
  - /fluent-bit/plugins/in_live_status.so
{{- end }}
{{- if or $v.output.enabled (include "live-status.own" (dict "root" . "value" $v.config.outputs)) }}
  - /fluent-bit/plugins/out_live_status.so
{{- end }}

pipeline:
  inputs:
{{- if $v.input.enabled }}
    - {{ merge (deepCopy $v.pluginOptions) (include "live-status.input" . | fromYaml) | toYaml | nindent 6 | trim }}
{{- end }}
{{- with include "live-status.list" (dict "root" . "value" $v.config.inputs) }}
{{- . | nindent 4 }}
{{- end }}
{{- with include "live-status.list" (dict "root" . "value" $v.config.filters) }}

  filters:
{{- . | nindent 4 }}
{{- end }}

  outputs:
{{- if $v.output.enabled }}
    - {{ merge (deepCopy $v.output.options) (include "live-status.output" . | fromYaml) | toYaml | nindent 6 | trim }}
{{- end }}
{{- with include "live-status.list" (dict "root" . "value" $v.config.outputs) }}
{{- . | nindent 4 }}
{{- end }}
{{- end -}}

{{/* Not empty where the user wrote a plugin live_status into a list by hand. */}}
{{- define "live-status.own" -}}
{{- range include "live-status.list" . | fromYamlArray -}}
{{- if and (kindIs "map" .) (eq (toString (index . "name")) "live_status") -}}yes{{- end -}}
{{- end -}}
{{- end -}}
