# Runs a program that can't outlive whoever started it:
#   /bin/sh tether.sh "INT:10 TERM:5" program arguments…      with a pipe from the starter as standard input
# This shell becomes the program by exec, so its process number is the program's own. Before that it leaves a watcher
# behind, which reads the pipe. A starter that sees the program end says "released". When the pipe closes without a
# word, the starter has been killed: the watcher then ends the program, each step being a signal and the seconds it
# gets, and in the end the whole process group. Not even kill -9 of a supervisor leaves anything running.
# The watcher is forked twice: PostgreSQL's postmaster minds a child that it hasn't started.
steps=$1
shift
exec 3<&0 </dev/null
(
  (
    exec >/dev/null 2>&1
    trap '' INT TERM HUP QUIT
    while read -r word <&3; do
      if [ "$word" = released ]; then exit 0; fi
    done
    for step in $steps; do
      kill -s "${step%%:*}" $$ || kill -s KILL 0
      left=$((${step##*:} * 5))
      while [ "$left" -gt 0 ]; do
        sleep 0.2
        kill -0 $$ || kill -s KILL 0
        left=$((left - 1))
      done
    done
    kill -s KILL 0
  ) &
)
exec 3<&-
exec "$@"
