# Enter the pip environment: `source env.sh`. Built by `make setup`.
# POSIX shell, so that make can use it too.
_grasp_root=$(CDPATH= cd -- "$(dirname -- "${BASH_SOURCE:-${GRASP_ROOT:-.}/env.sh}")" && pwd)
if [ -f "$_grasp_root/install/environment.sh" ]; then
    . "$_grasp_root/install/environment.sh"
else
    echo "The environment is not built yet: run \`make setup\` in $_grasp_root first." >&2
    false
fi
