#!/usr/bin/env bash
# Installs what is missing, builds, and runs the demo or the tests. Repeating it costs seconds.
set -Eeuo pipefail  # E: the trap below has to see what fails inside functions
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

usage() {
  cat <<'EOF'
usage: ./bootstrap.sh build|demo|test

  build   install what is missing (Debian 12 or Ubuntu 24.04, as root or with sudo), configure and build
  demo    build, then run the demo on the embedded model
  test    build, then run all tests
EOF
}

stage=start
remedy=
say() { printf '==> %s\n' "$*"; }
failed() { printf 'bootstrap: failed while %s; %s\n' "$stage" "$remedy" >&2; }
trap 'failed' ERR

packages=(g++ clang libclang-rt-dev cmake ninja-build ccache python3 python3-pip ca-certificates git clang-format
  libcli11-dev libspdlog-dev libfmt-dev libicu-dev libssl-dev
  libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev
  nlohmann-json3-dev libvalijson-dev libgtest-dev libbenchmark-dev)

install_packages() {
  stage='installing packages' remedy='see the lines of apt-get above; is the network there?'
  local missing=() package
  for package in "${packages[@]}"; do
    [ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)" = 'install ok installed' ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    remedy='run it as root, or install sudo'
    command -v sudo >/dev/null
    root=(sudo)
  fi
  say "installing ${missing[*]}"
  "${root[@]}" apt-get update -qq
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# LibTorch is the C++ half of the torch wheel; the two small wheels are what libtorch_cpu.so needs beside it.
install_libtorch() {
  local wheels
  mapfile -t wheels < <(cut -d ' ' -f 1 cmake/libtorch-requirements.txt)
  stage='installing LibTorch into deps/libtorch' remedy='see the lines of pip above; is the network there, and 3 GB of disk?'
  [ "$(cat deps/libtorch/.wheels 2>/dev/null || true)" = "${wheels[*]}" ] && return 0
  say "fetching LibTorch (${wheels[*]})"
  rm -rf deps/libtorch deps/libtorch.partial
  python3 -m pip install --quiet --no-cache-dir --no-deps --target deps/libtorch.partial --python-version 3.12 \
    --implementation cp --abi cp312 --abi none --only-binary=:all: \
    --require-hashes --requirement cmake/libtorch-requirements.txt
  echo "${wheels[*]}" >deps/libtorch.partial/.wheels
  mv deps/libtorch.partial deps/libtorch
}

# What reads files and lines from outside, under clang's sanitizers: a few seconds of new inputs for each.
fuzz() {
  stage='building the fuzzers' remedy='see the lines above; remove build/fuzz to start afresh'
  say 'building the fuzzers'
  cmake --preset fuzz >build.log 2>&1 || { tail -n 30 build.log >&2; false; }
  rm -f build.log
  cmake --build --preset fuzz
  stage='fuzzing' remedy='see the input above; it lies in build/fuzz/corpus/, and the fuzzer with it as argument repeats it'
  say 'fuzzing'
  ctest --preset fuzz
}

build() {
  # A LibTorch source file needs up to 1.5 GB to compile.
  local by_memory jobs
  by_memory=$(awk '/MemAvailable/ {print int($2 / 1572864)}' /proc/meminfo)
  jobs=$(nproc)
  [ "$by_memory" -ge "$jobs" ] || jobs=$((by_memory > 0 ? by_memory : 1))
  stage='configuring' remedy='see the lines of cmake above; remove build/release to start afresh'
  say 'configuring'
  cmake --preset release >build.log 2>&1 || { tail -n 30 build.log >&2; false; }
  stage='building' remedy='see the compiler above'
  say "building with $jobs jobs"
  cmake --build --preset release -j "$jobs"
  rm -f build.log
}

case "${1:-}" in
  build | demo | test) ;;
  help | -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 1 ;;
esac

install_packages
install_libtorch
build
case "$1" in
  demo)
    stage='running the demo' remedy='see the lines above; ./build/release/bin/sameseed run --help says more'
    say 'running the demo'
    ./build/release/bin/sameseed run --out runs/demo
    ;;
  test)
    fuzz
    stage='testing' remedy='see the tests above; ctest --preset release --rerun-failed repeats those that failed'
    say 'testing'
    ctest --preset release
    ;;
esac
