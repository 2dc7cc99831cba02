{{- define "live-status.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* What is derived from it has endings of up to 13 characters. */}}
{{- define "live-status.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "live-status.selectorLabels" -}}
app.kubernetes.io/name: {{ include "live-status.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "live-status.commonLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "live-status.labels" -}}
{{ include "live-status.selectorLabels" . }}
{{ include "live-status.commonLabels" . }}
{{- end -}}

{{/* Labels of pods that run beside the instance. They have another name, so that no
Service and no PodDisruptionBudget takes them for it. */}}
{{- define "live-status.sideLabels" -}}
app.kubernetes.io/name: {{ printf "%s-%s" (include "live-status.name" .root | trunc 50 | trimSuffix "-") .part }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{ include "live-status.commonLabels" .root }}
{{- end -}}

{{- define "live-status.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "live-status.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "live-status.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What several templates derive from the values: a map, to be read by fromYaml. */}}
{{- define "live-status.facts" -}}
{{- $v := .Values -}}
{{- $deployment := eq $v.kind "Deployment" -}}
{{- $input := $v.input.enabled -}}
{{- $events := and $input (ternary $deployment (eq (toString $v.events.enabled) "true") (eq (toString $v.events.enabled) "auto")) -}}
{{- $inputObjects := and $input (ternary $deployment (eq (toString $v.objects.enabled) "true") (eq (toString $v.objects.enabled) "auto")) -}}
{{- $objects := or $inputObjects (and $v.output.enabled $v.output.objects) -}}
{{- $auth := and $v.metrics.enabled $v.metrics.auth -}}
{{- $secrets := or (and $objects $v.rbac.helmReleases) $v.rbac.redactClusterSecrets -}}
deployment: {{ $deployment }}
events: {{ $events }}
inputObjects: {{ $inputObjects }}
objects: {{ $objects }}
status: {{ ternary $inputObjects (eq (toString $v.status.enabled) "true") (eq (toString $v.status.enabled) "auto") }}
auth: {{ $auth }}
secrets: {{ $secrets }}
api: {{ or $events $objects $auth $v.rbac.redactClusterSecrets }}
auditFile: {{ and $input $v.audit.file.enabled }}
webhook: {{ and $input $v.audit.webhook.enabled }}
metrics: {{ $v.metrics.enabled }}
metricsTLS: {{ and $v.metrics.enabled (ne (include "live-status.metricsTLSSecret" .) "") }}
metricsScheme: {{ ternary "HTTPS" "HTTP" (ne (include "live-status.metricsTLSSecret" .) "") }}
http: {{ has (toString (index $v.config.service "http_server") | lower) (list "on" "true" "yes") }}
httpPort: {{ index $v.config.service "http_port" | default 2020 | int }}
registration: {{ or $v.registration.enabled (ne $v.registration.secretName "") }}
{{- end -}}

{{- define "live-status.registrationSecret" -}}
{{- default (printf "%s-registration" (include "live-status.fullname" .)) .Values.registration.secretName -}}
{{- end -}}

{{- define "live-status.claim" -}}
{{- default (include "live-status.fullname" .) .Values.persistence.existingClaim -}}
{{- end -}}

{{- define "live-status.auditTokenSecret" -}}
{{- default (printf "%s-audit-token" (include "live-status.fullname" .)) .Values.audit.webhook.token.existingSecret -}}
{{- end -}}

{{/* Name of the Secret with a certificate, empty where there is none. It takes the
values of tls and the ending of a name. */}}
{{- define "live-status.tlsSecret" -}}
{{- if .tls.secretName -}}
{{- .tls.secretName -}}
{{- else if or .tls.certManager.enabled .tls.generate -}}
{{- printf "%s-%s" (include "live-status.fullname" .root) .suffix -}}
{{- end -}}
{{- end -}}

{{- define "live-status.metricsTLSSecret" -}}
{{- include "live-status.tlsSecret" (dict "root" . "tls" .Values.metrics.tls "suffix" "metrics-tls") -}}
{{- end -}}

{{- define "live-status.auditTLSSecret" -}}
{{- include "live-status.tlsSecret" (dict "root" . "tls" .Values.audit.webhook.tls "suffix" "audit-tls") -}}
{{- end -}}
