{{/* Where pods get the configuration and the files it names. */}}
{{- define "live-status.volumeMounts" -}}
{{- $f := include "live-status.facts" . | fromYaml -}}
- name: config
  mountPath: /fluent-bit/etc/conf
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- if $f.metricsTLS }}
- name: metrics-tls
  mountPath: /etc/live-status/metrics-tls
  readOnly: true
{{- end }}
{{- if $f.webhook }}
- name: audit-tls
  mountPath: /etc/live-status/audit-tls
  readOnly: true
{{- if .Values.audit.webhook.token.enabled }}
- name: audit-token
  mountPath: /etc/live-status/audit-token
  readOnly: true
{{- end }}
{{- if .Values.audit.webhook.clientCA.secretName }}
- name: audit-client-ca
  mountPath: /etc/live-status/audit-client-ca
  readOnly: true
{{- end }}
{{- end }}
{{- if $f.registration }}
- name: salt
  mountPath: /etc/live-status/salt
  readOnly: true
{{- if .Values.registration.keys }}
- name: credentials
  mountPath: /etc/live-status/credentials
  readOnly: true
{{- end }}
{{- end }}
{{- range $i, $name := .Values.redaction.secrets }}
- name: values-{{ $i }}
  mountPath: /etc/live-status/values/{{ $name }}
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The volumes of these mounts. */}}
{{- define "live-status.volumes" -}}
{{- $f := include "live-status.facts" . | fromYaml -}}
- name: config
  configMap:
    name: {{ default (include "live-status.fullname" .) .Values.existingConfigMap }}
