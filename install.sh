#!/bin/sh
# Installs LocalLlm from this checkout: a self-contained program, compiled ahead of time, that needs no .NET afterwards.
# Run with --help for its options; docs/install.md says more.
set -eu

usage() {
  cat <<'USAGE'
usage: ./install.sh [--prefix DIR] [--systemd [--unit-dir DIR]]
       ./install.sh [--prefix DIR] --uninstall [--unit-dir DIR]

  --prefix DIR    where to: DIR/bin/localllm and DIR/lib/localllm; default /usr/local for root, ~/.local for others
  --systemd       also write the service localllm and an example of overrides; needs root
  --unit-dir DIR  where units go, for packages: default /etc/systemd/system; with it, nothing is asked of systemd
  --uninstall     remove what was installed; models and settings stay, and it says where they are
USAGE
}

fail() {
  echo "Error: $*" >&2
  exit 1
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
prefix=
unit_dir=
systemd=no
action=install
while [ $# -gt 0 ]; do
  case $1 in
    --prefix | --unit-dir)
      [ $# -ge 2 ] || fail "$1 needs a folder"
      case $2 in
        /*) value=$2 ;;
        '') fail "$1 needs a folder" ;;
        *) value=$PWD/$2 ;;
      esac
      if [ "$1" = --prefix ]; then prefix=$value; else unit_dir=$value; fi
      shift
      ;;
    --systemd) systemd=yes ;;
    --uninstall) action=uninstall ;;
    --help | -h)
      usage
      exit 0
      ;;
    *) fail "unknown option '$1'; see --help" ;;
  esac
  shift
done

if [ -z "$prefix" ]; then
  if [ "$(id -u)" -eq 0 ]; then prefix=/usr/local; else prefix=${HOME:?}/.local; fi
fi
prefix=${prefix%/}
[ -n "$prefix" ] || fail "--prefix / would put files beside the system's: choose a folder of its own, such as /usr/local"
asks_systemd=no
if [ -z "$unit_dir" ]; then
  unit_dir=/etc/systemd/system
  # Only a running systemd can be asked (sd_booted(3)).
  if [ -d /run/systemd/system ] && [ "$(id -u)" -eq 0 ]; then asks_systemd=yes; fi
fi
home=$prefix/lib/localllm
link=$prefix/bin/localllm
unit=$unit_dir/localllm.service
dropins=$unit_dir/localllm.service.d

runtime_identifier() {
  [ "$(uname -s)" = Linux ] || fail "this script installs on Linux; elsewhere install the .NET tool (docs/install.md)"
  libc=
  if ldd --version 2>&1 | grep -qi musl; then libc=-musl; fi
  case $(uname -m) in
    x86_64 | amd64) echo "linux$libc-x64" ;;
    aarch64 | arm64) echo "linux$libc-arm64" ;;
    *) fail "there is no .NET for the processor $(uname -m) here" ;;
  esac
}

# Makes a folder with its parents and remembers which are new, the deepest first, so that --uninstall can take them away again.
make_folder() {
  if [ ! -d "$1" ]; then
    make_folder "$(dirname -- "$1")"
    mkdir -- "$1" || fail "'$1' cannot be made: choose another --prefix, or become root"
    # What root installs is for everybody, whatever root's umask is.
    if [ "$(id -u)" -eq 0 ]; then chmod 755 -- "$1"; fi
    printf '%s\n%s' "$1" "$made" >"$stage/made"
    made=$(cat "$stage/made")
  fi
}

install_program() {
  command -v dotnet >/dev/null 2>&1 || fail "the .NET SDK is missing: see https://dotnet.microsoft.com/download"
  rid=$(runtime_identifier)
  stage=$(mktemp -d)
  trap 'rm -rf "$stage"' EXIT
  trap 'exit 1' HUP INT TERM
  made=
  if [ -f "$home/.made" ]; then made=$(cat "$home/.made"); fi

  echo "Building for $rid: this takes a minute or two."
  # In folders of its own: a developer's builds in the checkout stay as they are. Composite images (the default of single files) would compile the
  # whole framework anew, for minutes, to start some milliseconds sooner.
  DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 dotnet publish "$here/src/Server" --configuration Release --runtime "$rid" --self-contained \
    --artifacts-path "$stage/build" --output "$stage/localllm" --verbosity quiet \
    -p:PublishSingleFile=true -p:PublishReadyToRunComposite=false -p:DebugType=embedded -p:RunAnalyzers=false >"$stage/log" 2>&1 || {
    cat "$stage/log" >&2
    fail "the build failed; nothing was installed"
  }
  cp -- "$here/LICENSE" "$stage/localllm/LICENSE"

  make_folder "$prefix/bin"
  make_folder "$prefix/lib"
  # Beside its place first, then renamed: a copy that breaks off leaves the old version as it is.
  rm -rf -- "$home.new" "$home.old"
  cp -R -- "$stage/localllm" "$home.new" || fail "'$home' cannot be written: choose another --prefix, or become root"
  chmod -R u=rwX,go=rX -- "$home.new"
  printf '%s\n' "$made" >"$home.new/.made"
  if [ -e "$home" ]; then mv -- "$home" "$home.old"; fi
  mv -- "$home.new" "$home"
  rm -rf -- "$home.old"
  ln -sf -- ../lib/localllm/localllm "$link"
  echo "Installed localllm $("$link" --version 2>/dev/null | sed -n 's/^localllm version is //p') as $link"
  case ":$PATH:" in
    *":$prefix/bin:"*) ;;
    *) echo "Add it to your PATH: export PATH=\"$prefix/bin:\$PATH\"" ;;
  esac
}

install_unit() {
  mkdir -p -- "$dropins"
  sed "s|@BINDIR@|$prefix/bin|g" "$here/packaging/localllm.service" >"$unit.new"
  chmod 644 -- "$unit.new"
  mv -- "$unit.new" "$unit"
  cp -- "$here/packaging/override.conf.example" "$dropins/override.conf.example"
  echo "Wrote $unit; settings go into $dropins/override.conf (an example is beside it)"
  if [ "$asks_systemd" = yes ]; then
    systemctl daemon-reload
    systemctl try-restart localllm.service
    echo "Start it now and at every boot: systemctl enable --now localllm"
  fi
}

uninstall() {
  removed=no
  # Only the service of this prefix: another one may be installed beside it.
  if [ -f "$unit" ] && grep -qF "ExecStart=\"$prefix/bin/localllm\"" "$unit"; then
    if [ "$asks_systemd" = yes ]; then systemctl disable --now localllm.service || :; fi
    rm -f -- "$unit" "$dropins/override.conf.example"
    if [ -d "$dropins" ]; then rmdir -- "$dropins" 2>/dev/null || echo "Kept $dropins: your settings are in it"; fi
    if [ "$asks_systemd" = yes ]; then systemctl daemon-reload; fi
    removed=yes
  fi
  made=
  if [ -f "$home/.made" ]; then made=$(cat "$home/.made"); fi
  if [ -L "$link" ] && [ "$(readlink -- "$link")" = ../lib/localllm/localllm ]; then
    rm -f -- "$link"
    removed=yes
  fi
  if [ -d "$home" ]; then
    rm -rf -- "$home"
    removed=yes
  fi
  printf '%s\n' "$made" | while IFS= read -r folder; do
    if [ -n "$folder" ]; then rmdir -- "$folder" 2>/dev/null || :; fi
  done
  [ "$removed" = yes ] || fail "nothing is installed in '$prefix'"
  echo "Removed LocalLlm from $prefix"
  for models in /var/lib/localllm "${OLLAMA_MODELS:-${HOME:-}/.ollama/models}"; do
    if [ -d "$models" ]; then echo "Kept the models in $models"; fi
  done
}

if [ "$action" = uninstall ]; then
  uninstall
  exit 0
fi
case $systemd$prefix in
  yes*[!A-Za-z0-9/._+:~\ -]*) fail "the folder '$prefix' cannot be named in a unit: use letters, digits and / . _ + : ~ -" ;;
esac
case $systemd$prefix/ in
  yes/home/* | yes/root/* | yes/tmp/* | yes/var/tmp/* | yes/run/user/*)
    # With --unit-dir the unit is for a package, and tests install into temporary folders.
    [ "$unit_dir" != /etc/systemd/system ] || fail "the service sees neither homes nor temporary folders, and so not '$prefix': choose a --prefix such as /usr/local or /opt/localllm"
    ;;
esac
if [ "$systemd" = yes ] && [ "$unit_dir" = /etc/systemd/system ] && [ "$(id -u)" -ne 0 ]; then
  fail "--systemd writes to $unit_dir and needs root"
fi
install_program
if [ "$systemd" = yes ]; then install_unit; fi
