{{/* DNS names of a Service. */}}
{{- define "live-status.serviceNames" -}}
{{- list .name (printf "%s.%s" .name .namespace) (printf "%s.%s.svc" .name .namespace) (printf "%s.%s.svc.cluster.local" .name .namespace) | toJson -}}
{{- end -}}

{{/* Secret and Certificate of a Service, as its tls values say: root, tls, service,
secret, dnsNames, ipAddresses. */}}
{{- define "live-status.certificate" -}}
{{- $root := .root -}}
{{- $names := concat (include "live-status.serviceNames" (dict "name" .service "namespace" $root.Release.Namespace) | fromJsonArray) .tls.dnsNames | uniq -}}
{{- $addresses := concat (list "127.0.0.1") .ipAddresses .tls.ipAddresses | uniq -}}
{{- if .tls.secretName -}}
{{- else if .tls.certManager.enabled -}}
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: {{ .secret }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "live-status.labels" $root | nindent 4 }}
spec:
  secretName: {{ .secret }}
  duration: {{ .tls.certManager.duration }}
  renewBefore: {{ .tls.certManager.renewBefore }}
  privateKey:
    algorithm: ECDSA
    size: 256
    rotationPolicy: Always
  usages:
    - digital signature
    - server auth
  dnsNames:
    {{- toYaml $names | nindent 4 }}
  ipAddresses:
    {{- toYaml $addresses | nindent 4 }}
  issuerRef:
    {{- toYaml .tls.certManager.issuerRef | nindent 4 }}
{{- else if .tls.generate -}}
{{- $wanted := join "," (concat $names $addresses) -}}
{{- $ca := "" -}}
{{- $crt := "" -}}
{{- $key := "" -}}
{{- $old := lookup "v1" "Secret" $root.Release.Namespace .secret -}}
{{- if $old -}}
{{- if eq $wanted (dig "metadata" "annotations" "live-status/certificate-names" "" $old) -}}
{{- $ca = dig "data" "ca.crt" "" $old -}}
{{- $crt = dig "data" "tls.crt" "" $old -}}
{{- $key = dig "data" "tls.key" "" $old -}}
{{- end -}}
{{- end -}}
{{- if not (and $ca $crt $key) -}}
{{- /* Nobody keeps the CA's key: it signs this certificate alone. */ -}}
{{- $authority := genCA (printf "%s-ca" .service) 3650 -}}
{{- $cert := genSignedCert .service $addresses $names 3650 $authority -}}
{{- $ca = b64enc $authority.Cert -}}
{{- $crt = b64enc $cert.Cert -}}
{{- $key = b64enc $cert.Key -}}
{{- end -}}
apiVersion: v1
kind: Secret
metadata:
  name: {{ .secret }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "live-status.labels" $root | nindent 4 }}
  annotations:
    live-status/certificate-names: {{ $wanted | quote }}
type: kubernetes.io/tls
data:
  ca.crt: {{ $ca }}
  tls.crt: {{ $crt }}
  tls.key: {{ $key }}
{{- end -}}
{{- end -}}
