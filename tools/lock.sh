#!/usr/bin/env bash
# Resolve requirements/requirements.in anew for both supported Pythons. Needs `uv`.
set -euo pipefail
cd "$(dirname "$0")/../requirements"
for version in 3.10 3.11; do
    uv pip compile requirements.in --python-version "$version" --no-annotate --no-header \
        --output-file "py${version/./}.txt" --upgrade --quiet
done
