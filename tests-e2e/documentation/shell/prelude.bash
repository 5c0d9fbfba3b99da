# What the scripts of pages begin with, and what the comments of pages may use.
set -euo pipefail
tools=$(dirname "${BASH_SOURCE[0]}")
started=()

end() {
    for job in ${started[@]+"${started[@]}"}; do
        kill -- "-$job" 2>/dev/null || true
        wait "$job" || true
    done
}
trap end EXIT

# follow OUTPUT CONDITION: wait until what was just started is ready, and take over what it says to export.
follow() {
    started+=("$!")
    until eval "$2"; do
        kill -0 "$!" 2>/dev/null || exit 70
        sleep 0.1
    done
    set -a
    eval "$(grep '^export ' "$1" || true)"
    set +a
}

# sql [TEXT]: run statements, those of the standard input without TEXT.
sql() { if [ $# -gt 0 ]; then python "$tools/sql.py" <<<"$1"; else python "$tools/sql.py"; fi; }

# pick KEY…: print what stands there in the JSON of the standard input.
pick() { python "$tools/pick.py" "$@"; }

# soon COMMAND: what it prints as soon as it succeeds.
soon() { until eval "$1" 2>/dev/null; do sleep 0.2; done; }
