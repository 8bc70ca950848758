#!/bin/sh
# Starts a command on a host of the Slurm job that this is a part of, called as ssh would be: HOST COMMAND. The step may use all that the job has on the
# host, for the first node of a host has workers of its own; Slurm's variables would tell it of one task.
host=$1
shift
exec srun --overlap --nodes=1 --ntasks=1 --nodelist="$host" sh -c 'export SLURM_CPUS_PER_TASK="$SLURM_CPUS_ON_NODE"; '"$*"
