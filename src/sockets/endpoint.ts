// What sockets of one kind have in common: an endpoint of a path, or all one-time addresses of a controller. Invariant: the
// decision about an upgrade falls before it, and what may have changed meanwhile is looked at once more when the socket is there.

import { LiveError } from '../base/errors.ts';
import { printError, safeHook, type ErrorHook } from '../server/failure.ts';
import { runtime } from '../server/runtime.ts';
import type { ServerParts } from '../server/server-parts.ts';
import type { Session, User } from '../server/session.ts';
import type { MessageSocket, SocketEvents } from '../server/transport.ts';
import { peerError, refuseSocket } from './close.ts';
import type { SocketLimits } from './limits.ts';
import { RawSocket, type Opening, type SocketOwner } from './raw-socket.ts';
import type { SocketGuard, SocketHandler, SocketHooks, SocketRequest } from './socket.ts';

export interface EndpointOptions {
	/** Its path, or another name for logs. */
	readonly name: string;
	readonly limits: SocketLimits;
	readonly guards: readonly SocketGuard[];
	/** Whether visitors may connect whom the application does not know. */
	readonly anonymous: boolean;
	readonly onError: ErrorHook | undefined;
}

/** What was decided about an upgrade. */
export interface SocketAdmission {
	readonly messageBytes: number;
	accept(socket: MessageSocket): SocketEvents;
}

/** Nobody in particular. `user` is null, whatever the type of users is. */
const VISITOR: Session = { user: null as unknown as User };

export class Endpoint implements SocketOwner {
	readonly sockets = new Set<RawSocket>();
	readonly #options: EndpointOptions;
	/** What the server shares with them; undefined before the first. */
	#parts: ServerParts | undefined;
	#isRetired = false;

	constructor(options: EndpointOptions) {
		this.#options = options;
	}

	get name(): string {
		return this.#options.name;
	}

	get limits(): SocketLimits {
		return this.#options.limits;
	}

	/** Why a request is not let in; null where it is. Never rejects. */
	async refusalOf(request: SocketRequest): Promise<LiveError | null> {
		const { anonymous, guards } = this.#options;
		if (request.session === null && !anonymous)
			return new LiveError('UNAUTHORIZED', 'sign in first: the application knows nobody by this request');
		try {
			for (const guard of guards) {
				// Nothing that is merely truthy lets in.
				const answer: unknown = await guard(request);
				if (answer !== true) return new LiveError('FORBIDDEN');
			}
			return null;
		} catch (error) {
			const told = peerError(error);
			if (told !== error) this.report(error);
			return told;
		}
	}

	/** Takes a socket that was let in. */
	open(transport: MessageSocket, opening: Omit<Opening, 'session'>, session: Session | null): SocketEvents {
		const socket = new RawSocket(transport, { ...opening, session: session ?? VISITOR }, this);
		try {
			this.#parts = this.#adopt(socket);
		} catch (error) {
			return refuseSocket(transport, peerError(error));
		}
		this.sockets.add(socket);
		return socket.start();
	}

	#adopt(socket: RawSocket): ServerParts {
		const { server } = runtime();
		if (server === null || this.#isRetired) throw new LiveError('GOING_AWAY');
		const { maxSockets } = this.limits;
		if (this.sockets.size >= maxSockets)
			throw new LiveError('TOO_MANY', `${this.name} has ${maxSockets} sockets; the limit is "maxSockets"`);
		return server.adopt(socket);
	}

	/** Takes no more, and closes what is open. */
	retire(reason: string): void {
		this.#isRetired = true;
		for (const socket of [...this.sockets]) socket.goodbye(new LiveError('GOING_AWAY', reason));
	}

	closed(socket: RawSocket, code: number): void {
		this.sockets.delete(socket);
		this.#parts?.observer?.connectionClosed?.(code);
		this.#parts?.stateChanged(socket, 'closed');
	}

	running(outcome: PromiseLike<unknown>): void {
		this.#parts?.handling(outcome);
	}

	idle(socket: RawSocket): void {
		this.#parts?.callsDone(socket);
	}

	report(error: unknown): void {
		const hook = this.#options.onError ?? runtime().config.onError ?? printError;
		safeHook(hook)(this.name, error, null);
	}
}

/** A handler as hooks, and whether it was a function. */
export function hooksOf(handler: SocketHandler): Pick<Opening, 'hooks' | 'isFunction'> {
	const isFunction = typeof handler === 'function';
	const hooks: SocketHooks = isFunction ? { connect: handler } : handler;
	return { hooks, isFunction };
}
