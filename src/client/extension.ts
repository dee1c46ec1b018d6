// Parts of the protocol that a client speaks only where something uses them: a page that uses no signals and no uploads loads
// nothing of either. A module of the package that needs one asks the client for it with `extend`.

import type { LiveError } from '../base/errors.ts';
import type { DecodeExtra } from '../protocol/down.ts';
import type { Link } from './link.ts';
import type { ClientSettings } from './options.ts';
import type { Updates } from './updates.ts';

/** What the client lends to its extensions. */
export interface ExtensionHost {
	readonly link: Link;
	readonly settings: ClientSettings;
	readonly updates: Updates;
	/** Who waits for the answer to a request that an extension made, by its id. Whoever is answered is taken off by itself. */
	readonly answers: Map<number, Answer>;
}

export interface Answer {
	resolve(value: unknown): void;
	reject(error: LiveError): void;
}

/** Called within `Updates.run`, after the client's own streams and calls. */
export interface ClientExtension {
	/** The kinds of messages that are sent to nobody but this extension. */
	readonly decoders?: ReadonlyMap<string, DecodeExtra>;
	/** Messages can be sent; also when it is made while they can. */
	opened?(): void;
	/** What was sent and not answered will not be answered. `final`: no attempt follows by itself. */
	failed?(error: LiveError, final: boolean): void;
}

export type MakeExtension<Extension extends ClientExtension> = (host: ExtensionHost) => Extension;
