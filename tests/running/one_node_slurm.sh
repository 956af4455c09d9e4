#!/bin/sh
# A Slurm of one node on the loopback, for the tests; root only. Debian: apt-get install slurmctld slurmd slurm-client munge
#     one_node_slurm.sh start FOLDER [CORES]    then export SLURM_CONF=FOLDER/slurm.conf
#     one_node_slurm.sh stop FOLDER
set -eu
folder=$2
if [ "$1" = stop ]; then
    for name in slurmd slurmctld munged; do
        [ -f "$folder/$name.pid" ] || continue
        process=$(cat "$folder/$name.pid")
        kill "$process" 2>/dev/null || true
        while kill -0 "$process" 2>/dev/null; do sleep 0.1; done
    done
    exit 0
fi
cores=${3:-2}
mkdir -p "$folder/state" "$folder/spool" "$folder/munge"
dd if=/dev/urandom of="$folder/munge/key" bs=128 count=1 2>/dev/null
chmod 700 "$folder/munge" && chmod 600 "$folder/munge/key"
munged --force --socket="$folder/munge/socket" --key-file="$folder/munge/key" --pid-file="$folder/munged.pid" \
    --log-file="$folder/munge/log" --seed-file="$folder/munge/seed" --num-threads=2
cat > "$folder/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
SlurmctldPort=26817
SlurmdPort=26818
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1
MinJobAge=10
KillWait=5
ReturnToService=2
MpiDefault=none
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$cores State=UNKNOWN
PartitionName=test Nodes=$(hostname -s) Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF="$folder/slurm.conf"
slurmctld
slurmd
for _ in $(seq 100); do
    sinfo --noheader --format=%t 2>/dev/null | grep -q idle && exit 0
    sleep 0.2
done
echo "the node did not come up; see $folder/slurmctld.log and $folder/slurmd.log" >&2
exit 1
