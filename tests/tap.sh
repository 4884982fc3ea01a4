# A few lines of TAP for shell tests. Usage:
#   . "$srcdir/tests/tap.sh"
#   plan N                      or   skip_all REASON
#   ok NAME COMMAND...          the command succeeds
#   status NAME CODE COMMAND... the command exits with this code
#   is NAME EXPECTED FOUND      two texts are equal
#   has NAME TEXT FILE          a file contains a fixed text
#   skip NAME REASON
# The program under test is $ROUTERGYM_SIM; $tmp is an empty folder that is removed at the end.
tap_n=0
: "${ROUTERGYM_SIM:=./routergym-sim}" "${srcdir:=.}"
case $ROUTERGYM_SIM in /*) ;; *) ROUTERGYM_SIM=$PWD/$ROUTERGYM_SIM ;; esac
case $srcdir in /*) ;; *) srcdir=$(cd "$srcdir" && pwd) ;; esac
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
# Recorded data of other projects; never part of this one.
data=${ROUTERGYM_DATA:-$srcdir/../shared/data}

plan() { echo "1..$1"; }
skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}
tap_result() { # 0 or 1, name
    tap_n=$((tap_n + 1))
    if [ "$1" -eq 0 ]; then echo "ok $tap_n - $2"; else echo "not ok $tap_n - $2"; fi
}
tap_show() { sed 's/^/#   /'; }
ok() {
    tap_name=$1
    shift
    if "$@" >"$tmp/.out" 2>&1; then
        tap_result 0 "$tap_name"
    else
        tap_result 1 "$tap_name"
        echo "#   exit $? of: $*"
        head -n 40 "$tmp/.out" | tap_show
    fi
}
status() {
    tap_name=$1
    tap_want=$2
    shift 2
    tap_got=0
    "$@" >"$tmp/.out" 2>"$tmp/.err" || tap_got=$?
    if [ "$tap_got" -eq "$tap_want" ]; then
        tap_result 0 "$tap_name"
    else
        tap_result 1 "$tap_name"
        echo "#   exit $tap_got, expected $tap_want, of: $*"
        head -n 20 "$tmp/.err" | tap_show
    fi
}
is() {
    if [ "$2" = "$3" ]; then
        tap_result 0 "$1"
    else
        tap_result 1 "$1"
        printf 'expected: %s\nfound:    %s\n' "$2" "$3" | tap_show
    fi
}
has() {
    if grep -qF -- "$2" "$3"; then
        tap_result 0 "$1"
    else
        tap_result 1 "$1"
        { echo "no '$2' in:" && head -n 20 "$3"; } | tap_show
    fi
}
skip() {
    tap_n=$((tap_n + 1))
    echo "ok $tap_n - $1 # SKIP $2"
}
