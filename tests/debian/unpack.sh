#!/usr/bin/env bash
# Unpacks Debian packages, and what they need that this machine has not, into a folder: nothing is installed, nothing starts.
#
#   unpack.sh FOLDER PACKAGE...    downloads (signatures checked by apt) and unpacks; FOLDER/.ready is there when all is
set -euo pipefail
root=$(realpath -m "${1:?a folder}") work=$(mktemp -d)
shift
trap 'rm -rf "$work"' EXIT

mkdir -p "$work"/{lists/partial,cache/archives/partial,root} "$(dirname "$root")"
cat >"$work/apt.conf" <<END
Dir::State::lists "$work/lists"; Dir::Cache "$work/cache"; Debug::NoLocking "true";
APT::Install-Recommends "false"; APT::Sandbox::User "root"; Acquire::Languages "none"; Acquire::Retries "5";
Acquire::http::Timeout "15";
END
export APT_CONFIG=$work/apt.conf
apt-get update -qq
apt-get install -y -qq --reinstall --download-only "$@"
for package in "$work"/cache/archives/*.deb; do dpkg-deb -x "$package" "$work/root"; done
chmod a+rx "$work/root"
touch "$work/root/.ready"
rm -rf "$root"
mv "$work/root" "$root"
