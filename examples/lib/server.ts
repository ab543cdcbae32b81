// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the example servers share: HTTP/1.1 on 127.0.0.1 with routes that take GET, bounds for slow
 * clients, /health, /ready and /truth, and an end in order. SIGTERM or SIGINT drains: no new
 * connection, every reply says close, idle connections are closed, and the process ends with 0 when
 * the last one is gone. A second signal, or DRAIN_MS, ends it at once, with 1.
 */
import * as fs from "node:fs";
import * as http from "node:http";
import * as net from "node:net";

import { json, replyOfError, text, type Reply } from "./reply.js";

const HEAD_MS = 5000; // a request's head
const REQUEST_MS = 10000; // all of it
const IDLE_MS = 10000; // between requests
const UNTAKEN_MS = 8000; // a reply that the client does not take
const CHECK_MS = 500; // between looks at the first two
const GRACE_MS = 500; // for a request that is on its way when draining begins
const QUIET_ROUNDS = 2; // of the loop, without a new connection: the kernel's queue is empty
const DRAIN_MS = 10000;

export type Handler = (query: URLSearchParams) => Reply | Promise<Reply>;

export interface App {
	name: string;
	routes: Map<string, Handler>;
	truth: () => object;
	isQuiet?: boolean; // no truth on standard error at the end
	notReady?: () => string | undefined; // why /ready is 503
	atEnd?: () => void;
}

export class Server {
	private readonly server: http.Server;
	private readonly routes: Map<string, Handler>;
	private readonly connections = new Set<net.Socket>();
	private accepted = 0;
	private isDraining = false;
	private held: (() => void)[] | undefined; // requests that wait until the port is closed

	constructor(private readonly app: App) {
		this.routes = new Map<string, Handler>([
			["/health", () => text("ok\n")],
			["/ready", () => this.ready()],
			["/truth", () => json(app.truth())],
			...app.routes,
		]);
		this.server = http.createServer(
			{
				headersTimeout: HEAD_MS,
				requestTimeout: REQUEST_MS,
				keepAliveTimeout: IDLE_MS,
				connectionsCheckingInterval: CHECK_MS,
			},
			(request, response) => {
				if (this.held) this.held.push(() => this.answer(request, response));
				else this.answer(request, response);
			},
		);
		this.server.on("connection", (socket: net.Socket) => {
			this.accepted++;
			this.connections.add(socket);
			socket.on("close", () => this.connections.delete(socket));
		});
	}

	/** Listens, and says so: @listening is called before that. */
	listen(port: number, prefix = "", listening: () => void = () => undefined): void {
		this.server.on("error", (error) => {
			process.stderr.write(`${this.app.name}: port ${port}: ${error.message}\n`);
			this.end(1);
		});
		this.server.listen(port, "127.0.0.1", () => {
			listening();
			console.log(`${prefix}listening on 127.0.0.1:${(this.server.address() as net.AddressInfo).port}`);
		});
	}

	/** For the main thread: signals are the process's. */
	drainOnSignals(): void {
		process.on("SIGTERM", () => this.drain());
		process.on("SIGINT", () => this.drain());
	}

	// --- requests -------------------------------------------------------------------------------------

	private ready(): Reply {
		const why = this.isDraining ? "draining" : this.app.notReady?.();
		return why === undefined ? text("ready\n") : text(`${why}\n`, 503);
	}

	private dispatch(request: http.IncomingMessage): Reply | Promise<Reply> {
		const url = request.url ?? "/";
		const mark = url.indexOf("?");
		const handler = this.routes.get(mark < 0 ? url : url.slice(0, mark));
		if (!handler) return text("no such path\n", 404);
		if (request.method !== "GET") return { ...text("this path takes GET\n", 405), allow: "GET" };
		return handler(new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1)));
	}

	private answer(request: http.IncomingMessage, response: http.ServerResponse): void {
		request.resume(); // no route takes a body
		let reply;
		try {
			reply = this.dispatch(request);
		} catch (error) {
			reply = replyOfError(error);
		}
		if (reply instanceof Promise) reply.catch(replyOfError).then((late) => this.reply(request, response, late));
		else this.reply(request, response, reply);
	}

	private reply(request: http.IncomingMessage, response: http.ServerResponse, reply: Reply): void {
		response.writeHead(reply.status, {
			"Content-Type": reply.type ?? "text/plain",
			"Content-Length": Buffer.byteLength(reply.body),
			...(reply.allow ? { Allow: reply.allow } : {}),
			...(this.isDraining ? { Connection: "close" } : {}),
		});
		response.end(reply.body);
		// Without a socket it waits for the replies to requests before it on the same connection.
		if (response.socket && !response.socket.writableLength) return;
		const untaken = setTimeout(() => request.socket.destroy(), UNTAKEN_MS);
		response.on("finish", () => clearTimeout(untaken));
		response.on("close", () => clearTimeout(untaken));
	}

	// --- the end --------------------------------------------------------------------------------------

	private drain(): void {
		if (this.isDraining) this.endAtOnce();
		this.isDraining = true;
		setTimeout(() => this.endAtOnce(), DRAIN_MS).unref();
		this.held = [];
		this.emptyQueue(Date.now() + GRACE_MS);
	}

	/**
	 * Whom the kernel has accepted waits in its queue, and the loop takes one of them each time it comes
	 * round: to close the port before that is to lose them. Nobody is answered meanwhile, since a client
	 * that has its answer may come with a new connection.
	 */
	private emptyQueue(untilMs: number, quiet = 0, accepted = this.accepted): void {
		if (quiet < QUIET_ROUNDS && Date.now() < untilMs) {
			setImmediate(() => {
				this.emptyQueue(untilMs, this.accepted === accepted ? quiet + 1 : 0, this.accepted);
			});
			return;
		}
		this.stopListening();
		const { held } = this;
		this.held = undefined;
		for (const answer of held ?? []) answer();
	}

	/** Not http's close, which closes what is idle without a grace. */
	private stopListening(): void {
		net.Server.prototype.close.call(this.server, () => this.end(0));
		setTimeout(() => {
			this.server.closeIdleConnections();
			for (const socket of this.connections) if (!socket.bytesRead) socket.destroy();
		}, GRACE_MS).unref();
	}

	private endAtOnce(): never {
		process.stderr.write(`${this.app.name}: ended with ${this.connections.size} connections open\n`);
		return this.end(1);
	}

	private end(status: number): never {
		this.app.atEnd?.();
		if (!this.app.isQuiet) fs.writeSync(process.stderr.fd, `${JSON.stringify(this.app.truth())}\n`);
		process.exit(status);
	}
}
