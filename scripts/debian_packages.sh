#!/usr/bin/env bash
# Installs the Debian packages some tests need when we are root; else names them. Never fails: those tests skip and say why.
set -uo pipefail

command -v dpkg-query >/dev/null || exit 0

missing=()
need() { # PACKAGE REASON
  dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed' && return
  missing+=("$1")
  echo "set-up: $1 is not installed; needed by $2" >&2
}

command -v pg_ctl >/dev/null || ls /usr/lib/postgresql/*/bin/pg_ctl >/dev/null 2>&1 || need postgresql "the tests that ask PostgreSQL"
command -v chromium >/dev/null || need chromium "the tests that open the HTML report"
command -v java >/dev/null || need default-jre-headless "the tests that ask Spark"
command -v ssh-keygen >/dev/null || need openssh-client "the tests that publish a site over ssh"
command -v rsync >/dev/null || need rsync "the tests that publish a site over rsync"
for package in slurm-wlm slurmdbd mariadb-server munge; do
  need "$package" "the tests against a real Slurm"
done

[ ${#missing[@]} = 0 ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "set-up: as root: apt-get install ${missing[*]}   (without them those tests skip)" >&2
  exit 0
fi

export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y -qq -o Acquire::Retries=5 --no-install-recommends "$@" </dev/null >&2; }
apt-get update -qq -o Acquire::Retries=5 >&2 || echo "set-up: apt-get update failed; trying with the lists that are here" >&2
install "${missing[@]}" && exit 0
for package in "${missing[@]}"; do # one that cannot be had must not cost the others
  install "$package" || echo "set-up: $package could not be installed; tests that need it will skip" >&2
done
exit 0
