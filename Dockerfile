# The official image of Fluent Bit with both plugins, the command and conf/.
#
#   make image
#   docker build --build-arg VERSION=1.0.0 --platform linux/amd64,linux/arm64 -t fluent-live/live-status:1.0.0 .
#
# Needs BuildKit, or Podman's or Buildah's builder, which set BUILDPLATFORM and TARGETARCH.
ARG GO_VERSION=1.26
ARG FLUENT_BIT_VERSION=5.1.1

# Debian 12: what is linked here asks for glibc 2.36 at most, and Fluent Bit's image,
# Debian 13, has 2.41. The build runs on the builder's own platform and compiles for
# the other: emulated, a C compiler takes an hour.
FROM --platform=${BUILDPLATFORM} golang:${GO_VERSION}-bookworm AS build
ARG TARGETARCH
ARG VERSION=dev
WORKDIR /src
RUN set -e; \
    case "${TARGETARCH}" in \
        amd64) compiler=gcc-x86-64-linux-gnu ;; \
        arm64) compiler=gcc-aarch64-linux-gnu ;; \
        *) echo "Fluent Bit's image is for amd64 and arm64, not for ${TARGETARCH}" >&2; exit 1 ;; \
    esac; \
    if [ "$(dpkg --print-architecture)" != "${TARGETARCH}" ]; then \
        apt-get update; \
        apt-get install -y --no-install-recommends "${compiler}" "libc6-dev-${TARGETARCH}-cross"; \
        rm -rf /var/lib/apt/lists/*; \
    fi
COPY go.mod go.sum ./
RUN go mod download
COPY Makefile ./
COPY plugin plugin
COPY pipeline pipeline
COPY cmd cmd
RUN make linux GOARCH="${TARGETARCH}" VERSION="${VERSION}" OUT=/out
# Where cursor and chunks go without a volume. The final image has no shell to make it.
RUN mkdir -p /out/state

FROM fluent/fluent-bit:${FLUENT_BIT_VERSION}
ARG FLUENT_BIT_VERSION
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Live Status for Fluent Bit" \
      org.opencontainers.image.description="The live status of the applications that are deployed to a Kubernetes cluster" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="Live Status for Fluent Bit" \
      org.opencontainers.image.authors="the authors of Live Status for Fluent Bit" \
      org.opencontainers.image.source="https://github.com/fluent-live/live-status" \
      org.opencontainers.image.documentation="https://github.com/fluent-live/live-status/blob/main/README.md" \
      org.opencontainers.image.base.name="fluent/fluent-bit:${FLUENT_BIT_VERSION}"
COPY LICENSE /usr/share/doc/live-status/LICENSE
COPY conf /fluent-bit/etc/live-status
COPY --from=build --chown=65532:65532 /out/state /var/lib/fluent-bit
COPY --from=build /out/live-status /fluent-bit/bin/live-status
COPY --from=build /out/in_live_status.so /out/out_live_status.so /fluent-bit/plugins/
# A number, so that runAsNonRoot can be checked: the image's own user "nonroot".
USER 65532:65532
# Fluent Bit's own server, metrics_listen and the audit webhook, where they are on.
EXPOSE 2020 9465 9443
# The entry point is Fluent Bit. Without a shell there is no HEALTHCHECK of use: ask
# /healthz and /readyz of metrics_listen, as the chart's probes do.
CMD ["-c", "/fluent-bit/etc/live-status/live-status-minimal.yaml"]
