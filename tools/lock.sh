#!/usr/bin/env bash
# Resolve requirements/requirements.in anew for both supported Pythons. Needs `uv`.
set -euo pipefail
cd "$(dirname "$0")/../requirements"
for version in 3.10 3.11; do
    file="py${version/./}.txt"
    uv pip compile requirements.in --python-version "$version" --no-annotate --no-header \
        --output-file "$file" --upgrade --quiet
    # Torch brings its own libraries for GPUs where its wheel wants them (`create_venv` of bootstrap.py); and nothing here
    # reports what it is used for.
    sed -i -E '/^(nvidia-|cuda-|triton|openvino-telemetry)/d; s/^(torch==[0-9.]+)\+.*/\1/' "$file"
done
