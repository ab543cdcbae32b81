// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A Redis that may be away, slow or back again. A ping now and then is a call like any other, so that
 * whether it is there is known, and the breaker moves, also when nobody asks.
 */
import { createClient } from "@redis/client";
import type { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import { DeadlinePassed, Guard } from "./guard.js";
import { backoffMs } from "./retry.js";

const CONNECT_MS = 1000;
const PING_MS = 250;
const RECONNECT = { baseMs: 50, capMs: 500 };

export interface Address {
	host: string;
	port: number;
}

/** Of a client that connects again. Without a queue: a command is refused while there is no connection. */
export function clientOptions(address: Address) {
	const reconnectStrategy = (failed: number): number => backoffMs(RECONNECT, failed + 1);
	return {
		socket: { ...address, connectTimeout: CONNECT_MS, reconnectStrategy },
		disableOfflineQueue: true,
		disableClientInfo: true,
		maintNotifications: "disabled" as const,
	};
}

/** Connects a client or a pool. Done when it is connected, or was not at the first time; it goes on trying. */
export async function beginConnecting(client: EventEmitter & { connect(): Promise<unknown> }): Promise<void> {
	client.on("error", () => undefined); // the next call tells
	const failed = new Promise((resolve) => client.once("error", resolve));
	const connected = client.connect().catch(() => undefined);
	await Promise.race([connected, failed, sleep(CONNECT_MS, undefined, { ref: false })]);
}

function clientOf(address: Address) {
	return createClient(clientOptions(address));
}

type Client = ReturnType<typeof clientOf>;

export class Redis {
	readonly guard: Guard;
	readonly tried: Promise<void>; // to connect, once; not that it went well
	private client: Client;

	constructor(
		private readonly address: Address,
		say: (why: string | undefined) => void,
	) {
		this.guard = new Guard(say);
		this.client = clientOf(address);
		this.tried = beginConnecting(this.client);
		setInterval(() => void this.call((client) => client.ping()).catch(() => undefined), PING_MS).unref();
	}

	get(key: string): Promise<string | null> {
		return this.call((client) => client.get(key));
	}

	async set(key: string, value: string, seconds: number): Promise<void> {
		await this.call((client) => client.set(key, value, { expiration: { type: "EX", value: seconds } }));
	}

	private async call<T>(run: (client: Client) => Promise<T>): Promise<T> {
		const { client } = this;
		try {
			return await this.guard.call(() => run(client));
		} catch (error) {
			if (error instanceof DeadlinePassed) this.renew(client);
			throw error;
		}
	}

	/** What is late keeps back all that comes after it on its connection. */
	private renew(client: Client): void {
		if (client !== this.client) return;
		this.client = clientOf(this.address);
		void beginConnecting(this.client);
		client.destroy();
	}
}