- name: tmp
  emptyDir: {}
{{- if $f.metricsTLS }}
- name: metrics-tls
  secret:
    secretName: {{ include "live-status.metricsTLSSecret" . }}
    defaultMode: {{ include "live-status.secretMode" $ }}
    items:
      - {key: tls.crt, path: tls.crt}
      - {key: tls.key, path: tls.key}
{{- end }}
{{- if $f.webhook }}
- name: audit-tls
  secret:
    secretName: {{ include "live-status.auditTLSSecret" . }}
    defaultMode: {{ include "live-status.secretMode" $ }}
    items:
      - {key: tls.crt, path: tls.crt}
      - {key: tls.key, path: tls.key}
{{- if .Values.audit.webhook.token.enabled }}
- name: audit-token
  secret:
    secretName: {{ include "live-status.auditTokenSecret" . }}
    defaultMode: {{ include "live-status.secretMode" $ }}
    items:
      - {key: token, path: token}
{{- end }}
{{- with .Values.audit.webhook.clientCA }}
{{- if .secretName }}
- name: audit-client-ca
  secret:
    secretName: {{ .secretName }}
    defaultMode: {{ include "live-status.secretMode" $ }}
    items:
      - {key: {{ .key }}, path: ca.crt}
{{- end }}
{{- end }}
{{- end }}
{{- if $f.registration }}
- name: salt
  secret:
    secretName: {{ include "live-status.registrationSecret" . }}
    defaultMode: {{ include "live-status.secretMode" $ }}
    items:
      - {key: salt, path: salt}
{{- with .Values.registration.keys }}
- name: credentials
  secret:
    secretName: {{ include "live-status.registrationSecret" $ }}
    defaultMode: {{ include "live-status.secretMode" $ }}
    items:
      {{- range . }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
{{- end }}
{{- end }}
{{- range $i, $name := .Values.redaction.secrets }}
- name: values-{{ $i }}
  secret:
    secretName: {{ $name }}
    defaultMode: {{ include "live-status.secretMode" $ }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Files of Secrets belong to root: others read them as the pod's group. */}}
{{- define "live-status.secretMode" -}}
{{- ternary "0400" "0440" (and .Values.input.enabled .Values.audit.file.enabled (eq (int64 .Values.audit.file.runAsUser) 0)) -}}
{{- end -}}

{{- define "live-status.podSecurityContext" -}}
{{- $context := deepCopy .Values.podSecurityContext -}}
{{- if and .Values.input.enabled .Values.audit.file.enabled -}}
{{- with .Values.audit.file -}}
{{- $_ := set $context "runAsUser" (int64 .runAsUser) -}}
{{- $_ := set $context "runAsGroup" (int64 .runAsGroup) -}}
{{- $_ := set $context "runAsNonRoot" (ne (int64 .runAsUser) 0) -}}
{{- if eq (int64 .runAsUser) 0 -}}
{{- /* It would let a group read what root alone should. */ -}}
{{- $context = omit $context "fsGroup" "fsGroupChangePolicy" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $context -}}
{{- end -}}

{{- define "live-status.env" -}}
- name: NODE_NAME
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* metadata and spec of the instance's pod. */}}
{{- define "live-status.pod" -}}
{{- $f := include "live-status.facts" . | fromYaml -}}
metadata:
  labels:
    {{- include "live-status.selectorLabels" . | nindent 4 }}
    {{- with .Values.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    {{- if not (or .Values.hotReload.enabled .Values.existingConfigMap) }}
    checksum/config: {{ include "live-status.fluentBit" . | cat (toYaml .Values.config.extraFiles) | sha256sum }}
    {{- end }}
    kubectl.kubernetes.io/default-container: live-status
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "live-status.serviceAccountName" . }}
  automountServiceAccountToken: {{ $f.api }}
  enableServiceLinks: false
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "live-status.podSecurityContext" . | nindent 4 }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.schedulerName }}
  schedulerName: {{ . }}
  {{- end }}
  {{- with .Values.runtimeClassName }}
  runtimeClassName: {{ . }}
  {{- end }}
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- if .Values.hostNetwork }}
  hostNetwork: true
  {{- end }}
  {{- with .Values.dnsPolicy | default (ternary "ClusterFirstWithHostNet" "" .Values.hostNetwork) }}
  dnsPolicy: {{ . }}
  {{- end }}
  {{- with .Values.dnsConfig }}
  dnsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.hostAliases }}
  hostAliases:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.initContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: live-status
      image: {{ include "live-status.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command:
        - /fluent-bit/bin/fluent-bit
      args:
        - --config=/fluent-bit/etc/conf/fluent-bit.yaml
        {{- with .Values.extraArgs }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      env:
        {{- include "live-status.env" . | nindent 8 }}
      {{- with .Values.envFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        {{- if $f.http }}
        - name: http
          containerPort: {{ $f.httpPort }}
          protocol: TCP
        {{- end }}
        {{- if $f.metrics }}
        - name: metrics
          containerPort: {{ .Values.metrics.port }}
          protocol: TCP
        {{- end }}
        {{- if $f.webhook }}
        - name: audit
          containerPort: {{ .Values.audit.webhook.port }}
          protocol: TCP
        {{- end }}
        {{- range .Values.extraPorts }}
        - name: {{ .name }}
          containerPort: {{ .containerPort }}
          protocol: {{ .protocol | default "TCP" }}
        {{- end }}
      {{- if $f.http }}
      {{- with .Values.startupProbe }}
      startupProbe:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.livenessProbe }}
      livenessProbe:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- end }}
      {{- if .Values.readinessProbe }}
      readinessProbe:
        {{- toYaml .Values.readinessProbe | nindent 8 }}
      {{- else if $f.metrics }}
      readinessProbe:
        httpGet:
          path: /readyz
          port: metrics
          scheme: {{ $f.metricsScheme }}
        periodSeconds: 10
        timeoutSeconds: 5
      {{- else if $f.http }}
      readinessProbe:
        httpGet:
          path: /api/v1/health
          port: http
        periodSeconds: 10
        timeoutSeconds: 5
      {{- end }}
      {{- with .Values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        - name: data
          mountPath: /var/lib/live-status
          {{- if and (not $f.deployment) .Values.persistence.enabled }}
          subPathExpr: $(NODE_NAME)
          {{- end }}
        {{- if $f.auditFile }}
        - name: audit-log
          mountPath: {{ dir .Values.audit.file.path }}
          readOnly: true
        {{- end }}
        {{- include "live-status.volumeMounts" . | nindent 8 }}
    {{- with .Values.extraContainers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    - name: data
      {{- if not .Values.persistence.enabled }}
      emptyDir: {}
      {{- else if $f.deployment }}
      persistentVolumeClaim:
        claimName: {{ include "live-status.claim" . }}
      {{- else }}
      hostPath:
        path: {{ .Values.persistence.hostPath }}
        type: DirectoryOrCreate
      {{- end }}
    {{- if $f.auditFile }}
    - name: audit-log
      hostPath:
        path: {{ dir .Values.audit.file.path }}
        type: Directory
    {{- end }}
    {{- include "live-status.volumes" . | nindent 4 }}
  {{- with include "live-status.placement" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* On which nodes. Those of the control plane in a DaemonSet and for the audit log,
unless said otherwise. */}}
{{- define "live-status.placement" -}}
{{- $control := or (eq .Values.kind "DaemonSet") (and .Values.input.enabled .Values.audit.file.enabled) -}}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .Values.affinity }}
affinity:
  {{- toYaml .Values.affinity | nindent 2 }}
{{- else if and $control (not .Values.nodeSelector) }}
affinity:
  nodeAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      nodeSelectorTerms:
        - matchExpressions:
            - {key: node-role.kubernetes.io/control-plane, operator: Exists}
{{- end }}
{{- if .Values.tolerations }}
tolerations:
  {{- toYaml .Values.tolerations | nindent 2 }}
{{- else if $control }}
tolerations:
  - {key: node-role.kubernetes.io/control-plane, operator: Exists}
  - {key: node-role.kubernetes.io/etcd, operator: Exists}
{{- end }}
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
