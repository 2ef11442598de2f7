#!/bin/sh
# Prints the full path of this checkout's virtual environment: $VENV where it is set, else .venv. Makes nothing.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
case ${VENV:-} in
    /*) echo "$VENV" && exit ;;
    ?*) echo "$root/$VENV" && exit ;;
esac
# ansible-test cannot use an interpreter whose path has a space in it.
case $root in
    *[[:space:]]*)
        number=$(echo "$root" | cksum | cut -d ' ' -f 1)
        echo "${XDG_CACHE_HOME:-$HOME/.cache}/vsphere.lifecycle/$number"
        ;;
    *) echo "$root/.venv" ;;
esac
