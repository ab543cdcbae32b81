// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a server keeps, by the function that made it: objects are counted, their bytes are an estimate
 * of what each keeps alive.
 */

export interface Site {
	site: string; // the function
	route: string;
	bytes: number; // kept now
	blocks: number; // objects kept now
	allocs: number; // objects ever made
}

export class Account {
	private readonly line: Site;

	constructor(
		site: string,
		route: string,
		private readonly each: number, // bytes of an object
	) {
		this.line = { site, route, bytes: 0, blocks: 0, allocs: 0 };
	}

	made(): void {
		this.line.allocs++;
		this.line.blocks++;
		this.line.bytes += this.each;
	}

	gone(objects = 1): void {
		this.line.blocks -= objects;
		this.line.bytes -= objects * this.each;
	}

	get site(): Site {
		return this.line;
	}
}

export function truthOf(accounts: Account[]): object {
	const sites = accounts.map(({ site }) => site);
	return {
		sites,
		total_bytes: sites.reduce((sum, { bytes }) => sum + bytes, 0),
		total_blocks: sites.reduce((sum, { blocks }) => sum + blocks, 0),
	};
}
