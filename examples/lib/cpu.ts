// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* CPU time as the kernel accounts it to the process, in steps of a microsecond: Node 20 has no clock for one thread. */

export function processCpuNs(): number {
	const { user, system } = process.cpuUsage();
	return (user + system) * 1000;
}

/** Computes until the process has had so much more: waiting for a CPU is not work. */
export function spinCpu(us: number): void {
	const end = processCpuNs() + us * 1000;
	if (us) while (processCpuNs() < end);
}
