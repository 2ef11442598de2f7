#!/bin/sh
# Prints the interpreter to make a virtual environment with: $PYTHON where it is set, else the newest of 3.13, 3.12 and
# 3.11, else 3.14, on which the vendor's bindings (the contract tests) do not install. Knows only whether it works.
set -eu

# pyenv puts a launcher for each of its versions on the PATH that fails unless that version is selected, and Debian
# ships ensurepip apart: so whoever is asked must answer, and must be able to make an environment.
works() {
    "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12), (3, 13), (3, 14)))' \
        2>/dev/null
}

if [ -n "${PYTHON:-}" ]; then
    works "$PYTHON" || { echo "PYTHON=$PYTHON is no Python 3.11 to 3.14 with venv and ensurepip" >&2 && exit 1; }
    command -v "$PYTHON"
    exit
fi
for version in 3.13 3.12 3.11 3.14; do
    for python in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python python3 python; do
        case $("$python" --version 2>/dev/null) in "Python $version".*) ;; *) continue ;; esac
        works "$python" && command -v "$python" && exit
    done
done
echo "No Python 3.11 to 3.14 with venv and ensurepip was found; name one with PYTHON=/path/to/python" >&2
exit 1
