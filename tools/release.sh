#!/usr/bin/env bash
# Builds a release, or one part of it. The same commit and Go give the same bytes.
#
#   tools/release.sh all VERSION FOLDER         everything; VERSION is vX.Y.Z
#   tools/release.sh version VERSION            checks VERSION and prints it without v
#   tools/release.sh pack FOLDER FILE SECONDS   packs FOLDER as FILE (.tar.gz), all of that time
#   tools/release.sh sums FOLDER                writes FOLDER/SHA256SUMS
#
# GO is the go command, HELM a helm to take instead of the one in test/helm.
set -euo pipefail
# Names are sorted and dates are printed the same everywhere.
export LC_ALL=C TZ=UTC

fail() {
    echo "release: $*" >&2
    exit 1
}

version() {
    local number='(0|[1-9][0-9]*)' part='(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)'
    [[ $1 =~ ^v$number\.$number\.$number(-$part(\.$part)*)?$ ]] ||
        fail "VERSION=$1 is no version like v1.2.3 or v1.2.3-rc.1; check a tag out, or set it: make release VERSION=v1.2.3"
    echo "${1#v}"
}

# Names sorted, nobody's files, one time, and no name or time in the header of gzip.
pack() {
    tar --version 2>/dev/null | grep -q 'GNU tar' || fail "packing needs GNU tar (on macOS: brew install gnu-tar, and its folder gnubin in PATH)"
    tar --create --file - --format ustar --sort name --mtime "@$3" --owner 0 --group 0 --numeric-owner \
        --mode 'u+rwX,go+rX,go-w' --directory "$(dirname "$1")" "$(basename "$1")" | gzip -n -9 >"$2"
}

sums() {
    (
        cd "$1"
        rm -f SHA256SUMS
        find . -maxdepth 1 -type f ! -name ".*" -printf '%f\n' | sort | xargs -d '\n' -r sha256sum >"$2"
        mv "$2" SHA256SUMS
    )
}

# The tree of archive $1 for linux/$2: plugins, command, configurations, documentation.
stage() {
    local to=$work/$1
    mkdir -p "$to/bin"
    cp LICENSE README.md CHANGELOG.md "$to"
    if [[ $2 == linux ]]; then
        make --no-print-directory linux GOARCH="$3" VERSION="$tag" OUT="$work/out/$2-$3" >&2
        mkdir -p "$to/plugins"
        cp "$work/out/$2-$3"/*.so "$to/plugins"
        cp "$work/out/$2-$3/live-status" "$to/bin"
        cp -r conf docs "$to"
    else
        GOOS=$2 GOARCH=$3 make --no-print-directory VERSION="$tag" OUT="$work/out/$2-$3" "$work/out/$2-$3/live-status" >&2
        cp "$work/out/$2-$3/live-status" "$to/bin"
    fi
}

# The chart, by the real Helm; packed anew, since Helm keeps the times of files.
chart() {
    local helm=${HELM:-}
    [[ -f charts/live-status/Chart.yaml ]] || fail "there is no chart in charts/live-status"
    if [[ -z $helm ]]; then
        helm=$work/helm
        (cd test/helm && ${GO:-go} build -o "$helm" .)
    fi
    mkdir -p "$work/chart"
    HOME=$work "$helm" package charts/live-status --version "$plain" --app-version "$plain" --destination "$work/chart" >&2
    tar --extract --gzip --file "$work/chart/live-status-$plain.tgz" --directory "$work/chart"
    pack "$work/chart/live-status" "$dest/live-status-chart-$plain.tgz" "$time"
}

all() {
    cd "$(dirname "${BASH_SOURCE[0]}")/.."
    tag=$1 plain=$(version "$1")
    command -v git >/dev/null && time=$(git log -1 --format=%ct 2>/dev/null) || time=${SOURCE_DATE_EPOCH:-}
    [[ -n $time ]] || fail "the time of the commit is not known: release from a git checkout, or set SOURCE_DATE_EPOCH"
    # What is missing is said before anything is built.
    for arch in amd64 arm64; do
        if [[ $(${GO:-go} env GOHOSTARCH) != "$arch" ]]; then
            local triple=aarch64-linux-gnu
            [[ $arch == arm64 ]] || triple=x86_64-linux-gnu
            command -v $triple-gcc >/dev/null ||
                fail "$triple-gcc is missing, the C compiler for $arch: apt-get install gcc-${triple//_/-} libc6-dev-$arch-cross"
        fi
    done
    rm -rf "$2"
    mkdir -p "$2"
    dest=$(cd "$2" && pwd)
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT

    local built=()
    for platform in linux-amd64 linux-arm64 darwin-amd64 darwin-arm64; do
        local name=live-status-$plain-$platform
        stage "$name" "${platform%-*}" "${platform#*-}"
        pack "$work/$name" "$dest/$name.tar.gz" "$time"
        while IFS= read -r file; do built+=("$file"); done < <(find "$work/$name" -type f \( -path '*/bin/*' -o -path '*/plugins/*' \) | sort)
    done
    chart
    (cd tools && ${GO:-go} build -o "$work/sbom" ./sbom)
    "$work/sbom" -version "$plain" -time "$time" -base "$work" "${built[@]}" >"$dest/live-status-$plain.cdx.json"
    sums "$dest" "$work/sums"
    ls -l "$dest" >&2
}

[[ $# -gt 0 ]] || fail "usage: tools/release.sh all|version|pack|sums ..."
case $1 in
    all) all "${2:-}" "${3:-build/release}" ;;
    version) version "${2:-}" ;;
    pack) pack "$2" "$3" "$4" ;;
    sums) folder=$(cd "$2" && pwd) && sums "$folder" "$folder/.sums" ;;
    *) fail "there is no $1" ;;
esac
