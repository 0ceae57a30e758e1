# Enter the pip environment: `source env.sh`. Built by `make setup`.
# POSIX shell, so that make can use it too.
_grasp_file=${BASH_SOURCE:-${ZSH_VERSION:+$0}} # other shells do not say where it lies
_grasp_root=$(CDPATH= cd -- "$(dirname -- "${_grasp_file:-${GRASP_ROOT:-.}/env.sh}")" && pwd)
if [ -f "$_grasp_root/install/environment.sh" ]; then
    . "$_grasp_root/install/environment.sh"
else
    echo "The environment is not built yet: run \`make setup\` in $_grasp_root first." >&2
    false
fi
