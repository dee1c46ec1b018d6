// Upgrade requests on their way through the app's own `handle`. Each carries a nonce, by which `handle` tells it from a
// page and hands out who is behind it. Invariant: a nonce is known to nobody outside of this process, and used once.

import type { SessionSource } from '../server/config.ts';
import type { Session } from '../server/session.ts';
import type { SocketAdmission } from '../sockets/endpoint.ts';

/** What `handle` found out about an upgrade. */
export type UpgradeAnswer =
	| { session: Session | null; remoteAddress: string | undefined }
	| { admission: SocketAdmission; remoteAddress: string | undefined }
	| { status: number; reason: string };

/** Who is behind an upgrade. */
export interface Visitor {
	source: SessionSource;
	session: Session | null;
	remoteAddress: string | undefined;
}

export interface PendingUpgrade {
	/** Whether the scheme of the request's URL is a guess of the adapter's. */
	guessesScheme(url: URL): boolean;
	/** Decides about a raw socket, while the app's request is still there; absent where the live socket is asked for. */
	admit?(visitor: Visitor): Promise<UpgradeAnswer>;
	answer(answer: UpgradeAnswer): void;
}

/** The header that carries the nonce. What a client sends under this name is overwritten. */
export const NONCE_HEADER = 'x-tidewire-upgrade';

export class Upgrades {
	readonly #pending = new Map<string, PendingUpgrade>();

	/** Expects a request with the nonce that this returns. */
	expect(upgrade: PendingUpgrade): string {
		const nonce = crypto.randomUUID();
		this.#pending.set(nonce, upgrade);
		return nonce;
	}

	/** The upgrade that a request is; undefined where it is an ordinary request. */
	take(request: Request): PendingUpgrade | undefined {
		const nonce = request.headers.get(NONCE_HEADER);
		if (nonce === null) return undefined;
		const upgrade = this.#pending.get(nonce);
		this.#pending.delete(nonce);
		return upgrade;
	}

	/** The request was answered without coming by. */
	forget(nonce: string): void {
		this.#pending.delete(nonce);
	}
}
