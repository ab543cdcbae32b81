// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The main of an example server: its options, what it starts with, then serving to the end. */
import { parseOptions, type Program, type Values } from "./options.js";
import { Server, type App, type Handler } from "./server.js";

export interface Example extends Program, Omit<App, "routes"> {
	routes: [string, Handler][];
	start?: (values: Values) => void | Promise<void>; // before it listens
}

export function runExample(example: Example): void {
	const values = parseOptions(example);
	const { port } = values;
	const server = new Server({ ...example, routes: new Map(example.routes) });
	const start = async (): Promise<void> => {
		await example.start?.(values);
		server.listen(port);
	};
	server.drainOnSignals();
	start().catch((error: unknown) => {
		process.stderr.write(`${example.name}: ${String(error)}\n`);
		process.exit(1);
	});
}
