#!/bin/sh
# sweep as an MPI job of 3 ranks: the same bytes as on one computer, also after a rank was lost.
# MPIRUN is the launcher that goes with the library.
. "${srcdir:-.}/tests/tap.sh"
p=$ROUTERGYM_SIM
ROUTERGYM_SIM_DATADIR=$srcdir/traces
export ROUTERGYM_SIM_DATADIR
[ -n "${MPI_LIBS:-}" ] || skip_all 'not configured --with-mpi'
mpirun=${MPIRUN:-mpirun}
command -v "$mpirun" >/dev/null || skip_all "no $mpirun"
case $("$mpirun" --version 2>&1) in
    *'Open MPI'* | *OpenRTE*) kind='Open MPI' number=OMPI_COMM_WORLD_RANK ;;
    *HYDRA*) kind=MPICH number=PMI_RANK ;;
    *) kind=another number= ;;
esac
cd "$tmp" || exit 99
# As root, in a container, with fewer processors than ranks.
OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_ALLOW_RUN_AS_ROOT OMPI_ALLOW_RUN_AS_ROOT_CONFIRM OMPI_MCA_rmaps_base_oversubscribe

plan 14
"$p" import -o t.db "$srcdir/traces/tickets.jsonl.gz" >/dev/null || exit 99
cat >grid.json <<'END'
{"trace": "t.db", "options": {"requests": 2000, "memory": "dynamic", "slm": "slm-7b", "llm": "llm-14b", "replications": 3},
 "axes": {"router": ["slm-only", "slm-dominant", "random"], "rate": [1, 2]}, "seeds": [1, 2, 3, 4, 5]}
END
status 'without mpirun: threads' 0 "$p" sweep grid.json -o one.db
status '3 ranks' 0 "$mpirun" -n 3 "$p" sweep grid.json -o three.db
ok 'give the same bytes' cmp one.db three.db
has 'and one report' 'three.db: 30 of 30 cells are there' .err
is 'only one' 1 "$(grep -c 'cells are there' .err)"
status 'a bad configuration' 2 "$mpirun" -n 3 "$p" sweep grid.json -o x.db --set 'exclude=[{"seed": [1, 2, 3, 4, 5]}]'
is 'is told once' 1 "$(grep -c 'leaves no cells' .err)"
status 'an output that cannot be' 4 "$mpirun" -n 3 "$p" sweep grid.json -o nowhere/x.db

sed 's/"requests": 2000/"requests": 60000/' grid.json >long.json
"$p" sweep long.json -o long.db 2>/dev/null
ranks() { # "RANK PID" of each process of the job that writes $1
    for file in /proc/[0-9]*/environ; do
        pid=${file#/proc/}
        pid=${pid%/environ}
        if tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qx "$1"; then
            tr '\0' '\n' 2>/dev/null <"$file" | sed -n "s/^$number=\(.*\)/\1 $pid/p"
        fi
    done 2>/dev/null
}
lose() { # file, mpirun's arguments: rank 2 dies when there is something in the file
    file=$1
    shift
    "$mpirun" "$@" -n 3 "$p" sweep long.json -o "$tmp/$file" 2>lost.txt >/dev/null &
    job=$!
    while [ "$("$p" sweep --dump "$file" 2>/dev/null | grep -c '^runs	')" -lt 1 ] && kill -0 $job 2>/dev/null; do sleep 0.1; done
    kill -KILL "$(ranks "$tmp/$file" | sed -n 's/^2 //p')"
    code=0
    wait $job || code=$?
}
if [ -n "$number" ] && [ -d /proc/self ]; then
    lose dead.db
    ok 'a rank that dies ends the job' [ $code -ne 0 ]
    is 'and no other goes on' '' "$(sleep 1; ranks "$tmp/dead.db")"
    status 'which is completed' 0 "$mpirun" -n 3 "$p" sweep long.json -o dead.db --resume
    ok 'to the same bytes' cmp dead.db long.db
else
    for name in 1 2 3 4; do skip "a rank that dies ($name)" "$kind launcher, or no /proc"; done
fi
# The launcher of MPICH (Hydra 4.0) ends the job whatever it is told.
if [ "$kind" = 'Open MPI' ] && [ -d /proc/self ]; then
    lose alive.db --enable-recovery
    ok 'with --enable-recovery others do its work' cmp alive.db long.db
    has 'which is told' "1 of the job's ranks did not come back" lost.txt
else
    for name in 1 2; do skip "others do its work ($name)" 'not with this launcher'; done
fi
