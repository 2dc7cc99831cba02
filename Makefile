# Live Status for Fluent Bit. `make help` lists the targets.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GO      ?= go
CC      ?= cc
CFLAGS  ?= -O2 -g
OUT     := build
TOOLS   := $(OUT)/tools

GO_SOURCES := $(shell find plugin pipeline cmd -name '*.go' -not -name '*_test.go') go.mod go.sum
HOST_SOURCES := $(wildcard plugin/host/src/*.c)
# Packages without cgo, which must stay testable where there is no C compiler.
PURE := ./pipeline/... ./plugin/bridge/... ./cmd/...
# Time per fuzz target.
FUZZTIME ?= 30s
# Arguments for the tests, e.g. TESTFLAGS='-run Redact -v'.
TESTFLAGS ?=

.DEFAULT_GOAL := help
.PHONY: help build linux test unit host-test e2e race lint fuzz bench run image release clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: $(OUT)/in_live_status.so $(OUT)/out_live_status.so $(OUT)/live-status-host $(OUT)/live-status ## Build the plugins, the plugin host and the command

$(OUT)/%_live_status.so: $(GO_SOURCES)
	@mkdir -p $(OUT)
	CGO_ENABLED=1 $(GO) build -buildmode=c-shared -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o $@ ./plugin/$*_live_status

$(OUT)/live-status: $(GO_SOURCES)
	@mkdir -p $(OUT)
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o $@ ./cmd/live-status

$(OUT)/live-status-host: $(HOST_SOURCES) $(wildcard plugin/host/src/*.h)
	@mkdir -p $(OUT)
	$(CC) -std=c11 -Wall -Wextra $(CFLAGS) -o $@ $(HOST_SOURCES) -ldl -lpthread

# Another architecture needs its C compiler; this machine's own is CC.
GOARCH ?= $(shell $(GO) env GOARCH)
NATIVE := $(shell $(GO) env GOHOSTARCH)
CROSS_amd64 := x86_64-linux-gnu-gcc
CROSS_arm64 := aarch64-linux-gnu-gcc
CROSS = $(if $(filter $(NATIVE),$(GOARCH)),$(CC),$(CROSS_$(GOARCH)))

linux: ## Build what an image or a release has for Linux on GOARCH
	@test -n "$(CROSS_$(GOARCH))" || { echo "GOARCH=$(GOARCH): Fluent Bit and its plugins are built for amd64 and arm64" >&2; exit 1; }
	@command -v "$(CROSS)" >/dev/null || { echo "$(CROSS) is missing, the C compiler for $(GOARCH): apt-get install $(subst _,-,gcc-$(CROSS:-gcc=)) libc6-dev-$(GOARCH)-cross" >&2; exit 1; }
	$(MAKE) --no-print-directory GOOS=linux GOARCH=$(GOARCH) CC="$(CROSS)" OUT="$(OUT)" VERSION="$(VERSION)" \
		"$(OUT)/in_live_status.so" "$(OUT)/out_live_status.so" "$(OUT)/live-status"

test: unit host-test e2e ## Run all tests, end-to-end included (builds a control plane once)

unit:
	CGO_ENABLED=0 $(GO) vet $(PURE)
	CGO_ENABLED=0 $(GO) test $(TESTFLAGS) $(PURE)

host-test:
	$(GO) vet ./plugin/...
	$(GO) test $(TESTFLAGS) ./plugin/host/... ./plugin/internal/... ./plugin/in_live_status/... ./plugin/out_live_status/...

e2e: build ## Run the end-to-end tests against a real control plane
	cd test && $(GO) vet ./... && $(GO) test -count=1 -timeout 75m $(TESTFLAGS) ./...

race: ## Run the tests with the race detector
	CGO_ENABLED=1 $(GO) test -race $(TESTFLAGS) $(PURE)

lint: $(TOOLS)/golangci-lint ## Check style and the import rules
	@# depguard cannot see import "C".
	@cgo=$$(CGO_ENABLED=1 $(GO) list -f '{{if .CgoFiles}}{{.ImportPath}}{{end}}' $(PURE)); \
		test -z "$$cgo" || { echo "must do without cgo: $$cgo" >&2; exit 1; }
	$< run ./...
	cd test && $(abspath $<) run --config ../.golangci.yml ./...
	cd test/helm && $(abspath $<) run --config ../../.golangci.yml ./...
	cd test/dockerfile && $(abspath $<) run --config ../../.golangci.yml ./...
	cd tools && $(abspath $<) run --config ../.golangci.yml ./...

fuzz: ## Fuzz every decoder for FUZZTIME each
	@set -e; for pkg in $$($(GO) list $(PURE) ./plugin/host/...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done

bench: build $(TOOLS)/benchstat ## Measure throughput, memory and how the cost grows
	$(GO) test -run '^$$' -bench . -benchmem -count 6 $(PURE) | tee $(OUT)/bench.txt
	$(TOOLS)/benchstat -col /keys $(OUT)/bench.txt
	cd test && $(GO) test -count=1 -timeout 60m -run '^$$' -bench . -benchtime 1x ./...

run: build ## Show records: of your cluster, or of a built-in one with a sample application
	cd test && $(GO) run ./cmd/try

# What is used to build images, where DOCKER does not say.
DOCKER ?= $(firstword $(foreach tool,docker podman buildah,$(if $(shell command -v $(tool) 2>/dev/null),$(tool))))
IMAGE ?= fluent-live/live-status:$(VERSION:v%=%)
# One platform, or with a builder that can several, separated by commas.
PLATFORM ?= linux/$(GOARCH)
FLUENT_BIT_VERSION ?= 5.1.1

image: ## Build the image IMAGE for PLATFORM
	@test -n "$(DOCKER)" || { echo "there is no docker, podman or buildah to build an image with; install one, or set DOCKER" >&2; exit 1; }
	$(DOCKER) build --platform "$(PLATFORM)" --build-arg VERSION="$(VERSION)" --build-arg FLUENT_BIT_VERSION="$(FLUENT_BIT_VERSION)" \
		--build-arg REVISION="$$(git rev-parse HEAD 2>/dev/null || echo unknown)" --tag "$(IMAGE)" .

release: ## Build the archives, the chart, the SBOM and the checksums of VERSION (vX.Y.Z) into build/release
	GO="$(GO)" tools/release.sh all "$(VERSION)" "$(OUT)/release"

clean: ## Remove what was built here (the control plane in your cache folder stays)
	rm -rf $(OUT)

# Tools are built once for each version that tools/go.mod pins.
$(TOOLS)/golangci-lint: PKG = github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(TOOLS)/benchstat: PKG = golang.org/x/perf/cmd/benchstat
$(TOOLS)/gofumpt: PKG = mvdan.cc/gofumpt
$(TOOLS)/%: tools/go.mod tools/go.sum
	@mkdir -p $(TOOLS)
	cd tools && $(GO) build -o $(abspath $@) $(PKG)
