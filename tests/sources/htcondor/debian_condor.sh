#!/usr/bin/env bash
# Unpacks Debian 13's HTCondor with all its libraries into a folder, for tests: nothing is installed, nobody is asked.
#
#   debian_condor.sh FOLDER    downloads (55 MB, signatures checked by apt), unpacks; FOLDER/usr/sbin/condor_master is there
#
# The machine itself may run another Debian: the programs are started by their own loader (see pool.py).
set -euo pipefail
root=$(realpath -m "${1:?a folder}") work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work"/{lists,cache/archives,state,etc} "$(dirname "$root")"
touch "$work/state/status"
echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main' >"$work/sources.list"
cat >"$work/apt.conf" <<END
Dir "$work"; Dir::State "$work/state"; Dir::State::status "$work/state/status"; Dir::State::lists "$work/lists";
Dir::Cache "$work/cache"; Dir::Etc "$work/etc"; Dir::Etc::sourcelist "$work/sources.list"; Dir::Etc::sourceparts "-";
APT::Install-Recommends "false"; APT::Sandbox::User "root"; Acquire::Languages "none"; Acquire::Retries "5";
Acquire::http::Timeout "15";
END
export APT_CONFIG=$work/apt.conf
apt-get update -qq
apt-get install -y -qq --download-only condor
for package in "$work"/cache/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -x -C "$(mkdir -p "$work/root" && echo "$work/root")" --skip-old-files \
    ./usr/bin ./usr/sbin ./usr/lib ./usr/lib64 ./usr/libexec 2>/dev/null || true
done
test -x "$work/root/usr/sbin/condor_master"
chmod -R a+rX "$work/root"
rm -rf "$root"
mv "$work/root" "$root"
