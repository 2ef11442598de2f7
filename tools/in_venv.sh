#!/bin/sh
# usage: sh tools/in_venv.sh demo|dev COMMAND [ARGUMENT...]
#
# Makes the virtual environment, installs what is missing there for the demo or for development, and runs COMMAND in
# it with the few variables that all our tools share. Knows nothing of what COMMAND does.
#
#   PYTHON=python3.12   the interpreter to make the environment with, instead of the one find_python.sh picks
#   VENV=/some/folder   the environment's place, instead of .venv
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
level=$1
shift

# A login or an address in the caller's environment must never lead a test or the demo to a real vCenter.
for name in $(env | sed -n 's/^\(VMWARE_[A-Z_]*\)=.*/\1/p'); do
    unset "$name"
done
unset PYTHONHOME PYTHONPATH

VENV=$(sh tools/venv_place.sh)

version_of() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

# Scripts in an environment name their interpreter by its full path, so one that was moved or copied is made anew.
here=$(version_of "$VENV/bin/python") || here=
wanted=${PYTHON:+$(version_of "$PYTHON" || echo none)}
if [ -z "$here" ] || [ "$here" != "${wanted:-$here}" ] || [ "$(cat "$VENV/made-in" 2>/dev/null)" != "$root" ]; then
    python=$(sh tools/find_python.sh)
    echo "Making $VENV with $python"
    mkdir -p "$(dirname "$VENV")"
    "$python" -m venv --clear "$VENV"
    echo "$root" >"$VENV/made-in"
fi

# The sum of what was asked for tells whether there is anything to install; time stamps would not survive a checkout.
case $level in
    demo) files="requirements.txt simulator/requirements.txt requirements-demo.txt" ;;
    dev) files="requirements.txt simulator/requirements.txt requirements-demo.txt requirements-dev.txt" ;;
    *) echo "unknown level '$level': demo or dev" >&2 && exit 2 ;;
esac
# shellcheck disable=SC2086  # the list is meant to be split
sum=$(cat $files | cksum)
if [ "$(cat "$VENV/installed-$level" 2>/dev/null)" != "$sum" ]; then
    echo "Installing requirements-$level.txt into $VENV"
    "$VENV/bin/python" -m pip install -qq --disable-pip-version-check --no-input -r "requirements-$level.txt"
    echo "$sum" >"$VENV/installed-$level"
fi

# Tools that look for the collection by its name find this checkout, whatever the folder is called.
mkdir -p .work/link/ansible_collections/vsphere
ln -sfn ../../../.. .work/link/ansible_collections/vsphere/lifecycle

# Ansible insists on a UTF-8 locale, and ansible-test prefers this one.
if locale -a 2>/dev/null | grep -qix 'en_US.utf-\?8'; then
    LC_ALL=en_US.UTF-8
else
    LC_ALL=C.UTF-8
fi
# The simulator listens on this machine only; no proxy can reach it.
NO_PROXY=localhost,127.0.0.1,::1${NO_PROXY:+,$NO_PROXY}
no_proxy=$NO_PROXY
VIRTUAL_ENV=$VENV
PATH=$VENV/bin:$PATH
ANSIBLE_COLLECTIONS_PATH=$root/.work/link
ANSIBLE_HOME=$root/.work/ansible-home
export LC_ALL NO_PROXY no_proxy VIRTUAL_ENV PATH ANSIBLE_COLLECTIONS_PATH ANSIBLE_HOME
exec "$@"
