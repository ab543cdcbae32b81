// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The command line of an example server: --port, --help and its own options. Misuse ends it with 2. */
import { parseArgs } from "node:util";

const PORT_MAX = 65535;

export interface Option {
	name: string;
	value?: string; // what --help calls its value; without one it takes none
	help: string;
	fallback?: string;
}

export interface Program {
	name: string;
	summary: string; // one line for --help
	options?: Option[];
	notes: string[]; // the last lines of --help: routes, for the most part
}

const COMMON: Option[] = [
	{ name: "port", value: "PORT", help: "on 127.0.0.1; 0 takes a free one", fallback: "8080" },
	{ name: "help", help: "this text" },
];

function usage(program: Program): string {
	const lines = [...COMMON.slice(0, 1), ...(program.options ?? []), ...COMMON.slice(1)].map((option) => {
		const head = `      --${option.name}${option.value ? ` ${option.value}` : ""}`;
		const rest = option.help + (option.fallback ? ` (default ${option.fallback})` : "");
		return head.length < 22 ? `${head.padEnd(24)}${rest}` : `${head}\n${" ".repeat(24)}${rest}`;
	});
	const text = [`usage: ${program.name} [--port PORT] [OPTION...]`, program.summary, "", ...lines, "", ...program.notes];
	return `${text.join("\n")}\n`;
}

/** What was given, or its fallback. */
export class Values {
	constructor(
		private readonly program: Program,
		private readonly values: Record<string, string | boolean | undefined>,
	) {}

	text(name: string): string | undefined {
		const value = this.values[name];
		return typeof value === "string" ? value : undefined;
	}

	flag(name: string): boolean {
		return this.values[name] === true;
	}

	number(name: string, max: number): number {
		const value = this.text(name);
		if (!value || !/^\d{1,10}$/.test(value) || Number(value) > max) return this.misuse();
		return Number(value);
	}

	/** A time as 200ms or 1s, in ms; not 0. */
	time(name: string): number {
		const [, digits, unit] = /^(\d{1,7})(ms|s)$/.exec(this.text(name) ?? "") ?? [];
		const ms = Number(digits) * (unit === "s" ? 1000 : 1);
		return ms > 0 ? ms : this.misuse();
	}

	/** HOST:PORT, or undefined when it is not given. */
	address(name: string): { host: string; port: number } | undefined {
		const value = this.text(name);
		if (value === undefined) return undefined;
		const [, host, port] = /^([\w.-]+|\[[\da-f:]+\]):(\d{1,5})$/i.exec(value) ?? [];
		if (!host || !Number(port) || Number(port) > PORT_MAX) return this.misuse();
		return { host: host.replace(/[[\]]/g, ""), port: Number(port) };
	}

	get port(): number {
		return this.number("port", PORT_MAX);
	}

	misuse(): never {
		process.stderr.write(usage(this.program));
		process.exit(2);
	}
}

function parse(program: Program): Record<string, string | boolean | undefined> {
	const options = Object.fromEntries(
		[...COMMON, ...(program.options ?? [])].map(({ name, value, fallback }) => [
			name,
			{ type: value ? ("string" as const) : ("boolean" as const), ...(fallback ? { default: fallback } : {}) },
		]),
	);
	return parseArgs({ options }).values as Record<string, string | boolean | undefined>;
}

export function parseOptions(program: Program): Values {
	let values: Values;
	try {
		values = new Values(program, parse(program));
	} catch {
		return new Values(program, {}).misuse();
	}
	if (values.flag("help")) {
		process.stdout.write(usage(program));
		process.exit(0);
	}
	return values;
}
