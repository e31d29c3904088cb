#!/usr/bin/env bash
# Runs uv with the given arguments; installs it privately into .uv/ where the machine has none.
set -euo pipefail
cd "$(dirname "$0")/.."

stop() { echo "set-up: $*" >&2; exit 1; }

python=$(command -v python3.11 || command -v python3) || stop "there is no python3; install Python 3.11 or newer."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  stop "$("$python" --version) is too old; install Python 3.11 or newer."

with_venv() { "$python" -m venv .uv && .uv/bin/pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'; }
with_pip() { "$python" -m pip install --quiet --disable-pip-version-check --target .uv 'uv>=0.9,<1'; }
with_apt() { # Debian keeps venv in a package of its own
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv
}

bootstrap() {
  echo "set-up: uv is not installed; putting it into .uv/" >&2
  rm -rf .uv
  with_venv >&2 && return
  rm -rf .uv
  with_pip >&2 && return
  rm -rf .uv
  with_apt >&2 && with_venv >&2 && return
  rm -rf .uv
  stop "uv could not be installed: no uv, no working 'python3 -m venv', no pip (or no network)." \
    "Install the package python3-venv, or uv from https://docs.astral.sh/uv, and run make again."
}

uv=$(command -v uv || true)
if [ -z "$uv" ]; then
  [ -x .uv/bin/uv ] || bootstrap
  uv=.uv/bin/uv
fi
# A site's own certificate authority counts where the machine has one (under uv's old and new name).
[ -e /etc/ssl/certs/ca-certificates.crt ] && export UV_NATIVE_TLS=1 UV_SYSTEM_CERTS=1
export UV_PROJECT_ENVIRONMENT=.venv UV_COMPILE_BYTECODE=1
unset VIRTUAL_ENV
exec "$uv" "$@"
