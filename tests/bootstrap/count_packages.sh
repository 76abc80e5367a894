#!/usr/bin/env bash
# count_packages.sh ROOT: how many packages, and how much, ./bootstrap.sh build installs on a bare system. ROOT is one, as
# `debootstrap --variant=minbase bookworm ROOT` makes it (as root); nothing is installed there.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
root=${1:?a folder that debootstrap made}
source <(sed -n '/^packages=(/,/)$/p' bootstrap.sh)
chroot "$root" apt-get update -qq
chroot "$root" apt-get install --no-install-recommends --assume-no "${packages[@]}" |
  grep -E 'newly installed|Need to get|additional disk' || true
